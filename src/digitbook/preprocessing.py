"""From stored pixels to what a network is fed."""

from __future__ import annotations

import numpy as np


def scale(images: np.ndarray) -> np.ndarray:
    """Turn uint8 grey levels, 0 to 255, into float32 values from 0 to 1 of the same shape."""
    return images.astype("float32") / 255
