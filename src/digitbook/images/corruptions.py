"""Change test images in graded strengths, to find out how far a network follows.

The list is written after that of MNIST-C (Mu and Gilmer, "MNIST-C: A Robustness Benchmark for Computer
Vision", arXiv:1906.02337), which holds fifteen changes that leave the digit what it is; the functions
and the strengths are this book's own. `corrupt` applies one of `CORRUPTIONS` to images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from digitbook.images.prepare import BOX, SIDE

FINE = 4
"""Lines are thinned and thickened on images enlarged so many times, to do it by parts of a pixel."""


def shift(images: np.ndarray, pixels: int, random: np.random.Generator) -> np.ndarray:
    """Move each image up, down, left or right by whole pixels; what leaves the frame is lost."""
    moves = pixels * np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])[random.integers(4, size=len(images))]
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels)))
    rows, columns = (pixels - moves.T[..., None] + np.arange(SIDE))[..., None]
    return padded[np.arange(len(images))[:, None, None], rows, columns.swapaxes(1, 2)]


def rotate(images: np.ndarray, degrees: float, random: np.random.Generator) -> np.ndarray:
    """Turn each image about the middle of the frame, one way or the other."""
    angles = degrees * random.choice([-1, 1], len(images))
    turned = (
        ndimage.rotate(image, angle, reshape=False, order=1)
        for image, angle in zip(images, angles, strict=True)
    )
    return np.stack(list(turned))


def shrink(images: np.ndarray, factor: float, random: np.random.Generator) -> np.ndarray:
    """Draw each image `factor` times as wide and high in the middle of the frame, without aliasing."""
    padded = np.pad(images, ((0, 0), (SIDE, SIDE), (SIDE, SIDE)))
    near, far = SIDE * (1.5 - 0.5 / factor), SIDE * (1.5 + 0.5 / factor)
    return np.stack(
        [_resized(image, SIDE, Image.Resampling.BILINEAR, (near, near, far, far)) for image in padded]
    )


def thin(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Take half of `pixels` off each side of every line, by a grey erosion."""
    return _morphed(images, ndimage.grey_erosion, pixels)


def thicken(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Add half of `pixels` to each side of every line, by a grey dilation."""
    return _morphed(images, ndimage.grey_dilation, pixels)


def blur(images: np.ndarray, pixels: float, random: np.random.Generator) -> np.ndarray:
    """Blur each image with a Gaussian of this standard deviation."""
    return _grey(
        ndimage.gaussian_filter(images.astype("float32"), (0, pixels, pixels), mode="constant")
    )


def add_noise(images: np.ndarray, levels: float, random: np.random.Generator) -> np.ndarray:
    """Add to every pixel a draw from a Gaussian with this standard deviation in grey levels."""
    return _grey(images + random.normal(0, levels, images.shape))


def occlude(images: np.ndarray, pixels: int, random: np.random.Generator) -> np.ndarray:
    """Lay a square of empty paper with this side anywhere on the box that the digit was fitted into."""
    margin = (SIDE - BOX) // 2
    corners = margin + np.floor(random.random((2, len(images), 1)) * (BOX - pixels + 1))
    rows, columns = (corners <= np.arange(SIDE)) & (np.arange(SIDE) < corners + pixels)
    return np.where(rows[:, :, None] & columns[:, None, :], 0, images).astype("uint8")


def fade(images: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    """Leave this share of the contrast: ink and paper both move towards the grey between them."""
    return _grey(127.5 + share * (images - 127.5))


def _morphed(images: np.ndarray, morphology: Callable[..., np.ndarray], pixels: float) -> np.ndarray:
    """Move the edge of the ink by half of `pixels`, with a disc on finer images."""
    radius = FINE * pixels / 2
    steps = np.arange(-int(radius), int(radius) + 1)
    disc = np.hypot(steps[:, None], steps) <= radius
    return np.stack(
        [
            _resized(
                morphology(_resized(image, FINE * SIDE, Image.Resampling.BILINEAR), footprint=disc),
                SIDE,
                Image.Resampling.BOX,
            )
            for image in images
        ]
    )


def _resized(
    image: np.ndarray,
    side: int,
    resampling: Image.Resampling,
    box: tuple[float, float, float, float] | None = None,
) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((side, side), resampling, box))


def _grey(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype("uint8")


@dataclass(frozen=True)
class Corruption:
    """A function of images `(N, 28, 28)`, a strength and a random generator, and its five strengths.

    The strengths are given in `unit`, the mildest first.
    """

    function: Callable[..., np.ndarray]
    strengths: tuple[float, float, float, float, float]
    unit: str


CORRUPTIONS = {
    # A centred digit has four empty pixels on every side, and loses ink only at the last step.
    "shift": Corruption(shift, (1, 2, 3, 4, 5), "pixels"),
    # Handwriting leans by ten degrees or so; at fifty a digit is odd and not yet another one.
    "rotation": Corruption(rotate, (10, 20, 30, 40, 50), "degrees"),
    # From a box of 20 pixels down to one of 10, where a line is as wide as a pixel.
    "scale": Corruption(shrink, (0.9, 0.8, 0.7, 0.6, 0.5), "of the size"),
    # MNIST's lines are two to three pixels wide; the last step leaves a faint trace of most.
    "thinner": Corruption(thin, (0.5, 1, 1.5, 2, 2.5), "pixels off the line"),
    "thicker": Corruption(thicken, (0.5, 1, 1.5, 2, 2.5), "pixels on the line"),
    # From less than the width of a line to about that width, at which loops fill with grey.
    "blur": Corruption(blur, (0.5, 1, 1.5, 2, 2.5), "pixels"),
    # From a tenth of the way between paper and ink to half of it.
    "noise": Corruption(add_noise, (25, 50, 75, 100, 125), "grey levels"),
    # From a scratch to a good third of the box.
    "occlusion": Corruption(occlude, (4, 6, 8, 10, 12), "pixels wide"),
    # At a tenth, ink and paper are 26 grey levels apart, which an eye still sees.
    "contrast": Corruption(fade, (0.8, 0.6, 0.4, 0.2, 0.1), "of the contrast"),
}


def corrupt(images: np.ndarray, name: str, strength: int, seed: int = 0) -> np.ndarray:
    """Return images as the corruption called `name` leaves them.

    Args:
        images: uint8 of shape `(N, 28, 28)`, ink light on dark; they are not changed.
        name: a key of `CORRUPTIONS`.
        strength: from 1, the mildest, to 5; 0 returns the images as they are.
        seed: decides what is random. An image is moved, turned or spotted the same way at each
            strength, only farther.

    Returns:
        uint8 of the same shape.

    Raises:
        ValueError: the strength is not one of 0 to 5.
    """
    if strength not in range(6):
        raise ValueError(f"A strength is one of 0 to 5, not {strength!r}.")
    if strength == 0:
        return images
    chosen = CORRUPTIONS[name]
    random = np.random.default_rng([seed, *name.encode()])
    return chosen.function(images, chosen.strengths[strength - 1], random)
