"""Find the ink in a picture of paper with a small network, on a light runtime.

`digitbook.networks.ink` builds and teaches the network; `results/ink.tflite` is the released one.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

from digitbook._util.litert import LiteRT
from digitbook.errors import BadInput
from digitbook.paths import RESULTS

INK_NETWORK = RESULTS / "ink.tflite"
"""The released network that finds ink, as it was exported for LiteRT."""

FIRST_LOOK = 256 * 256
"""Pixels that a whole picture is shrunk to, to see where the ink is."""
SECOND_LOOK = 256 * 256
"""Pixels that the part with the ink is shrunk to then."""
AROUND = 0.3
"""Paper that the second look takes in around the ink, as a share of the ink's longer side."""
STEP = 16
"""The network halves its picture four times: both sides are brought to multiples of this."""
ENLARGED = 4
"""How many times its size a small picture is enlarged at most."""
SPECK, SMALL = 0.03, 0.25
"""A piece of less than the first share of the largest one is a speck; one of less than the second has
to lie near that to belong to it."""
POINT = 0.01
"""What is smaller than this share of the largest piece is not even a point."""
FAR = 0.35
"""How far away that is, as a share of the largest piece's longer side."""
CUT = 0.5
"""A piece inside the picture of at least this share rules out those that the border cuts."""


Box = tuple[int, int, int, int]
"""A part of a picture: left, top, right and bottom, the latter two exclusive."""


def find_ink(picture: Image.Image, looks: int = 2) -> np.ndarray:
    """Look at a picture as a whole, then closely at the part where one thing is written.

    Args:
        picture: RGB, of any size.
        looks: 1 leaves it at the whole picture.

    Returns:
        How likely each pixel is ink, uint8 `(rows, columns)`, of the part with the ink, in the size in
        which that was looked at; exactly 0 but for pieces that are more likely ink than not, and their
        rims. All 0 where there is none.
    """
    return _found(picture, _belonging, looks)[0]


def find_all_ink(picture: Image.Image) -> tuple[np.ndarray, Box]:
    """Look for ink as `find_ink` does, and keep what lies far apart and points and commas, too.

    Returns:
        The ink as there, and the box of the picture that it shows.
    """
    return _found(picture, _mark, 2)


def _found(
    picture: Image.Image, kept: Callable[[np.ndarray, np.ndarray], np.ndarray], looks: int
) -> tuple[np.ndarray, Box]:
    whole = _pieces(*_look(picture, FIRST_LOOK), kept)
    everything = (0, 0, *picture.size)
    if looks == 1 or not whole.any():
        return whole, everything
    box = _around(whole, picture.size)
    close = _pieces(*_look(picture.crop(box), SECOND_LOOK), kept)
    return (close, box) if close.any() else (whole, everything)


def evened(picture: np.ndarray) -> np.ndarray:
    """Bring a picture to the mean 0 in each channel and the standard deviation 1 over all.

    Args:
        picture: uint8 `(rows, columns, 3)`.

    Returns:
        float32 of the same shape; all 0 where the picture is all one colour.
    """
    levels = picture.astype("float32")
    levels -= levels.mean(axis=0).mean(axis=0)  # both axes at once take ten times as long
    return levels / max(float(levels.std()), 4.0)


@functools.cache
def _network() -> LiteRT:
    if not INK_NETWORK.is_file():
        raise BadInput(
            f"There is no file {INK_NETWORK}, which finds the ink; `digitbook ink` makes it."
        )
    return LiteRT(INK_NETWORK.read_bytes())


def _look(picture: Image.Image, pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture, evened and brought to at most so many pixels, and how likely each is ink."""
    factor = min(math.sqrt(pixels / (picture.width * picture.height)), ENLARGED)
    size = [max(round(factor * length), 1) for length in picture.size]
    method = Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC
    seen = evened(np.asarray(picture.resize(size, method)))
    rows, columns = seen.shape[:2]
    padded = np.pad(seen, ((0, -rows % STEP), (0, -columns % STEP), (0, 0)), "edge")
    return seen, _network()(padded[None])[0, :rows, :columns, 0]


def _pieces(
    seen: np.ndarray, likely: np.ndarray, kept: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return the pieces of ink that are kept, with their soft rims, as uint8."""
    labels, count = ndimage.label(likely > 0.5, np.ones((3, 3)))
    mass = ndimage.sum_labels(likely, labels, range(count + 1))
    mass[0] = 0
    # What runs into the border belongs to something else, unless there is hardly anything else.
    cut = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    inside = np.delete(mass, cut)
    if inside.size and inside.max() >= CUT * mass.max():
        mass[cut] = 0
    inked = (kept(mass, labels) & (mass > 4))[labels]
    meant = ndimage.binary_dilation(inked)
    if not _stands_out(seen, inked):
        meant[:] = False
    return np.where(meant, np.round(255 * likely), 0).astype("uint8")


def _belonging(mass: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which pieces may be parts of one digit."""
    near = _near(labels, int(mass.argmax()))
    return (mass >= SPECK * mass.max()) & ((mass >= SMALL * mass.max()) | near)


def _mark(mass: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Return which pieces are at least as large as a point beside a digit."""
    return mass >= POINT * mass.max()


def _stands_out(seen: np.ndarray, ink: np.ndarray) -> bool:
    """Say whether ink differs by more than noise from the paper around it: on bare paper it does not.

    The noise is the median difference of neighbours, scaled to a normal distribution's deviation.
    """
    if not ink.any():
        return False
    rim = ndimage.binary_dilation(ink, iterations=2)
    around = ndimage.binary_dilation(rim, iterations=2) & ~rim
    if not around.any():
        return True
    noise = 1.4826 * np.median(np.abs(np.diff(seen, axis=1))) / math.sqrt(2)
    return bool(np.abs(seen[ink].mean(axis=0) - seen[around].mean(axis=0)).max() > noise)


def _near(labels: np.ndarray, largest: int) -> np.ndarray:
    """Return which pieces lie near the largest: within `FAR` of its longer side from its box."""
    boxes = ndimage.find_objects(labels)
    if not boxes:
        return np.zeros(1, bool)
    edges = np.array([[(axis.start, axis.stop) for axis in box] for box in boxes])
    low, high = edges[..., 0], edges[..., 1]
    main = largest - 1
    gap = np.maximum(low - high[main], low[main] - high).max(axis=1)
    return np.concatenate([[False], gap <= FAR * (high[main] - low[main]).max()])


def _around(ink: np.ndarray, size: tuple[int, int]) -> Box:
    """Return the box of a picture of this size around the ink that was seen in it, with some paper."""
    factor = size[0] / ink.shape[1], size[1] / ink.shape[0]
    edges = [np.flatnonzero(ink.any(axis=axis))[[0, -1]] + (0, 1) for axis in (0, 1)]
    margin = AROUND * max(high - low for low, high in edges)
    (left, right), (top, bottom) = (
        (max((low - margin) * f, 0), min((high + margin) * f, length))
        for (low, high), f, length in zip(edges, factor, size, strict=True)
    )
    return math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)
