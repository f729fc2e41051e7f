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

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
"""The image formats that are read, by Pillow's names; of an animation its first frame."""
MOST_PIXELS = 8192 * 6144
"""Pixels of the largest image that is read, a phone's 50-megapixel photo; unpacked it takes 150 MB."""

# `read_image` has a limit of its own, which is stricter and no warning.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


NO_INK = "There is no ink in this image."

T = TypeVar("T")


class NotReadable(BadInput):
    """An image that cannot be read, or has no ink; the message says why and names no file."""


def images_in(folder: Path) -> list[Path]:
    """Return the images in a folder, known by their endings, by name; hidden files are passed over.

    Raises:
        OSError: the folder cannot be listed.
    """
    suffixes = {suffix for suffix, kind in Image.registered_extensions().items() if kind in FORMATS}
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and not path.name.startswith(".")
    )


def read_image(source: Path | BinaryIO, formats: tuple[str, ...] = FORMATS) -> np.ndarray:
    """Read a photo, a scan or a drawing from a file and prepare it as a network takes it.

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
        with Image.open(source, formats=formats) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            image.draft("RGB", (LONGEST, LONGEST))  # a JPEG that is large is read in part alone
            return clean(image)
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
        raise NotReadable(f"This image cannot be read: {reason}.") from error
