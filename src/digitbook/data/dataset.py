"""Load a data set by name: the same checked bytes for everybody, or an error that says what to do.

Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from dataclasses import dataclass

import numpy as np

from digitbook.data import finder, registry
from digitbook.data.idx import IDX_FILES, Arrays, sha256
from digitbook.errors import DataError, DataMissing

HOLD_OUT_SEED = 0
"""The validation part is one fixed part of a training set, whatever seed a model is trained with."""


@dataclass(frozen=True)
class Dataset:
    """Images of single characters with their classes, in a training and a test part.

    Images are uint8 of shape `(N, 28, 28)`: ink light (255) on dark (0). Classes are int64 of
    shape `(N,)`, from 0 to `len(class_names) - 1`. `source` says where the arrays came from,
    `sha256` identifies their content, and `load` takes `loads_as` to return the set again: its name,
    or the path of a folder of images.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    source: str
    sha256: str
    loads_as: str


def load(name: str = "auto") -> Dataset:
    """Return the data set called `name`: one of `finder.names()`, `auto`, or a folder of images.

    `auto` is `mnist` where that can be had, else `mnist5k` with a `UserWarning` that says so. The
    labels of a set become the classes 0, 1, 2, … in ascending order. A folder of images, one
    subfolder a class, is read by `folder.read_classes`, and the set is called like the folder
    (`finder.own_folder`).

    Raises:
        DataMissing: the set was asked for by name and is neither here nor within reach.
        DataError: the name is unknown, a file is damaged or holds other data, or the folder cannot
            be used.
    """
    if name == "auto":
        try:
            return load("mnist")
        except DataMissing as missing:
            warnings.warn(f"Using the 5,000 digits of mnist5k instead. {missing}", stacklevel=2)
            return load("mnist5k")
    if finder.is_folder(name):
        from digitbook.data.folder import read_classes  # brings SciPy, which no other set needs

        folder, called = finder.own_folder(name)
        arrays, class_names = read_classes(folder)
        return _dataset(called, arrays, class_names, source=str(folder), loads_as=str(folder))
    arrays, source = finder.find(name)
    labels = np.unique(arrays["y_train"])
    if strange := set(np.unique(arrays["y_test"])) - set(labels):
        raise DataError(
            f"{source}: the test labels {sorted(map(int, strange))} are in no training image."
        )
    class_names = registry.entry(name).class_names or tuple(map(str, labels))
    return _dataset(name, arrays, class_names, source, loads_as=name)


def _dataset(
    name: str, arrays: Arrays, class_names: tuple[str, ...], source: str, loads_as: str
) -> Dataset:
    labels = np.unique(arrays["y_train"])
    digests = "".join(sha256(arrays[part]) for part in IDX_FILES)
    return Dataset(
        name=name,
        x_train=arrays["x_train"],
        y_train=np.searchsorted(labels, arrays["y_train"]),
        x_test=arrays["x_test"],
        y_test=np.searchsorted(labels, arrays["y_test"]),
        class_names=class_names,
        source=source,
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
        loads_as=loads_as,
    )


def hold_out(dataset: Dataset) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Split the training part into `(x, y)` to fit on and `(x, y)` to validate on.

    A tenth is held out, or an image for each class where that is more, with each class's share kept;
    it is the same part every time.

    Raises:
        DataError: a class has a single training image.
    """
    from sklearn.model_selection import train_test_split

    counts = np.bincount(dataset.y_train)
    if counts.min() < 2:
        raise DataError(
            f"{dataset.name} has a single training image of {dataset.class_names[counts.argmin()]}; "
            "training takes two of each class, one of them to validate on."
        )
    x_fit, x_validation, y_fit, y_validation = train_test_split(
        dataset.x_train,
        dataset.y_train,
        test_size=max(math.ceil(0.1 * len(dataset.y_train)), len(counts)),
        stratify=dataset.y_train,
        random_state=HOLD_OUT_SEED,
    )
    return (x_fit, y_fit), (x_validation, y_validation)
