"""A data set from a folder of the reader's own images, with one subfolder a class.

Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from digitbook._util.console import new_console, progress
from digitbook._util.files import cache_dir
from digitbook.data.idx import Arrays, write_npz
from digitbook.errors import DataError
from digitbook.images import photo, prepare, read
from digitbook.images.read import NotReadable, images_in, read_image

FEWEST = 5
"""Images that a class has at least: four to train and to validate on, and one to test on."""
MOST_CLASSES = 256
TEST_SHARE = 0.2
SPLIT_SEED = 0
"""The test part is one fixed part of a folder's images."""


@dataclass(frozen=True)
class _Picture:
    """An image prepared to uint8 `(28, 28)`, its path within the folder, and its width and height."""

    file: Path
    image: np.ndarray
    size: tuple[int, int]

    @property
    def label(self) -> str:
        return self.file.parts[0]


def read_classes(folder: Path) -> tuple[Arrays, tuple[str, ...]]:
    """Return the images of a folder as a training and a test part, and the names of its classes.

    Each subfolder is a class and gives it its name. The images in it are read as `digitbook predict`
    reads them (`images.read.read_image`). A fifth of each class, drawn with a fixed seed, is the test
    part.

    A `UserWarning` says what was left out: files that are no images, images that cannot be read, all
    but the first of images that are the same once they are prepared (or all, if they are in different
    classes), and classes with fewer than `FEWEST` images. Hidden files are passed over.

    Returns:
        Arrays as `idx.read_folder` returns them, images uint8 `(N, 28, 28)` and labels uint8
        `(N,)`, and the class names in alphabetical order, which is that of the labels.

    Raises:
        DataError: the folder cannot be read, or has not enough images of two classes, or more than
            `MOST_CLASSES` classes.
    """
    files, subfolders = _listed(folder)
    pictures = _distinct(_prepared(files, folder), folder)
    counts = Counter(picture.label for picture in pictures)
    few = [name for name in subfolders if counts[name] < FEWEST]
    _leave_out(
        (f"{name} ({counts[name]})" for name in few), f"classes with fewer than {FEWEST} images", folder
    )
    class_names = tuple(name for name in subfolders if name not in few)
    if not 2 <= len(class_names) <= MOST_CLASSES:
        raise DataError(
            f"A data set takes from 2 to {MOST_CLASSES} subfolders, one for each class and called like "
            f"it, with {FEWEST} different images or more in each; {folder} has {len(class_names)}."
        )
    pictures = [picture for picture in pictures if picture.label in class_names]
    _tell_sizes({picture.size for picture in pictures}, folder)
    return _split(pictures, class_names), class_names


def _listed(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the images in the subfolders and the names of the subfolders, both in order."""
    images, others, subfolders = [], [], []
    try:
        for path in _visible(folder):
            if path.is_dir():
                _refuse_unprintable(path)
                subfolders.append(path.name)
                images += (found := images_in(path))
                others += sorted({*_visible(path)} - {*found})
            else:
                others.append(path)
    except OSError as error:
        raise DataError(f"The folder {error.filename} cannot be read: {error.strerror}.") from error
    _leave_out((path.relative_to(folder) for path in others), "no images of a class", folder)
    return images, subfolders


def _refuse_unprintable(path: Path) -> None:
    """Raise `DataError` for a name with control characters, which a terminal would obey."""
    if any(unicodedata.category(character) == "Cc" for character in path.name):
        raise DataError(
            f"The name of the folder {path.name!r} holds control characters, and it would be the name "
            "of a class. Rename the folder."
        )


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _prepared(files: list[Path], folder: Path) -> list[_Picture]:
    """Read the images, or take them from the cache if neither they nor what prepares them changed."""
    cached = cache_dir() / "images" / f"{_key(files)}.npz"
    if not cached.is_file():
        write_npz(cached, _read_all(files, folder.name))
    with np.load(cached) as stored:
        images, sizes, errors = stored["images"], stored["sizes"].tolist(), stored["errors"].tolist()
    names = [file.relative_to(folder) for file in files]
    unreadable = (
        f"{name} ({error.rstrip('.')})" for name, error in zip(names, errors, strict=True) if error
    )
    _leave_out(unreadable, "not to be read", folder)
    return [
        _Picture(name, image, tuple(size))
        for name, image, size, error in zip(names, images, sizes, errors, strict=True)
        if not error
    ]


def _key(files: Iterable[Path]) -> str:
    """Return what changes with the contents of the files or with what prepares them."""
    facts = [Path(inspect.getfile(module)).read_bytes() for module in (read, photo, prepare)]
    facts += [version(package).encode() for package in ("numpy", "pillow", "scipy")]
    for file in files:
        try:
            with file.open("rb") as content:
                facts.append(hashlib.file_digest(content, "sha256").digest())
        except OSError as error:
            facts.append(str(error).encode())
    return hashlib.sha256(b"".join(hashlib.sha256(fact).digest() for fact in facts)).hexdigest()[:32]


def _read_all(files: list[Path], name: str) -> dict[str, np.ndarray]:
    """Return `images` uint8 `(N, 28, 28)`, `sizes` int64 `(N, 2)`, and `errors`: why, or ""."""
    images = np.zeros((len(files), prepare.SIDE, prepare.SIDE), "uint8")
    sizes, errors = np.zeros((len(files), 2), "int64"), [""] * len(files)
    with progress(new_console(stderr=True)) as bar:
        line = bar.add_task(f"preparing the images of {name}", total=len(files))
        for place, file in enumerate(files):
            try:
                images[place] = read_image(file)
                with Image.open(file) as image:
                    sizes[place] = image.size
            except NotReadable as error:
                errors[place] = str(error)
            bar.update(line, advance=1)
    return dict(images=images, sizes=sizes, errors=np.array(errors, "U"))


def _distinct(pictures: list[_Picture], folder: Path) -> list[_Picture]:
    """Keep one of the pictures that are the same; none, if they are in different classes."""
    alike: dict[bytes, list[_Picture]] = {}
    for picture in pictures:
        alike.setdefault(picture.image.tobytes(), []).append(picture)
    kept, copies, contradictions = [], [], []
    for first, *others in alike.values():
        if all(other.label == first.label for other in others):
            kept.append(first)
            copies += [f"{other.file} (of {first.file})" for other in others]
        else:
            contradictions.append(" = ".join(str(picture.file) for picture in (first, *others)))
    _leave_out(copies, "copies, so that no test image is trained on", folder)
    _leave_out(contradictions, "the same image in different classes", folder)
    return kept


def _tell_sizes(sizes: set[tuple[int, int]], folder: Path) -> None:
    if len(sizes) > 1:
        (small, large) = (f"{width}×{height}" for width, height in (min(sizes), max(sizes)))
        warnings.warn(
            f"{folder.name}: the images have {len(sizes)} sizes, from {small} to {large} pixels; the "
            "ink of each was fitted into the same box.",
            stacklevel=2,
        )


def _split(pictures: list[_Picture], class_names: tuple[str, ...]) -> Arrays:
    from sklearn.model_selection import train_test_split  # takes a second to import

    labels = np.array([class_names.index(picture.label) for picture in pictures], "uint8")
    x_train, x_test, y_train, y_test = train_test_split(
        np.stack([picture.image for picture in pictures]),
        labels,
        test_size=TEST_SHARE,
        stratify=labels,
        random_state=SPLIT_SEED,
    )
    return dict(x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def _leave_out(names: Iterable[object], reason: str, folder: Path) -> None:
    """Warn that what is called `names`, if anything, is left out."""
    first, rest = (listed := [_printable(name) for name in names])[:5], len(listed) - 5
    if first:
        more = f" and {rest:,} more" if rest > 0 else ""
        warnings.warn(f"{folder.name}: left out as {reason}: {', '.join(first)}{more}.", stacklevel=2)


def _printable(name: object) -> str:
    # A file's name may hold bytes that are no text, which cannot be printed as they are.
    return os.fsencode(str(name)).decode(errors="replace")
