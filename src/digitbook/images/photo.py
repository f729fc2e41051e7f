"""From a photo, a scan or a drawing to clean ink, which `prepare_drawing` then takes.

On a screen paper is exactly even, and whatever differs from it is ink. On real paper light falls off,
lines are printed and cameras add noise: there a network looks for what somebody wrote (`find_ink`).
"""

from __future__ import annotations

import math

import numpy as np
from PIL import ExifTags, Image, ImageOps
from scipy import ndimage

from digitbook.images.ink import POINT, Box, find_all_ink, find_ink

LONGEST = 1000
"""A photo with a longer side than this is shrunk by a whole number: averaging removes noise."""
CONTRAST = 0.1
"""Ink on even paper differs from it by this share of black from white, and of what differs most."""
SPECK = 0.05
"""Ink of less than this share of the largest piece's is a speck."""
THIN, WIDENED = 0.04, 0.07
"""Strokes thinner than the first share of the ink's longer side, which would fade when that becomes 20
pixels, are widened to the second."""


def clean_photo(image: Image.Image | np.ndarray) -> np.ndarray:
    """Find the ink in a photo, a scan or a drawing and return it light on a background of exactly 0.

    Strokes that would fade when a digit is shrunk to 20 pixels are thickened.

    Args:
        image: a PIL image of any mode, its EXIF rotation and its transparency included, or an array:
            uint8 from 0 to 255 or floats from 0 to 1, of shape `(rows, columns)` for grey or
            `(rows, columns, 3 or 4)` for RGB or RGBA. Ink may be dark on light or light on dark, or
            differ from the paper in colour alone.

    Returns:
        uint8 `(rows, columns)`: 0 where there is paper, up to 255 where there is ink; of a photo that
        part alone in which the ink lies. All zeros if there is none.

    Raises:
        ValueError: an array of another shape, type or range, or one without pixels.
    """
    picture = _upright(image)
    pixels = np.asarray(picture)
    if (paper := _even_paper(pixels)) is None:
        return thickened(find_ink(picture))
    return thickened(_drawn(pixels, paper, SPECK)[0])


def all_ink(image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """Find all the ink in a picture, as `clean_photo` finds a single digit's; nothing is thickened.

    Args:
        image: as there.

    Returns:
        The ink, uint8 `(rows, columns)`, and the part of the picture, upright, that it shows: float
        `(4,)`, left, top, right and bottom as shares of the picture's width and height.
    """
    picture = _upright(image)
    pixels = np.asarray(picture)
    if (paper := _even_paper(pixels)) is None:
        ink, box = find_all_ink(picture)
    else:
        ink, box = _drawn(pixels, paper, POINT)
    return ink, np.array(box) / np.tile(picture.size, 2)


def _upright(image: Image.Image | np.ndarray) -> Image.Image:
    """Return the picture upright, in RGB, at most `LONGEST` long; what is transparent is paper."""
    if not isinstance(image, Image.Image):
        image = _from_array(image)
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:  # an upright one would be copied
        image = ImageOps.exif_transpose(image)
    if image.mode in ("F", "I") or image.mode.startswith("I;"):
        image = _from_deep_grey(image)
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        image = _on_paper(image.convert("RGBA"))
    if image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    if (factor := max(image.size) / LONGEST) > 1:
        image = image.reduce(math.ceil(factor))
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_array(pixels: np.ndarray) -> Image.Image:
    pixels = np.asarray(pixels)
    if pixels.size == 0 or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))):
        raise ValueError(
            "A photo is an array of shape (rows, columns), (rows, columns, 3) or (rows, columns, 4), "
            f"not of shape {pixels.shape}."
        )
    if np.issubdtype(pixels.dtype, np.floating):
        if not (pixels.min() >= 0 and pixels.max() <= 1):  # false for NaN, too
            raise ValueError("A photo's floats lie between 0 and 1; this one has others, or NaN.")
        pixels = np.round(255 * pixels).astype("uint8")
    if pixels.dtype != "uint8":
        raise ValueError(f"A photo's pixels are uint8 or floats, not {pixels.dtype}.")
    return Image.fromarray(pixels)


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """Bring grey levels of more than 8 bits, whose range Pillow does not know, to 8 bits."""
    values = np.nan_to_num(np.asarray(image, "float64"))
    low, high = (float(level) for level in (values.min(), values.max()))
    return Image.fromarray((255 * (values - low) / max(high - low, 1e-9)).astype("uint8"))


def _on_paper(image: Image.Image) -> Image.Image:
    """Lay an RGBA image on white, or on black where white would hide what is drawn in white."""
    white, black = (
        Image.alpha_composite(Image.new("RGBA", image.size, colour), image).convert("RGB")
        for colour in ("white", "black")
    )
    return white if np.ptp(np.asarray(white)) > 255 * CONTRAST else black


def _even_paper(pixels: np.ndarray) -> np.ndarray | None:
    """Return the colour of paper without light or noise, as in a drawing made on a screen, or None."""
    colour = pixels[0, 0]
    sides = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    if any((side != colour).any() for side in sides):
        return None
    bare = np.logical_and.reduce([pixels[..., channel] == colour[channel] for channel in range(3)])
    return colour if 2 * np.count_nonzero(bare) >= bare.size else None


def _drawn(pixels: np.ndarray, paper: np.ndarray, speck: float) -> tuple[np.ndarray, Box]:
    """Return what differs from even paper, in the channel where that is most, and the box it is in.

    What is smaller than the share `speck` of the largest piece is left out.
    """
    apart = np.maximum.reduce([_apart(pixels[..., channel], paper[channel]) for channel in range(3)])
    if apart.max() < 255 * CONTRAST:
        return np.zeros(apart.shape, "uint8"), (0, 0, *apart.shape[::-1])
    ink = apart > CONTRAST * apart.max()
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    left, top, right, bottom = map(int, (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    box = np.s_[top:bottom, left:right]
    apart = apart[box]
    labels, count = ndimage.label(ink[box], np.ones((3, 3)))
    mass = np.bincount(labels.ravel(), minlength=count + 1)
    mass[0] = 0
    inked = (mass >= speck * mass.max())[labels]
    full = np.percentile(apart[inked], 75)
    meant = _with_rim(inked)
    cleaned = np.where(meant, np.round(255 * np.minimum(apart / full, 1)), 0).astype("uint8")
    return cleaned, (left, top, right, bottom)


def _apart(levels: np.ndarray, level: np.uint8) -> np.ndarray:
    """Return how far uint8 levels are from one of them."""
    return np.maximum(levels, level) - np.minimum(levels, level)


def _with_rim(pieces: np.ndarray) -> np.ndarray:
    """Add a rim of one pixel: the soft edge of strokes, which is fainter than the threshold."""
    grown = pieces.copy()
    grown[1:] |= pieces[:-1]
    grown[:-1] |= pieces[1:]
    grown[:, 1:] |= pieces[:, :-1]
    grown[:, :-1] |= pieces[:, 1:]
    return grown


def thickened(ink: np.ndarray, size: int | None = None) -> np.ndarray:
    """Widen strokes that are thinner on average than `THIN` of a digit's size to `WIDENED`.

    `size` is in pixels; by default the ink is one digit's, and it is its longer side.
    """
    inked = ink > 127
    if not inked.any():
        return ink
    rows, columns = (np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0))
    if size is None:
        size = int(max(np.ptp(rows), np.ptp(columns))) + 1
    area = int(np.count_nonzero(inked))
    width = 2 * area / max(int(np.count_nonzero(_with_rim(inked))) - area, 1)
    if width >= THIN * size:
        return ink
    lacking = WIDENED * size - width
    grown = np.pad(ink, int(lacking) + 2)
    away = ndimage.distance_transform_edt(grown <= 127)
    widened = 255 * np.clip(lacking / 2 + 1 - away, 0, 1)
    return np.maximum(grown, widened.astype("uint8"))
