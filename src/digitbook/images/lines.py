"""From the ink of a line of digits to what the network that reads lines is fed."""

from __future__ import annotations

import numpy as np

from digitbook.images.prepare import area_sums, cropped, grey_levels, stretched

ROWS = 32
"""Rows of a prepared line."""
MARGIN = 8
"""Columns of background on both of its sides."""
LONGEST = 48
"""The longest line that is prepared, as a multiple of its height."""


def prepare_line(ink: np.ndarray) -> np.ndarray:
    """Bring a line of ink of any size to 32 rows.

    The ink is cropped, brought to 32 rows by area averaging with its proportions kept, stretched in
    contrast until its strongest pixel is 255, and given a margin on the left and the right.

    Args:
        ink: grey image as `prepare_drawing` takes it: ink light on a background of 0.

    Returns:
        uint8 of shape `(32, columns)`; without columns if there is no ink.

    Raises:
        ValueError: it is no such image, or the ink is more than 48 times as long as high.
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
