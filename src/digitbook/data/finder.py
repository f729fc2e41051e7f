"""Find a data set by its name, on this machine or where it is published.

Importing this module does not import TensorFlow. A chapter that imports it shows which sets are here,
and is run again when one comes or goes.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from digitbook._util.names import did_you_mean
from digitbook.data.idx import IDX_FILES, Arrays, check, missing, read_folder
from digitbook.data.registry import REGISTRY, entry
from digitbook.data.samples import first_of_each
from digitbook.errors import DataError, DataMissing


def names() -> list[str]:
    """Return the names of all data sets that `find` may know: the registry's, then the reader's own."""
    root = _data_folder()
    own = [path.name for path in sorted(root.iterdir()) if _holds_set(path)] if root else []
    return [*REGISTRY, *(name for name in own if name not in REGISTRY)]


def is_here(name: str) -> bool:
    """Tell whether the set called `name` can be had without a network."""
    root = _data_folder()
    if root is not None and _holds_set(root / name):
        return True
    if parts := entry(name).joined_from:
        return all(map(is_here, parts))
    return entry(name).is_here()


def is_folder(name: str) -> bool:
    """Tell whether `name` is the path of a folder of images: of a folder, and no name of a set."""
    return name not in ("", *names()) and ("/" in name or Path(name).is_dir())


def own_folder(path: str) -> Path:
    """Return the absolute path of a folder of images, whose last part can serve as the set's name.

    Raises:
        DataError: it is not there, is called like a known set, or in a way that no file can be.
    """
    folder = Path(os.path.abspath(os.path.expanduser(path)))
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.")
    if folder.name in ("auto", *names()):
        raise DataError(
            f"{folder} is called like a known data set. Give the folder another name, or load that "
            f"set as {folder.name}."
        )
    if not folder.name.isprintable() or folder.name[:1] in ("", ".") or len(folder.name.encode()) > 100:
        raise DataError(
            f"Records and networks are called like the folder that they are from, and cannot be called "
            f"{folder.name[:20]!r}. Give the folder a short, plain name."
        )
    return folder


def find(name: str) -> tuple[Arrays, str]:
    """Return the four arrays of the set called `name` as they are stored, and where they were.

    Raises:
        DataMissing: the set is not on this machine and cannot be fetched now.
        DataError: nothing is called `name`, or a file is damaged or holds other data.
    """
    root = _data_folder()
    if root and (arrays := read_folder(root / name)) is not None:
        source = str(root / name)
    elif name not in REGISTRY:
        raise DataError(
            f"There is no data set called {name!r}{did_you_mean(name, names())}; known are: auto, "
            f"{', '.join(names())}. "
            "A folder with a subfolder of images for each class is one, too."
        )
    elif entry(name).joined_from:
        arrays, source = _joined(name)
    elif (otherwise := entry(name).otherwise) is None:
        raise missing(name, f"cannot be fetched (it is from: {entry(name).citation})")
    else:
        arrays, source = otherwise()
    if expected := entry(name).sha256:
        check(arrays, expected, source)
    return arrays, source


def _data_folder() -> Path | None:
    """Return the folder of the reader's data sets, if one is named.

    Raises:
        DataError: `DIGITBOOK_DATA` names something else.
    """
    if not (named := os.environ.get("DIGITBOOK_DATA")):
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DataError(f"DIGITBOOK_DATA names {folder}, which is no folder; correct it or unset it.")
    return folder


def _holds_set(folder: Path) -> bool:
    files = {f"{folder.name}.npz", *(stem + end for stem in IDX_FILES.values() for end in ("", ".gz"))}
    return folder.is_dir() and any((folder / file).is_file() for file in files)


def _joined(name: str) -> tuple[Arrays, str]:
    """Join a set from others, with at most 500 training and 100 test images of a class."""
    parts = entry(name).joined_from
    found: dict[str, list[np.ndarray]] = {part: [] for part in IDX_FILES}
    for place, each in enumerate(parts):
        try:
            arrays, _ = find(each)
        except DataMissing as error:
            raise DataMissing(f"{name} is joined from {', '.join(parts)}: {error}") from error
        for part, most in (("train", 500), ("test", 100)):
            rows = first_of_each(arrays[f"y_{part}"], most)
            found[f"x_{part}"].append(arrays[f"x_{part}"][rows])
            found[f"y_{part}"].append(arrays[f"y_{part}"][rows] + np.uint8(10 * place))
    joined = {part: np.concatenate(each) for part, each in found.items()}
    return joined, f"joined from {', '.join(parts)}"
