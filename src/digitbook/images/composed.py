"""Lines of digits put together from images of single ones, to teach and to ask a reader of numbers.

Digits of different writers stand in one line; its size, slant and slope are the line's, and each digit
departs a little from them, as in a hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

OTHER = 10
"""The class of what is no digit: a sign, a comma, a letter."""
SPACINGS = {"wide": (6, 20), "narrow": (1, 5), "touching": (-1, 0), "overlapping": (-5, -2)}
"""Fewest and most columns from the ink of one digit to that of the next, where the two come closest in
any row; digits are about 20 rows high, so that a stroke has two or three."""
SIDE = 48
"""Rows and columns that a digit is moved about in."""
INKED = 128
"""The level from which a pixel counts as ink when distances are measured."""
FOLLOWS = 5
"""Columns that a digit's middle lies to the right of the one before at least."""


@dataclass(frozen=True)
class Line:
    """A line: `ink`, uint8 `(rows, columns)`; `classes`, from 0 to 9 or `OTHER`; and each one's box.

    `boxes` is int `(N, 4)`: left, top, right and bottom, the latter two exclusive.
    """

    ink: np.ndarray
    classes: tuple[int, ...]
    boxes: np.ndarray


def compose(
    digits: list[np.ndarray], classes: list[int], spacing: str, rng: np.random.Generator
) -> Line:
    """Write digits side by side.

    Args:
        digits: uint8 `(28, 28)` each, with ink in them.
        classes: what each is.
        spacing: one of `SPACINGS`.
        rng: decides slant, slope, sizes, heights and spaces.
    """
    least, most = SPACINGS[spacing]
    slant, slope = rng.normal(0, 0.15), rng.normal(0, 0.04)
    places: list[tuple[int, int]] = []
    bent: list[np.ndarray] = []
    for digit in digits:
        bent.append(_bent(digit, slant, rng))
        top = round(rng.normal(0, 1.2))
        left = 0
        if places:
            space = int(rng.integers(least, most + 1))
            left = _beside(bent[-2], bent[-1], places[-1], top, space)
            top += round(slope * (left - places[0][1]))
        places.append((top, left))
    line = _laid(bent, places)
    return Line(line, tuple(classes), _boxes(bent, places))


def punctuation(rng: np.random.Generator) -> np.ndarray:
    """Draw a mark that is no digit, uint8 `(28, 28)`: a minus, a point, a comma and the like."""
    image = Image.new("L", (112, 112))
    pen = ImageDraw.Draw(image)
    width = int(rng.integers(8, 15))
    x, y = 56 + rng.normal(0, 2, 2)
    size = rng.uniform(14, 26)
    strokes: dict[str, list[tuple[float, float, float, float]]] = {
        "minus": [(-1, 0, 1, 0.1)],
        "plus": [(-1, 0, 1, 0), (0, -1, 0, 1)],
        "times": [(-0.8, -0.8, 0.8, 0.8), (-0.8, 0.8, 0.8, -0.8)],
        "equals": [(-1, -0.35, 1, -0.35), (-1, 0.35, 1, 0.35)],
        "slash": [(0.6, -1.6, -0.6, 1.6)],
        "comma": [(0.1, 1.3, -0.15, 1.9)],
        "point": [(0, 1.5, 0.05, 1.5)],
        "colon": [(0, -0.4, 0, -0.4), (0, 1.1, 0, 1.1)],
    }
    for x0, y0, x1, y1 in strokes[str(rng.choice(list(strokes)))]:
        ends = np.array([(x0, y0), (x1, y1)]) * size + (x, y) + rng.normal(0, 1.5, (2, 2))
        pen.line([tuple(end) for end in ends], 255, width)
        for end in ends:
            pen.ellipse([*(end - width / 2), *(end + width / 2)], 255)
    return np.asarray(image.resize((28, 28), Image.Resampling.BOX))


def _bent(digit: np.ndarray, slant: float, rng: np.random.Generator) -> np.ndarray:
    """Return a digit in another size and slant, `(48, 48)`."""
    size = np.exp(rng.normal(0, 0.1))
    lean = slant + rng.normal(0, 0.06)
    back = np.array([[1, 0], [lean, 1]]) / size  # from new rows and columns to old ones
    middle = (np.array(digit.shape) - 1) / 2
    shift = middle - back @ np.full(2, (SIDE - 1) / 2)
    return ndimage.affine_transform(digit, back, shift, (SIDE, SIDE), order=1)


def _beside(before: np.ndarray, digit: np.ndarray, place: tuple[int, int], top: int, space: int) -> int:
    """Return the column for a digit that leaves `space` to the ink of the one before."""
    ink, new = before >= INKED, digit >= INKED
    down = top - place[0]
    new = np.roll(new, down, axis=0)  # blank rows above and below: nothing comes round
    both = np.flatnonzero(ink.any(axis=1) & new.any(axis=1))
    if both.size:
        right = SIDE - 1 - ink[both, ::-1].argmax(axis=1)
        left = new[both].argmax(axis=1)
    else:
        right, left = (np.flatnonzero(each.any(axis=0))[[end]] for each, end in ((ink, -1), (new, 0)))
    nearest = int((right - left).max()) + 1 + space
    middles = [np.flatnonzero(each.any(axis=0))[[0, -1]].mean() for each in (ink, new)]
    return place[1] + max(nearest, round(middles[0] - middles[1]) + FOLLOWS)


def _laid(bent: list[np.ndarray], places: list[tuple[int, int]]) -> np.ndarray:
    """Return the digits on one sheet, where two overlap the stronger ink."""
    corners = np.array(places)
    corners -= corners.min(axis=0)
    sheet = np.zeros(corners.max(axis=0) + SIDE, "uint8")
    for digit, (top, left) in zip(bent, corners, strict=True):
        part = sheet[top : top + SIDE, left : left + SIDE]
        np.maximum(part, digit, out=part)
    return sheet


def _boxes(bent: list[np.ndarray], places: list[tuple[int, int]]) -> np.ndarray:
    corners = np.array(places)
    corners -= corners.min(axis=0)
    boxes = []
    for digit, (top, left) in zip(bent, corners, strict=True):
        rows, columns = (np.flatnonzero((digit >= INKED).any(axis=axis)) for axis in (1, 0))
        boxes.append((left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1))
    return np.array(boxes)
