"""Vary training images as handwriting varies: turned, slanted, resized and moved a little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digitbook.networks.backend import keras


@dataclass(frozen=True)
class Augmentation:
    """How far each image may be moved, both ways; every draw is uniform within its limit.

    `rotation` and `shear` (a slant along the lines of pixels) are in degrees, `zoom` is a fraction
    of the size, drawn for width and height apart, and `shift` is in pixels. Such distortions of
    digits go back to Simard, Steinkraus and Platt (ICDAR 2003).
    """

    rotation: float = 0
    shear: float = 0
    zoom: float = 0
    shift: float = 0

    def __call__(self, images: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return a varied copy of float32 images `(N, H, W)`; what moves in from outside is 0."""
        moved = keras.ops.image.affine_transform(
            images[..., None], self._transforms(images.shape, random), data_format="channels_last"
        )
        return keras.ops.convert_to_numpy(moved)[..., 0]

    def _transforms(self, shape: tuple[int, int, int], random: np.random.Generator) -> np.ndarray:
        """Draw for each image the eight numbers that map a point of the result to its origin."""
        count, height, width = shape
        angle, slant = np.deg2rad([[self.rotation], [self.shear]]) * random.uniform(-1, 1, (2, count))
        zoom_x, zoom_y = 1 + self.zoom * random.uniform(-1, 1, (2, count))
        move_x, move_y = self.shift * random.uniform(-1, 1, (2, count))
        cos, sin, tan = np.cos(angle), np.sin(angle), np.tan(slant)
        xx, xy = cos / zoom_x, (cos * tan - sin) / zoom_x
        yx, yy = sin / zoom_y, (sin * tan + cos) / zoom_y
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        x = middle_x - xx * (middle_x + move_x) - xy * (middle_y + move_y)
        y = middle_y - yx * (middle_x + move_x) - yy * (middle_y + move_y)
        none = np.zeros(count)
        return np.stack([xx, xy, x, yx, yy, y, none, none], axis=1).astype("float32")
