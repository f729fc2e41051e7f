"""Find ink by thresholds and morphology alone: what the network for ink is measured against.

Colours become one channel, the one along which the picture varies most; Sauvola's threshold (Pattern
Recognition 33, 2000) follows the light; long runs of ink along rows and columns are taken for printed
lines and removed, and what they cut is closed again; of the pieces that are left, those count which
are of a digit's size and lie inside the picture.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_sauvola

LONGEST = 400
"""Pixels along the longer side that a picture is shrunk to."""
RUN = 0.3
"""A run of ink this long, as a share of the picture's side, and thin is a printed line."""


def classical_ink(picture: Image.Image) -> np.ndarray:
    """Return the ink of an RGB picture, light on a background of 0, uint8 `(rows, columns)`."""
    factor = max(max(picture.size) / LONGEST, 1)
    size = [max(round(length / factor), 1) for length in picture.size]
    pixels = np.asarray(picture.resize(size, Image.Resampling.BOX), "float64")
    varying = _principal(pixels)
    found = max((_strokes(levels) for levels in (varying, -varying)), key=_likeness)
    return (255 * ndimage.gaussian_filter(found.astype("float32"), 0.6).clip(0, 1)).astype("uint8")


def _principal(pixels: np.ndarray) -> np.ndarray:
    """Project the colours onto the axis of their greatest variance."""
    flat = pixels.reshape(-1, 3) - pixels.mean(axis=(0, 1))
    _, _, axes = np.linalg.svd(flat[:: max(len(flat) // 5000, 1)], full_matrices=False)
    return (flat @ axes[0]).reshape(pixels.shape[:2])


def _strokes(levels: np.ndarray) -> np.ndarray:
    levels = ndimage.gaussian_filter(levels, 0.7)
    window = max(min(levels.shape) // 4 | 1, 15)
    shifted = levels - levels.min() + 20
    # A stroke is darker than its surroundings' mean; within a bold one, than the picture's.
    ink = shifted < threshold_sauvola(shifted, window, k=0.15, r=np.ptp(shifted) / 2)
    for axis, length in enumerate(levels.shape):
        line = np.ones((max(round(RUN * length), 15), 1), bool)
        line = line if axis == 0 else line.T
        rows = ndimage.binary_opening(ink, line)
        thick = ndimage.binary_opening(rows, np.ones((7, 7), bool))
        ink &= ~(rows & ~ndimage.binary_dilation(thick, iterations=3))
    ink = ndimage.binary_closing(ink, np.ones((3, 3), bool), iterations=2)
    return _meant(ink)


def _meant(ink: np.ndarray) -> np.ndarray:
    labels, count = ndimage.label(ink, np.ones((3, 3)))
    if not count:
        return ink
    area = np.bincount(labels.ravel(), minlength=count + 1).astype(float)
    area[0] = 0
    boxes = ndimage.find_objects(labels)
    for number, (rows, columns) in enumerate(boxes, start=1):
        touching = (
            (rows.start == 0)
            + (columns.start == 0)
            + (rows.stop == ink.shape[0])
            + (columns.stop == ink.shape[1])
        )
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if touching > 2 or height < 0.05 * ink.shape[0]:
            area[number] = 0
        elif touching:
            area[number] /= 4
        if area[number] / (height * width) < 0.03 or width > 6 * height:
            area[number] = 0
    return (area >= max(0.15 * area.max(), 1))[labels]


def _likeness(ink: np.ndarray) -> float:
    """Say how much ink looks like a digit's strokes: some of it, thin, and within its box."""
    if not ink.any():
        return -1.0
    inner = ndimage.distance_transform_edt(ink)
    rows, columns = np.nonzero(ink.any(axis=1))[0], np.nonzero(ink.any(axis=0))[0]
    extent = max(np.ptp(rows), np.ptp(columns)) + 1
    return -abs(4 * inner[ink].mean() / extent - 0.12)
