"""Teach the network that reads lines of digits, on lines put together from training digits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import ndimage

from digitbook._util.files import cache_dir
from digitbook.data import Dataset
from digitbook.images import composed, lines
from digitbook.networks import line
from digitbook.networks.backend import keras

MARKED, LETTERED = 0.12, 0.08
"""The shares of lines in which there is a mark, or a letter."""


class Composer:
    """Makes lines to learn from, of the digits given; `letters`, where there are any, are no digits.

    Args:
        images: uint8 `(N, 28, 28)`.
        labels: `(N,)`, from 0 to 9.
        letters: uint8 `(M, 28, 28)`, those that look like digits left out.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, letters: np.ndarray):
        self.images, self.labels, self.letters = images, labels, letters

    def __call__(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return a prepared line of so many digits, and perhaps a mark or a letter; and the classes."""
        chosen = rng.integers(0, len(self.images), count)
        digits, classes = list(self.images[chosen]), list(map(int, self.labels[chosen]))
        for share, other in ((MARKED, composed.punctuation), (LETTERED, self._letter)):
            if rng.random() < share and (share == MARKED or len(self.letters)):
                place = int(rng.integers(0, len(digits) + 1))
                digits.insert(place, other(rng))
                classes.insert(place, composed.OTHER)
        spacing = str(rng.choice(list(composed.SPACINGS)))
        made = composed.compose(digits, classes, spacing, rng)
        return lines.prepare_line(_penned(made.ink, rng)), made.classes

    def _letter(self, rng: np.random.Generator) -> np.ndarray:
        return self.letters[rng.integers(0, len(self.letters))]


def taught(
    make: Composer, about: str, seed: int, steps: int, say: Callable[[str], None] = print
) -> keras.Model:
    """Return a network taught on what `make` makes, from the cache where it was taught before.

    `about` names the data. Stopped, the same call goes on.
    """
    modules = (__file__, composed.__file__, lines.__file__, line.__file__)
    sources = b"".join(Path(file).read_bytes() for file in modules)
    facts = repr((about, seed, steps)).encode()
    folder = cache_dir() / "line" / hashlib.sha256(facts + sources).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return line.teach(make, folder, seed, steps, say)


def _penned(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the line as other pens would have written it: a third each thinner, broader and as it is."""
    pen = rng.integers(0, 3)
    if pen == 0:
        thinner = ndimage.grey_erosion(ink, (2, 2))
        return thinner if thinner.max() >= composed.INKED else ink
    if pen == 1:
        return ndimage.grey_dilation(ink, (2, 2))
    return ink
