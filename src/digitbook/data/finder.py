"""Find a data set by its name, on this machine or where it is published.

Importing this module does not import TensorFlow. A chapter that imports it shows which sets are here,
and is run again when one comes or goes.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

import numpy as np

from digitbook._util.names import did_you_mean
from digitbook.data import layouts
from digitbook.data.idx import IDX_FILES, Arrays, check, missing, read_folder, sha256
from digitbook.data.registry import REGISTRY, entry
from digitbook.data.samples import first_of_each
from digitbook.errors import DataError, DataMissing


def names() -> list[str]:
    """Return the names of all data sets that `find` may know: the registry's, then the reader's own."""
    root = _data_folder()
    own = [path.name for path in sorted(root.iterdir()) if _holds_set(path)] if root else []
    return [*REGISTRY, *(name for name in own if name.lower() not in REGISTRY)]


def is_here(name: str) -> bool:
    """Tell whether the set called `name` can be had without a network."""
    root = _data_folder()
    if root is not None and (_holds_set(root / name) or _elsewhere(root, name)):
        return True
    if parts := entry(name).joined_from:
        return all(map(is_here, parts))
    return entry(name).is_here()


def is_folder(name: str) -> bool:
    """Tell whether `name` is the path of a folder of images: of a folder, and no name of a set."""
    return name not in ("", *names()) and ("/" in name or Path(name).is_dir())


def own_folder(path: str) -> tuple[Path, str]:
    """Return the absolute path of a folder of images, and the name that its set goes by.

    Records and networks are called like the set, so its name is the folder's with a hyphen for whatever
    is no letter, mark or number of some script, at most 100 bytes long.

    Raises:
        DataError: the folder is not there, or would be called like a known set.
    """
    folder = Path(os.path.abspath(os.path.expanduser(path)))
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.")
    characters = unicodedata.normalize("NFC", os.fsencode(folder.name).decode(errors="replace"))
    kept = "".join(each if _is_plain(each) else "-" for each in characters)
    name = re.sub("-{2,}", "-", kept).encode()[:100].decode(errors="ignore").strip(".-") or "images"
    if name in ("auto", *names()):
        raise DataError(
            f"{folder} is called like a known data set. Give the folder another name, or load that "
            f"set as {name}."
        )
    return folder, name


def _is_plain(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character in "_.-"


def find(name: str) -> tuple[Arrays, str]:
    """Return the four arrays of the set called `name` as they are stored, and where they were.

    Raises:
        DataMissing: the set is not on this machine and cannot be fetched now.
        DataError: nothing is called `name`, or a file is damaged or holds other data.
    """
    root = _data_folder()
    if root and (layout := layouts.find(root / name) or _elsewhere(root, name)):
        return _checked(layout, name)
    if root:
        read_folder(root / name)  # what is stored there in part, or damaged, raises
    try:
        arrays, source = _otherwise(name)
    except DataMissing as error:
        raise DataMissing(f"{error}{layouts.hint(root, name) if root else ''}") from error
    if expected := entry(name).sha256:
        check(arrays, expected, source)
    return arrays, source


def _checked(layout: layouts.Layout, name: str) -> tuple[Arrays, str]:
    arrays = layout.read()
    for part, expected in (entry(name).sha256 or {}).items():
        check({part: arrays[part]}, {part: expected}, str(layout.parts[part][0]))
    return arrays, str(layout.parts["x_train"][0].parent)


def _elsewhere(root: Path, name: str) -> layouts.Layout | None:
    """Find a known set, by its test labels, in a folder called otherwise or loose in `root`."""
    known = entry(name)
    if not known.sha256 or known.is_here():
        return None
    others = (path for path in sorted(root.iterdir()) if path.is_dir() and path.name not in REGISTRY)
    for folder, deepest in (*((other, layouts.DEEPEST) for other in others), (root, 0)):
        try:
            layout = layouts.find(folder, deepest)
            if layout and sha256(layout.part("y_test")) == known.sha256["y_test"]:
                return layout
        except DataError:  # about files that nobody asked for
            continue
    return None


def _otherwise(name: str) -> tuple[Arrays, str]:
    """Return a set that the reader's folder does not hold, and where it was."""
    if name not in REGISTRY:
        root = _data_folder()
        raise DataError(
            f"There is no data set called {name!r}{did_you_mean(name, names())}; known are: auto, "
            f"{', '.join(names())}. "
            "A folder with a subfolder of images for each class is one, too."
            f"{layouts.hint(root, name) if root and name else ''}"
        )
    if entry(name).joined_from:
        return _joined(name)
    if (otherwise := entry(name).otherwise) is None:
        raise missing(name, f"cannot be fetched (it is from: {entry(name).citation})")
    return otherwise()


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
    """Tell whether a set, or a part of one, is stored in `folder`."""
    files = {f"{folder.name}.npz", *(stem + end for stem in IDX_FILES.values() for end in ("", ".gz"))}
    try:
        stored = folder.is_dir() and layouts.find(folder) is not None
    except DataError:  # whoever loads it will hear of it
        return True
    return stored or any((folder / file).is_file() for file in files)


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
