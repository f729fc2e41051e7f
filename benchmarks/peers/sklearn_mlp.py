"""scikit-learn's `MLPClassifier` as it comes:
https://scikit-learn.org/stable/modules/generated/sklearn.neural_network.MLPClassifier.html

One hidden layer of 100 ReLU units, Adam at 0.001, batches of 200, L2 penalty 0.0001.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.neural_network import MLPClassifier

from digitbook.images.prepare import scale


def prepare(images: np.ndarray) -> np.ndarray:
    """Scale to 0 to 1 and lay the pixels of each image in a row."""
    return scale(images).reshape(len(images), -1)


def train(images: np.ndarray, labels: np.ndarray, seed: int, finished: Callable[..., bool]) -> None:
    """Train until `finished`; each call of `partial_fit` is one epoch."""
    x, classes = prepare(images), np.unique(labels)
    # A plain seed would deal the examples in the same order in every epoch.
    model = MLPClassifier(random_state=np.random.RandomState(seed))
    over = False
    while not over:
        model.partial_fit(x, labels, classes=classes)
        over = finished(lambda images: model.predict(prepare(images)))
