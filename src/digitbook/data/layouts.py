"""Find the four arrays of a data set in a folder, in whichever of the usual ways they are stored there.

Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from digitbook._util.files import cache_dir
from digitbook.data.idx import IDX_FILES, Arrays, check_shapes, read_idx, refuse_bomb, write_npz
from digitbook.errors import DataError

PIXELS = 28 * 28
DEEPEST = 2
"""Folders below the one that is searched: torchvision's `raw`, and what unpacking an archive leaves."""
IDX_NAME = re.compile(r"(train|t10k|test)[-_. ]?(image|label)s?[-_. ]idx[13][-_. ]ubyte", re.IGNORECASE)
BUNDLED = {
    "x_train": {"x_train", "train_images", "train_x"},
    "y_train": {"y_train", "train_labels", "train_y"},
    "x_test": {"x_test", "test_images", "test_x"},
    "y_test": {"y_test", "test_labels", "test_y"},
}
"""What arrays are called inside an `.npz` file that holds all four, in lower case."""
LABEL_COLUMNS = ("label", "class", "y", "digit", "target")
TAKEN = "Four IDX files, an .npz file, and a train.csv and a test.csv with labels are what is read."
FOREIGN = {
    ".parquet": "images and labels as Hugging Face ships them, to be written to an .npz file",
    ".zip": "an archive, which is to be unpacked",
    ".tar": "an archive, which is to be unpacked",
    ".tgz": "an archive, which is to be unpacked",
    ".mat": "a file of MATLAB",
    ".pkl": "a file of Python's pickle",
    ".pt": "a file of PyTorch",
}

_Stored = dict[str, tuple[Path, Callable[[], np.ndarray]]]


@dataclass(frozen=True)
class Layout:
    """A set as it is stored: for each of the four arrays its file, and a function that reads it."""

    parts: _Stored

    def read(self) -> Arrays:
        """Return the four arrays, images uint8 `(N, 28, 28)` and labels uint8 `(N,)`.

        Raises:
            DataError: a file is damaged, or the arrays do not fit together.
        """
        arrays = {part: self.part(part) for part in IDX_FILES}
        check_shapes(arrays, self.parts["x_train"][0].parent)
        return arrays

    def part(self, part: str) -> np.ndarray:
        """Return one of the arrays."""
        return self.parts[part][1]()


def find(folder: Path, deepest: int = DEEPEST) -> Layout | None:
    """Return how the set in `folder`, or up to `deepest` folders below, is stored, or None if none is.

    Taken are IDX files, gzipped or not, called as their publisher, a browser or an archive calls them;
    one `.npz` file with four arrays, or four with one each, with `train` and `test` in their names; and
    a CSV file with `train` and one with `test` in its name, of a label and 784 pixels a row.

    Raises:
        DataError: a file cannot be opened.
    """
    files = list(_files(folder, deepest))
    for look in (_idx, _npz, _csv):
        stored = look(files)
        if set(stored) == set(IDX_FILES):
            return Layout(stored)
    return None


def hint(root: Path, name: str) -> str:
    """Return sentences on a file below `root` that looks like a part of the set `name`, or nothing."""
    for file in _files(root, DEEPEST):
        named = name.lower() in str(file.relative_to(root)).lower()
        if named and (likeness := _likeness(file)):
            return f" There is {file}, which looks like {likeness}. {TAKEN}"
    return ""


def _files(folder: Path, deepest: int) -> Iterator[Path]:
    """Yield the files in a folder and below, the upper ones first; hidden ones are passed over."""
    try:
        listed = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be read: {error.strerror}.") from error
    yield from (path for path in listed if path.is_file())
    if deepest:
        for path in listed:
            if path.is_dir():
                yield from _files(path, deepest - 1)


def _part(kind: str, is_label: bool) -> str:
    return ("y" if is_label else "x") + ("_train" if kind.lower() == "train" else "_test")


def _idx(files: list[Path]) -> _Stored:
    found: _Stored = {}
    for file in files:
        if name := IDX_NAME.match(file.name):
            part = _part(name[1], name[2].lower() == "label")
            found.setdefault(part, (file, partial(read_idx, file)))
    return found


def _npz(files: list[Path]) -> _Stored:
    alone: _Stored = {}
    for file in files:
        if file.suffix.lower() != ".npz":
            continue
        keys = _keys(file)
        called = {part: key for part, names in BUNDLED.items() for key in keys if key.lower() in names}
        if len(called) == len(BUNDLED):
            return {part: (file, partial(_array, file, key)) for part, key in called.items()}
        if len(keys) == 1 and (name := re.search("train|test", file.name, re.IGNORECASE)):
            is_label = re.search(r"label|\by_|_y\b", file.name, re.IGNORECASE) is not None
            alone.setdefault(_part(name[0], is_label), (file, partial(_array, file, keys[0])))
    return alone


def _keys(file: Path) -> list[str]:
    try:
        refuse_bomb(file)
        with np.load(file, allow_pickle=False) as stored:
            return list(stored.files)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise DataError(f"{file} cannot be trusted: {error}") from error


def _array(file: Path, key: str) -> np.ndarray:
    try:
        with np.load(file, allow_pickle=False) as stored:
            array = stored[key]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{file} cannot be trusted: {error}") from error
    if array.ndim > 1:  # images, row by row or with a channel, or labels in a column
        array = array.reshape(len(array), *((28, 28) if array[0].size == PIXELS else array.shape[1:]))
    if array.dtype != "uint8" and array.size and array.min() >= 0 and array.max() <= 255:
        whole = array.astype("uint8")
        array = whole if (whole == array).all() else array
    return array


def _csv(files: list[Path]) -> _Stored:
    found: _Stored = {}
    for file in files:
        name = re.search("train|test", file.name, re.IGNORECASE)
        if file.suffix.lower() == ".csv" and name and (columns := _columns(file)).label is not None:
            for kind in "xy":
                found.setdefault(
                    _part(name[0], kind == "y"), (file, partial(_from_csv, file, columns, kind))
                )
    return found


class _Columns(NamedTuple):
    """The columns of a CSV file: how many, which holds labels, if any, and whether they have names."""

    width: int
    label: int | None
    named: bool


def _columns(file: Path) -> _Columns:
    try:
        with file.open(encoding="utf-8-sig") as lines:
            names = [name.strip(" \"'\r\n").lower() for name in lines.readline(100_000).split(",")]
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}.") from error
    named = not all(name.replace(".", "").isdigit() for name in names)
    first = None if named else 0
    label = next((names.index(name) for name in LABEL_COLUMNS if name in names), first)
    return _Columns(len(names), label if len(names) == PIXELS + 1 else None, named)


def _from_csv(file: Path, columns: _Columns, kind: str) -> np.ndarray:
    """Return the images (`x`) or the labels (`y`) of a CSV file, cached, as parsing takes seconds."""
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()[:32]
        cached = cache_dir() / "csv" / f"{digest}.npz"
        if not cached.is_file():
            table = np.loadtxt(
                file,
                "uint8",
                delimiter=",",
                skiprows=int(columns.named),
                ndmin=2,
                encoding="utf-8-sig",
            )
            labels = table[:, columns.label]
            pixels = np.delete(table, columns.label or 0, axis=1).reshape(-1, 28, 28)
            write_npz(cached, {"x": pixels, "y": labels})
        with np.load(cached) as stored:
            return stored[kind]
    except (OSError, ValueError) as error:
        raise DataError(f"{file} is not a table of labels and pixels, 0 to 255: {error}.") from error


def _likeness(file: Path) -> str | None:
    """Say what a file looks like that holds digits, perhaps, in a way that is not read."""
    suffix = ".tar" if ".tar." in file.name else file.suffix.lower()
    if suffix == ".csv":
        width, label, _ = _columns(file)
        if label is None and width in (PIXELS, PIXELS + 1):
            return "digits without labels, as Kaggle's test.csv, on which nothing can be tested"
        return "one of two parts; the other is not there" if label is not None else None
    if suffix == ".npz":
        return f"arrays called {', '.join(_keys(file)[:6])}"
    if IDX_NAME.match(file.name):
        return "one of four parts; not all of the others are there"
    return FOREIGN.get(suffix)
