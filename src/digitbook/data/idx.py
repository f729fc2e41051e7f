"""Read the files that data sets are stored in, and check that they hold what they should.

Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from digitbook._util.files import atomic_write
from digitbook.errors import DataError, DataMissing

MOST_BYTES = 2**30
"""What a file may unpack to; the largest set of handwritten characters, EMNIST's, takes half of it."""
IDX_FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}

Arrays = dict[str, np.ndarray]


def missing(name: str, reason: str) -> DataMissing:
    """Return the error for a set that is not on this machine, with what its reader can do."""
    return DataMissing(
        f"{name} is not on this machine and {reason}. Put its four IDX files, "
        f"{', '.join(stem + '.gz' for stem in IDX_FILES.values())}, or {name}.npz, into a folder "
        f"called {name} and set DIGITBOOK_DATA to the folder that holds it."
    )


def sha256(array: np.ndarray) -> str:
    """Return the SHA-256 of an array's bytes, in C order, as 64 hexadecimal digits."""
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


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
        # By its first bytes: browsers unpack a file and keep its name.
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as unpacked:
            content = unpacked.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}. Replace it with a whole copy.") from error
    if len(content) > MOST_BYTES:
        raise DataError(
            f"{path} unpacks to more than {MOST_BYTES:,} bytes, which no set of digits has."
        )
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
    if len(content) != header + math.prod(shape):
        raise DataError(
            f"{path} is damaged: its header promises an array of shape {shape}, "
            f"but {max(len(content) - header, 0):,} bytes follow it."
        )
    return np.frombuffer(content, "uint8", offset=header).reshape(shape)


def refuse_bomb(path: Path) -> None:
    """Raise `DataError` if a zip archive, such as an `.npz` file, unpacks to more than `MOST_BYTES`."""
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
            raise DataError(
                f"{path} unpacks to more than {MOST_BYTES:,} bytes, which no set of digits has."
            )


def read_npz(path: Path) -> Arrays:
    """Read the four arrays of an `.npz` file in the layout of Keras's `mnist.npz`.

    Pickled objects are refused, never unpickled.

    Raises:
        DataError: the file cannot be read, lacks an array, or holds something else than arrays.
    """
    try:
        refuse_bomb(path)
        with np.load(path, allow_pickle=False) as stored:
            return {part: stored[part] for part in IDX_FILES}
    except KeyError as error:
        raise DataError(f"{path} lacks an array: {error}.") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be trusted: {error}") from error


def write_npz(path: Path, arrays: Arrays) -> None:
    """Write arrays to an `.npz` file, whole or not at all."""
    with atomic_write(path) as fresh:
        np.savez(fresh, **arrays)  # type: ignore[arg-type]  # one of its keywords is no array


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
    check_shapes(arrays, where)
    return arrays


def check_shapes(arrays: Arrays, where: Path) -> None:
    """Raise `DataError` unless images are uint8 `(N, 28, 28)`, and labels uint8 `(N,)`."""
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
