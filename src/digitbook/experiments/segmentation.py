"""Read a line of digits by cutting it: over-segmentation, and the best way through a lattice.

Ink that hangs together is cut wherever a border between two digits might be, more often than needed.
Every row of neighbouring fragments that is not too wide is shown to the reader of single digits and to
its guard. A reading joins such rows from the first fragment to the last; the best one is found by
dynamic programming (LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
recognition", 1998, section V).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import ndimage

from digitbook.images.lines import Piece, joined
from digitbook.images.prepare import prepare_drawing
from digitbook.inference.network import Network

WIDEST = 1.3
"""The widest row of fragments that may be a digit, as a share of the line's height."""
SMOOTH, APART = 0.03, 0.15
"""The amount of ink in a piece's columns is smoothed by the first share of the line's height; a column
with the least of it within half the second share to either side is a valley, where it is cut."""


def read_by_cutting(line: list[Piece], reader: Network) -> tuple[str, float]:
    """Return the digits in a line, and the probability that each is what it was read as, multiplied.

    Args:
        line: its pieces of ink, as `digitbook.images.lines.lines_of` gives them.
        reader: reads single digits, and has a guard.
    """
    assert reader.guard is not None
    cut = fragments(line)
    widest = WIDEST * len(joined(line).ink)
    rows = [
        (first, end)
        for first in range(len(cut))
        for end in range(first + 1, len(cut) + 1)
        if end == first + 1 or joined(cut[first:end]).ink.shape[1] <= widest
    ]
    shown = np.stack([prepare_drawing(joined(cut[first:end]).ink) for first, end in rows])
    probabilities = reader.probabilities(shown)
    sure = probabilities.max(axis=1) * reader.guard.probabilities(shown)[:, 0]
    best = {0: (0.0, "")}
    for (first, end), score, label in sorted(
        zip(rows, np.log(sure + 1e-9), probabilities.argmax(axis=1), strict=True),
        key=lambda each: each[0],
    ):
        before, digits = best[first]
        best[end] = max(best.get(end, (-np.inf, "")), (before + score, digits + str(label)))
    total, digits = best[len(cut)]
    return digits, float(np.exp(total))


def fragments(line: list[Piece]) -> list[Piece]:
    """Cut pieces at the valleys of the amount of ink in their columns; return them left to right."""
    height = len(joined(line).ink)
    cut = []
    for piece in line:
        amount = ndimage.gaussian_filter1d(piece.ink.sum(axis=0, dtype=float), SMOOTH * height)
        window = 2 * round(APART * height / 2) + 1
        valleys = np.flatnonzero(ndimage.minimum_filter1d(amount, window, mode="nearest") == amount)
        inner = [v for v in valleys if window // 2 <= v < len(amount) - window // 2]
        edges = [0, *inner, piece.ink.shape[1]]
        cut += [
            Piece(piece.ink[:, left:right], piece.top, piece.left + left)
            for left, right in pairwise(edges)
        ]
    return sorted(cut, key=lambda each: each.left + each.right)
