"""From stored pixels, or from a drawing of any size, to what a network is fed."""

from __future__ import annotations

import math

import numpy as np

SIDE = 28
"""Rows and columns of a prepared drawing."""
BOX = 20
"""Rows and columns of the box that the ink is fitted into."""
INK = 1 / 8
"""A pixel counts as ink, when the box is laid around it, from this share of the strongest pixel."""


def scale(images: np.ndarray) -> np.ndarray:
    """Turn uint8 grey levels, 0 to 255, into float32 values from 0 to 1 of the same shape."""
    return np.divide(images, 255, dtype="float32")


def prepare_drawing(ink: np.ndarray) -> np.ndarray:
    """Turn a drawing of any size into a 28x28 image as MNIST's authors made theirs.

    The ink is cropped, extended to a square with background, shrunk (or enlarged) to 20x20 by area
    averaging, stretched in contrast until its strongest pixel is 255, and moved by whole pixels into
    28x28 so that its centre of mass lies within half a pixel of the middle of pixel (14, 14), counted
    from 0. In a drawing with most of its ink at one end, what is then more than 14 pixels away from
    the centre of mass is cut off, as in MNIST.

    All of it is whole numbers until a quotient is rounded, so that results are exact:
    `book/static/prepare.js` does the same in JavaScript and gives the same bytes
    (`tests/golden/drawings.json` holds both to it).

    Args:
        ink: grey image of shape `(rows, columns)`, ink light on a background of 0: uint8 from 0 to
            255, or floats from 0 to 1, which are rounded to 256 grey levels first.

    Returns:
        uint8 of shape `(28, 28)`; its maximum is 255, or 0 if the drawing is empty, and only then:
        `prepare_drawing(ink).any()` tells whether there is ink.

    Raises:
        ValueError: the array has another number of dimensions, no pixels, another type, or values
            out of range (NaN among them).

    Sources: box, aspect ratio and centre of mass: LeCun, Cortes and Burges,
    http://yann.lecun.com/exdb/mnist/. What they leave open is taken from the reconstruction by Yadav
    and Bottou, "Cold case: the lost MNIST digits" (2019), https://github.com/facebookresearch/qmnist:
    area averaging, the stretched contrast, whole pixels, (14, 14) for the centre. The pixels of the
    60,000 training digits bear the last three out. Their source images were black and white, so that
    any pixel but 0 was ink; the threshold for grey drawings is ours.
    """
    levels = grey_levels(ink)
    if not levels.any():
        return np.zeros((SIDE, SIDE), "uint8")
    return _centred(stretched(_fitted(cropped(levels))))


def grey_levels(ink: np.ndarray) -> np.ndarray:
    """Return the drawing as uint8 of its shape, or raise `ValueError` as `prepare_drawing` does."""
    ink = np.asarray(ink)
    if ink.ndim != 2 or ink.size == 0:
        raise ValueError(f"A drawing is an array of shape (rows, columns), not of shape {ink.shape}.")
    if ink.dtype == "uint8":
        return ink
    if not np.issubdtype(ink.dtype, np.floating):
        raise ValueError(f"A drawing's pixels are uint8 or floats, not {ink.dtype}.")
    if not (ink.min() >= 0 and ink.max() <= 1):  # false for NaN, too
        raise ValueError("A drawing's floats lie between 0 and 1; this one has others, or NaN.")
    return np.floor(ink.astype("float64") * 255 + 0.5).astype("uint8")


def cropped(levels: np.ndarray) -> np.ndarray:
    """Return the smallest rectangle of uint8 `levels` that holds every pixel that counts as ink."""
    inked = levels >= math.ceil(INK * levels.max())
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return levels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _fitted(levels: np.ndarray) -> np.ndarray:
    """Resample to the box, as if there were background on both sides of the shorter extent.

    An odd pixel of it goes to the right or below. The square is never made: of a long line it would
    hold a thousand times what the line does.
    """
    rows, columns = levels.shape
    side = max(rows, columns)
    across = _line_sums(levels.T, BOX, side, (side - columns) // 2)
    return _line_sums(across.T, BOX, side, (side - rows) // 2)


def area_sums(levels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Resample by exact area averaging, for shrinking and enlarging alike.

    Each new pixel, int64, is the mean of the area it covers, times the number of old pixels, which
    makes it a whole number.
    """
    down = _line_sums(levels, rows, levels.shape[0])
    return _line_sums(down.T, columns, levels.shape[1]).T


def _line_sums(lines: np.ndarray, new: int, old: int, above: int = 0) -> np.ndarray:
    """Resample the first axis: differences between the integrals up to each edge of a new pixel.

    `lines` are taken to be `old`, with so many empty ones `above` them and the rest below. The unit of
    length is 1/`new` of an old pixel: in it the edges of old and new pixels alike are whole numbers.
    """
    whole, part = np.divmod(old * np.arange(new + 1), new)
    place = whole - above
    cut = np.where((place >= 0) & (place < len(lines)), part, 0)  # empty lines add nothing
    integral = np.zeros((len(lines) + 1, lines.shape[1]), "int64")
    lines.cumsum(axis=0, dtype="int64", out=integral[1:])
    up_to = integral[place.clip(0, len(lines))]
    return np.diff(new * up_to + cut[:, None] * lines.take(place, axis=0, mode="clip"), axis=0)


def stretched(sums: np.ndarray) -> np.ndarray:
    """Scale whole numbers so that the largest is 255, and round to uint8; halves are rounded up."""
    strongest = sums.max()
    return ((510 * sums + strongest) // (2 * strongest)).astype("uint8")


def _centred(box: np.ndarray) -> np.ndarray:
    """Put the box into 28x28 with its centre of mass within half a pixel of pixel (14, 14)."""
    padded = np.zeros((SIDE + BOX + SIDE, SIDE + BOX + SIDE), "uint8")
    padded[SIDE : SIDE + BOX, SIDE : SIDE + BOX] = box
    down, right = (_shift(box.sum(axis=axis, dtype="int64")) for axis in (1, 0))
    return padded[SIDE - down :, SIDE - right :][:SIDE, :SIDE]


def _shift(mass: np.ndarray) -> int:
    """Return by how many whole pixels to move `mass`, one sum a row, to bring its centre to 14."""
    total, moment = int(mass.sum()), int(mass @ np.arange(len(mass)))
    return (29 * total - 2 * moment) // (2 * total)  # 14.5 - moment / total, rounded down
