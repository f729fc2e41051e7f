"""The book's own contestants: made to reach their line soon, every choice read on held-out digits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from keras_loop import AfterEpoch

from digitbook.images.prepare import scale
from digitbook.networks import models, training
from digitbook.networks.backend import keras
from digitbook.networks.training import Recipe

layers = keras.layers


def build_fast_cnn() -> keras.Sequential:
    """Return an untrained network that convolves at half the resolution and less, where it is cheap.

    It pools before it normalises, which leaves a quarter of the values to normalise.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(16, 5, strides=2, activation="relu"),
            layers.Conv2D(40, 3, use_bias=False),
            layers.MaxPooling2D(),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(96, 3, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


RECIPES: dict[str, tuple[Callable[[], keras.Sequential], Recipe]] = {
    "dense-fast": (
        partial(models.build_dense, dropout=0),
        Recipe(epochs=3, learning_rate=4e-3, label_smoothing=0.1),
    ),
    "cnn-fast": (
        build_fast_cnn,
        Recipe(epochs=1, batch_size=128, learning_rate=1e-2, label_smoothing=0.1),
    ),
}


def train(
    name: str, images: np.ndarray, labels: np.ndarray, seed: int, finished: Callable[..., bool]
) -> None:
    """Train the recipe called `name`; its schedule is laid out for all its epochs from the start."""
    build, recipe = RECIPES[name]
    keras.utils.set_random_seed(seed)
    model = build()
    # Keras would score validation digits in batches of its own choice; `finished` scores them alike.
    training.fit(
        model,
        scale(images),
        labels,
        recipe,
        validation=None,
        seed=seed,
        callbacks=[AfterEpoch(scale, finished)],
    )
