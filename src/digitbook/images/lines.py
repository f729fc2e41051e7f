"""From a sheet of ink to lines, and from a line to what the network that reads lines is fed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from digitbook.images.prepare import area_sums, cropped, grey_levels, stretched
from digitbook.images.read import NotReadable

ROWS = 32
"""Rows of a prepared line."""
MARGIN = 8
"""Columns of background on both of its sides."""
LONGEST = 24
"""The longest line that is prepared, as a multiple of its height."""
INKED = 128
"""The level from which a pixel joins two pieces of ink."""
MOST_PIECES = 400
"""Pieces of ink on one sheet; a page of text has more."""
LEVEL = 0.5
"""Two pieces stand in one line if they share this part of the lower one's height."""
TALL, NEAR = 0.6, 0.35
"""A piece lower than the first share of the tallest in a line may be a comma or a part of a digit: it
belongs to the line if it lies at most the second share of that height above or below its neighbour."""


@dataclass(frozen=True)
class Piece:
    """Connected ink: uint8 `(rows, columns)`, and where its first row and column lie in the sheet."""

    ink: np.ndarray
    top: int
    left: int

    @property
    def bottom(self) -> int:
        """The row below it."""
        return self.top + self.ink.shape[0]

    @property
    def right(self) -> int:
        """The column beside it."""
        return self.left + self.ink.shape[1]


def prepare_line(ink: np.ndarray) -> np.ndarray:
    """Bring a line of ink of any size to 32 rows.

    The ink is cropped, brought to 32 rows by area averaging with its proportions kept, stretched in
    contrast until its strongest pixel is 255, and given a margin on the left and the right.

    Args:
        ink: grey image as `prepare_drawing` takes it: ink light on a background of 0.

    Returns:
        uint8 of shape `(32, columns)`; without columns if there is no ink.

    Raises:
        ValueError: it is no such image, or the ink is more than 24 times as long as high.
    """
    levels = grey_levels(ink)
    if not levels.any():
        return np.zeros((ROWS, 0), "uint8")
    line = cropped(levels)
    rows, columns = line.shape
    if columns > LONGEST * rows:
        raise ValueError(f"A line is at most {LONGEST} times as long as it is high.")
    width = max(round(columns * ROWS / rows), 1)
    return np.pad(stretched(area_sums(line, ROWS, width)), ((0, 0), (MARGIN, MARGIN)))


def pieces(ink: np.ndarray) -> list[Piece]:
    """Return the connected pieces of ink, uint8 `(rows, columns)`, with their soft edges.

    Raises:
        NotReadable: there are more than `MOST_PIECES`.
    """
    labels, count = ndimage.label(ink >= INKED, np.ones((3, 3)))
    if count > MOST_PIECES:
        raise NotReadable(
            f"There are more than {MOST_PIECES} pieces of ink in this image; "
            "cut out the part with the numbers."
        )
    found = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        top, left = max(rows.start - 1, 0), max(columns.start - 1, 0)
        around = np.s_[top : rows.stop + 1, left : columns.stop + 1]
        own = ndimage.binary_dilation(labels[around] == number, np.ones((3, 3)))
        own &= (labels[around] == number) | (labels[around] == 0)
        found.append(Piece(np.where(own, ink[around], 0).astype("uint8"), top, left))
    return found


def joined(parts: list[Piece]) -> Piece:
    """Return pieces as one."""
    top, left = min(part.top for part in parts), min(part.left for part in parts)
    bottom, right = max(part.bottom for part in parts), max(part.right for part in parts)
    sheet = np.zeros((bottom - top, right - left), "uint8")
    for part in parts:
        place = sheet[part.top - top : part.bottom - top, part.left - left : part.right - left]
        np.maximum(place, part.ink, out=place)
    return Piece(sheet, top, left)


def lines_of(ink: np.ndarray) -> list[list[Piece]]:
    """Sort the pieces of ink on a sheet into lines, from top to bottom, and each from left to right.

    Whether a piece stands in a line is asked of the piece in it that lies nearest to its left or right,
    so that a line may rise or fall.

    Raises:
        NotReadable: as `pieces`.
    """
    found = pieces(ink)
    tallest = max((len(piece.ink) for piece in found), default=0)
    # First what is as tall as a digit, as it follows in a line; then what is low, the tallest first.
    found.sort(key=lambda p: (0, p.left) if len(p.ink) >= TALL * tallest else (1, -len(p.ink)))
    lines: list[list[Piece]] = []
    for piece in found:
        beside = [min(line, key=lambda other: _gap(piece, other)) for line in lines]
        fitting = [n for n, line in enumerate(lines) if _level(piece, beside[n], line)]
        if fitting:
            lines[min(fitting, key=lambda n: max(_gap(piece, beside[n]), 0))].append(piece)
        else:
            lines.append([piece])
    for line in lines:
        line.sort(key=lambda piece: piece.left)
    return sorted(lines, key=lambda line: min(piece.top for piece in line))


def _gap(one: Piece, other: Piece) -> int:
    """Return how many columns lie between two pieces; less than 0 where they share some."""
    return max(one.left, other.left) - min(one.right, other.right)


def _level(piece: Piece, other: Piece, line: list[Piece]) -> bool:
    """Say whether a piece stands as high as one beside it in a line, or is low and belongs to it."""
    shared = min(piece.bottom, other.bottom) - max(piece.top, other.top)
    if shared >= LEVEL * min(len(piece.ink), len(other.ink)):
        return True
    tallest = max(len(each.ink) for each in line)
    return len(piece.ink) < TALL * tallest and -shared <= NEAR * tallest
