"""The Keras documentation's MNIST convnet: https://keras.io/examples/vision/mnist_convnet

Two 3×3 convolutions of 32 and 64 filters, each max-pooled, then dropout 0.5 and a softmax layer;
one-hot targets, Adam as it comes, batches of 128.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from keras_loop import AfterEpoch

from digitbook.images.prepare import scale
from digitbook.networks.backend import keras
from peers import MAX_EPOCHS

layers = keras.layers


def build() -> keras.Sequential:
    """Return the untrained network: 28×28×1 values from 0 to 1 in, ten probabilities out."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def prepare(images: np.ndarray) -> np.ndarray:
    """Scale to 0 to 1 and add the axis of the one channel."""
    return scale(images)[..., None]


def train(images: np.ndarray, labels: np.ndarray, seed: int, finished: Callable[..., bool]) -> None:
    """Train until `finished`."""
    keras.utils.set_random_seed(seed)
    model = build()
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        prepare(images),
        keras.utils.to_categorical(labels, 10),
        batch_size=128,
        epochs=MAX_EPOCHS,
        callbacks=[AfterEpoch(prepare, finished)],
        verbose=0,
    )
