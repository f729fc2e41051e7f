"""The networks of the book, as functions that return a fresh, untrained `keras.Sequential`.

Each takes images of shape `(28, 28)` with values from 0 to 1 and returns one probability a class.
"""

from __future__ import annotations

from digitbook.networks.backend import keras

layers = keras.layers


def build_softmax(classes: int = 10) -> keras.Sequential:
    """One layer: a weighted sum of the pixels for each class, turned into probabilities."""
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def build_dense(
    classes: int = 10, units: tuple[int, int] = (512, 256), dropout: float = 0.3
) -> keras.Sequential:
    """Two hidden ReLU layers, each followed by dropout (Srivastava et al., JMLR 15, 2014)."""
    first, second = units
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(first, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(second, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def build_cnn(classes: int = 10, filters: tuple[int, int, int] = (16, 32, 64)) -> keras.Sequential:
    """Five convolutions with batch normalisation (Ioffe and Szegedy, 2015), pooled in between."""
    first, second, third = filters
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Reshape((28, 28, 1)),
            *_convolution(first, size=5),
            layers.MaxPooling2D(),
            *_convolution(second),
            *_convolution(second),
            layers.MaxPooling2D(),
            *_convolution(third),
            *_convolution(third),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def _convolution(filters: int, size: int = 3) -> list[keras.Layer]:
    """A convolution that keeps height and width, normalised, then ReLU."""
    return [
        layers.Conv2D(filters, size, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ]
