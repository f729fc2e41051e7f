"""Read a photo, a scan or a drawing from a file, and prepare it as a network takes it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from digitbook.errors import BadInput
from digitbook.images.photo import LONGEST, all_ink, clean_photo
from digitbook.images.prepare import prepare_drawing

FORMATS = ("PNG", "JPEG", "HEIF", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
"""The image formats that are read, by Pillow's names; of an animation its first frame. HEIF, as iPhones
make it, is read where pillow-heif is installed."""
HEIF_ENDINGS = {".heic", ".heif"}
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""What bytes 8 to 12 of a HEIF file say (ISO/IEC 23008-12); bytes 4 to 8 say `ftyp`."""
MOST_PIXELS = 8192 * 6144
"""Pixels of the largest image that is read, a phone's 50-megapixel photo; unpacked it takes 150 MB."""

# `read_image` has a limit of its own, which is stricter and no warning.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


NO_INK = "There is no ink in this image."

T = TypeVar("T")


class NotReadable(BadInput):
    """An image that cannot be read, or has no ink; the message says why and names no file."""


def images_in(folder: Path) -> list[Path]:
    """Return the images in a folder, known by their endings, by name.

    Hidden files are passed over, and what only has the name of a file: a pipe, read, would never end.

    Raises:
        OSError: the folder cannot be listed.
    """
    known = Image.registered_extensions()
    suffixes = HEIF_ENDINGS | {suffix for suffix, kind in known.items() if kind in FORMATS}
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    )


def read_image(source: Path | BinaryIO, formats: tuple[str, ...] = FORMATS) -> np.ndarray:
    """Read a photo, a scan or a drawing from a file and prepare it as a network takes it.

    Of a file with several pages the first is read, which a `UserWarning` says.

    Args:
        source: a path, or a binary file at its beginning.
        formats: those of `FORMATS` that are accepted.

    Returns:
        uint8 `(28, 28)` with ink in it.

    Raises:
        NotReadable: there is no such file, it is no image, is cut short, is too large, or shows no
            ink.
    """
    drawing = prepare_drawing(_read(source, formats, clean_photo))
    if not drawing.any():
        raise NotReadable(NO_INK)
    return drawing


def read_ink(
    source: Path | BinaryIO, formats: tuple[str, ...] = FORMATS
) -> tuple[np.ndarray, np.ndarray]:
    """Read an image as `read_image` does, and return all of its ink and where that lies (`all_ink`).

    Raises:
        NotReadable: as there.
    """
    ink, part = _read(source, formats, all_ink)
    if not ink.any():
        raise NotReadable(NO_INK)
    return ink, part


def _read(source: Path | BinaryIO, formats: tuple[str, ...], clean: Callable[[Image.Image], T]) -> T:
    """Return what `clean` makes of the image in a file."""
    try:
        with Image.open(source, formats=_readable(source, formats)) as image:
            if image.format == "TIFF" and (pages := getattr(image, "n_frames", 1)) > 1:
                file = source.name if isinstance(source, Path) else "This file"
                warnings.warn(f"{file} has {pages} pages; the first is read.", stacklevel=2)
            if image.width * image.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            image.draft("RGB", (LONGEST, LONGEST))  # a JPEG that is large is read in part alone
            return clean(image)
    except NotReadable:
        raise
    except FileNotFoundError:
        raise NotReadable("There is no such file.") from None
    except UnidentifiedImageError:
        raise NotReadable(f"This is not an image that can be read ({', '.join(formats)}).") from None
    except Image.DecompressionBombError:
        raise NotReadable(
            f"This image has more than the {MOST_PIXELS:,} pixels that are read."
        ) from None
    except Exception as error:  # decoders pass on whatever a damaged file makes them raise
        reason = getattr(error, "strerror", None) or error
        reason = " ".join(str(reason).split()).rstrip(".")
        raise NotReadable(f"This image cannot be read: {reason}.") from error


def _readable(source: Path | BinaryIO, formats: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the formats that `source` may be in; a document is refused by its name."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            start = file.read(12)
    else:
        start = source.read(12)
        source.seek(0)
    if start.startswith(b"%PDF"):
        raise NotReadable("This is a PDF: save the page that you mean as a PNG, and have that read.")
    if start[4:8] != b"ftyp" or start[8:] not in HEIF_BRANDS:
        return tuple(kind for kind in formats if kind != "HEIF")
    if "HEIF" not in formats:
        raise NotReadable("This is a HEIC photo: export it as a JPEG.")
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise NotReadable(
            "This is a HEIC photo, which one more package reads: pip install 'digitbook[heic]', or "
            "export the photo as a JPEG."
        ) from None
    register_heif_opener()
    return formats  # an AVIF file may begin as a HEIF file does
