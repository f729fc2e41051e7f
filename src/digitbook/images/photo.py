"""From a photo, a scan or a drawing to clean ink, which `prepare_drawing` then takes.

On a screen paper is exactly even, and whatever differs from it is ink. On real paper light falls off,
lines are printed and cameras add noise: there a network looks for what somebody wrote (`find_ink`).
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from digitbook.images.ink import find_ink

LONGEST = 1000
"""Pixels along the longer side that a photo is shrunk to: averaging removes a camera's noise."""
CONTRAST = 0.1
"""Ink on even paper differs from it by at least this share of all there is."""
SPECK = 0.05
"""Ink of less than this share of the largest piece's is a speck."""
THIN = 0.07
"""A stroke thinner than this share of the ink's longer side fades when that becomes 20 pixels."""


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
    return thickened(_drawn(pixels, paper))


def _upright(image: Image.Image | np.ndarray) -> Image.Image:
    """Return the picture upright, in RGB, at most `LONGEST` long; what is transparent is paper."""
    if not isinstance(image, Image.Image):
        image = _from_array(image)
    image = ImageOps.exif_transpose(image)
    if image.mode in ("F", "I") or image.mode.startswith("I;"):
        image = _from_deep_grey(image)
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        image = _on_paper(image.convert("RGBA"))
    if (factor := max(image.size) / LONGEST) > 1:
        size = [max(1, round(length / factor)) for length in image.size]
        if image.mode not in ("L", "RGB"):
            image = image.convert("RGB")
        image = image.resize(size, Image.Resampling.BOX, reducing_gap=2)
    return image.convert("RGB")


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
    low, high = values.min(), values.max()
    return Image.fromarray(np.uint8(255 * (values - low) / max(high - low, 1e-9)))


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
    bare = (pixels == colour).all(axis=2)
    return colour if 2 * np.count_nonzero(bare) >= bare.size else None


def _drawn(pixels: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """Return what differs from even paper, in the channel where that is most, without specks."""
    apart = np.abs(pixels.astype("int16") - paper).max(axis=2)
    ink = apart > 255 * CONTRAST
    if not ink.any():
        return np.zeros(ink.shape, "uint8")
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    apart = apart[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    labels, count = ndimage.label(apart > 255 * CONTRAST, np.ones((3, 3)))
    mass = np.bincount(labels.ravel(), minlength=count + 1)
    mass[0] = 0
    inked = (mass >= SPECK * mass.max())[labels]
    full = np.percentile(apart[inked], 75)
    meant = _with_rim(inked)
    return np.where(meant, np.round(255 * np.minimum(apart / full, 1)), 0).astype("uint8")


def _with_rim(pieces: np.ndarray) -> np.ndarray:
    """Add a rim of one pixel: the soft edge of strokes, which is fainter than the threshold."""
    grown = pieces.copy()
    grown[1:] |= pieces[:-1]
    grown[:-1] |= pieces[1:]
    grown[:, 1:] |= pieces[:, :-1]
    grown[:, :-1] |= pieces[:, 1:]
    return grown


def thickened(ink: np.ndarray) -> np.ndarray:
    """Widen strokes to `THIN` of the ink's longer side, if they are thinner on average."""
    inked = ink > 127
    if not inked.any():
        return ink
    rows, columns = (np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0))
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    edge = np.count_nonzero(_with_rim(inked)) - np.count_nonzero(inked)
    width = 2 * np.count_nonzero(inked) / max(edge, 1)
    if (lacking := THIN * longer - width) <= 0:
        return ink
    grown = np.pad(ink, int(lacking) + 2)
    away = ndimage.distance_transform_edt(grown <= 127)
    return np.maximum(grown, np.uint8(255 * np.clip(lacking / 2 + 1 - away, 0, 1)))
