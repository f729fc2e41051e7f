"""From a photo or a scan of ink on paper to clean ink, which `prepare_drawing` then takes.

Paper is never evenly white: light falls off, cameras add noise, a page has specks and edges. The
steps here know nothing of digits; they estimate the paper behind the ink and keep what stands out.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

LONGEST = 800
"""Pixels along the longer side that a photo is shrunk to: averaging removes a camera's noise."""
COARSE = 96
"""Pixels along the longer side on which the background is estimated."""
CONTRAST = 0.1
"""Ink darkens the paper by at least this share; what is fainter is noise."""
SPECK = 0.05
"""Ink of less than this share of the largest piece's is a speck."""
SHORTEST = 0.02
"""So is a piece shorter than this share of the image's shorter side: noise on paper without ink."""


def clean_photo(image: Image.Image | np.ndarray) -> np.ndarray:
    """Find the ink in a photo or scan and return it light on a background of exactly 0.

    Args:
        image: a PIL image of any mode, its EXIF rotation and its transparency included, or an array:
            uint8 from 0 to 255 or floats from 0 to 1, of shape `(rows, columns)` for grey or
            `(rows, columns, 3 or 4)` for RGB or RGBA. Ink may be dark on light or light on dark.

    Returns:
        uint8 `(rows, columns)`, at most 800 along the longer side: 0 where there is paper, up to 255
        where there is ink. All zeros if nothing stands out from the paper.

    Raises:
        ValueError: an array of another shape, type or range, or one without pixels.
    """
    grey = _grey(image)
    if (paper := _even_paper(grey)) is None:
        ink, pieces, _ = max(_strokes(grey), _strokes(1 - grey), key=lambda found: found[-1])
    else:
        is_dark = paper > 0 and grey.mean() <= paper
        ink = (paper - grey) / paper if is_dark else (grey - paper) / (1 - paper)
        pieces = _pieces(ink, CONTRAST)
    if not pieces.any():
        return np.zeros(ink.shape, "uint8")
    full = np.percentile(ink[pieces], 75)
    rim = _with_rim(pieces)
    found = np.zeros(ink.shape, "uint8")
    found[rim] = np.round(255 * np.clip(ink[rim] / full, 0, 1))
    return found


def _grey(image: Image.Image | np.ndarray) -> np.ndarray:
    """Return grey levels from 0 to 1 as float64, upright, on white, at most `LONGEST` long."""
    if not isinstance(image, Image.Image):
        image = _from_array(image)
    image = ImageOps.exif_transpose(image)
    if image.mode in ("F", "I") or image.mode.startswith("I;"):
        image = _from_deep_grey(image)
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        image = _on_paper(image.convert("RGBA"))
    image = image.convert("L")
    if (factor := max(image.size) / LONGEST) > 1:
        size = [max(1, round(length / factor)) for length in image.size]
        image = image.resize(size, Image.Resampling.BOX)
    return np.asarray(image, "float64") / 255


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
        Image.alpha_composite(Image.new("RGBA", image.size, colour), image).convert("L")
        for colour in ("white", "black")
    )
    return white if np.ptp(np.asarray(white)) > 255 * CONTRAST else black


def _even_paper(levels: np.ndarray) -> float | None:
    """Return the level of paper without light or noise, as in a drawing made on a screen, or None.

    There is nothing to estimate then, which takes most of the time.
    """
    sides = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
    if (sides != sides[0]).any() or 2 * np.count_nonzero(levels == sides[0]) < levels.size:
        return None
    return float(sides[0])


def _strokes(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Look for ink darker than the paper, in an image or in its negative.

    Returns:
        By what share each pixel is darker than the paper (light multiplies what both reflect, so that
        their quotient is free of it), the mask of what is ink, and that ink's moment of inertia.
    """
    paper = _background(levels)
    ink = 1 - levels / np.maximum(paper, 1 / 255)
    ink -= np.median(ink)
    pieces = _pieces(ink, max(CONTRAST, 6 * _noise(ink)))
    return ink, pieces, _inertia(np.where(pieces, np.maximum(paper - levels - CONTRAST, 0), 0))


def _inertia(mass: np.ndarray) -> float:
    """Return the moment of inertia of the ink: of an image and its negative, the right one has more.

    The wrong one offers the gaps within and between strokes for ink. They can be large, as in a
    bold 0, but lie closer together than the strokes around them.
    """
    if not mass.any():
        return 0.0
    places = np.indices(mass.shape)
    return float(sum((mass * (axis - np.average(axis, weights=mass)) ** 2).sum() for axis in places))


def _background(levels: np.ndarray) -> np.ndarray:
    """Estimate the bare paper behind dark ink: strokes are closed over, shadows and falling light stay.

    A grey closing (Serra, 1982) fills whatever is dark and narrower than its window, here a quarter
    of the image, on a coarse copy, where noise is averaged out.
    """
    picture = Image.fromarray(levels.astype("float32"))
    factor = max(1.0, max(levels.shape) / COARSE)
    size = [max(1, round(length / factor)) for length in picture.size]
    coarse = np.asarray(picture.resize(size, Image.Resampling.BOX))
    window = max(3, max(size) // 4)
    # Beyond the border light goes on falling: without that the dark corners would count as ink.
    falling = np.pad(coarse, window, "reflect", reflect_type="odd")
    around = np.minimum(falling, np.pad(coarse, window, "edge"))
    paper = ndimage.gaussian_filter(ndimage.grey_closing(around, size=(window, window)), 1)
    paper = Image.fromarray(paper[window:-window, window:-window])
    return np.asarray(paper.resize(picture.size, Image.Resampling.BILINEAR), "float64")


def _noise(levels: np.ndarray) -> float:
    """Return the standard deviation of the paper's noise, from the differences of neighbours.

    The median absolute difference, times 1.4826 for a normal distribution, ignores the few
    differences at the edges of strokes.
    """
    differences = np.diff(levels, axis=1) if levels.shape[1] > 1 else np.zeros(1)
    return float(1.4826 * np.median(np.abs(differences)) / np.sqrt(2))


def _pieces(ink: np.ndarray, threshold: float) -> np.ndarray:
    """Return the mask of connected ink that is meant: no specks, no table beside the page.

    A piece has to reach half the strength of the main one somewhere, which a shadow does not.
    """
    found = ink > threshold
    if not found.any():
        return found
    # Most of a drawing is bare paper. A margin of it around the ink is enough to tell what runs into
    # the image's border.
    rows, columns = (np.flatnonzero(found.any(axis=axis)) for axis in (1, 0))
    box = tuple(slice(max(places[0] - 1, 0), places[-1] + 2) for places in (rows, columns))
    labels, count = ndimage.label(found[box], np.ones((3, 3)))
    inked = labels > 0
    numbers, strengths = labels[inked], ink[box][inked]
    mass = np.bincount(numbers, strengths, count + 1)  # of the background, number 0, there is none
    strongest = np.zeros(count + 1)
    np.maximum.at(strongest, numbers, strengths)
    extents = ndimage.find_objects(labels)
    length = np.array([0, *(max(axis.stop - axis.start for axis in extent) for extent in extents)])
    mass[length < SHORTEST * min(ink.shape)] = 0
    inside = np.full(count + 1, True)
    inside[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = False
    # What runs into the border is no part of the drawing, unless there is nothing else.
    if (inside & (length >= SPECK * min(ink.shape))).any():
        mass = np.where(inside, mass, 0)
    kept = (mass > 0) & (mass >= SPECK * mass.max()) & (strongest >= 0.5 * strongest[mass.argmax()])
    found[box] = kept[labels]
    return found


def _with_rim(pieces: np.ndarray) -> np.ndarray:
    """Add a rim of one pixel: the soft edge of strokes, which is fainter than the threshold."""
    grown = pieces.copy()
    grown[1:] |= pieces[:-1]
    grown[:-1] |= pieces[1:]
    grown[:, 1:] |= pieces[:, :-1]
    grown[:, :-1] |= pieces[:, 1:]
    return grown
