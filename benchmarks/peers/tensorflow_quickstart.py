"""TensorFlow's quickstart for beginners: https://www.tensorflow.org/tutorials/quickstart/beginner

A hidden layer of 128 ReLU units with dropout 0.2, logits out; Adam as it comes, batches of 32.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from keras_loop import AfterEpoch

from digitbook.networks.backend import keras
from peers import MAX_EPOCHS

layers = keras.layers


def build() -> keras.Sequential:
    """Return the untrained network: 28×28 values from 0 to 1 in, ten logits out."""
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10),
        ]
    )


def prepare(images: np.ndarray) -> np.ndarray:
    """Scale to 0 to 1 as the page does, which makes float64 of uint8."""
    return images / 255.0


def train(images: np.ndarray, labels: np.ndarray, seed: int, finished: Callable[..., bool]) -> None:
    """Train until `finished`."""
    keras.utils.set_random_seed(seed)
    model = build()
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    callback = AfterEpoch(prepare, finished)
    model.fit(prepare(images), labels, epochs=MAX_EPOCHS, callbacks=[callback], verbose=0)
