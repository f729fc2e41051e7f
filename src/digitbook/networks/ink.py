"""The network that finds ink in pictures, and how it is taught.

It is fully convolutional: a picture of any size goes in and one of the same size comes out, which says
of each pixel how likely it is ink that somebody meant. On its way the picture is halved four times, so
that the middle of the network sees whole digits, lines and frames, and brought back to its size, with
what each level had seen on the way down added (Ronneberger, Fischer and Brox, "U-Net", 2015).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from digitbook.images.ink import evened
from digitbook.networks import cycle
from digitbook.networks.backend import keras
from digitbook.networks.training import seeded

layers = keras.layers

WIDTHS = (8, 12, 16, 24, 28)
"""Channels at each level, from the whole picture down to a sixteenth of its side."""
STEPS, BATCH = 5000, 16
"""Batches that it is taught with, and pictures in one."""
RATE = 4e-3
"""AdamW's highest learning rate."""


def build_ink(widths: tuple[int, ...] = WIDTHS) -> keras.Model:
    """Return a fresh network from `(rows, columns, 3)` to `(rows, columns, 1)`, values from 0 to 1."""
    inputs = keras.Input((None, None, 3))
    x, passed = inputs, []
    for level, width in enumerate(widths):
        x = _convolved(x, width, strides=1 if level == 0 else 2)
        if level:
            x = _convolved(x, width)
        passed.append(x)
    x = _convolved(x, widths[-1], dilation_rate=2)
    for width, seen in zip(reversed(widths[:-1]), reversed(passed[:-1]), strict=True):
        x = layers.UpSampling2D()(_convolved(x, width))
        x = _convolved(layers.Add()([x, seen]), width)
    return keras.Model(inputs, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x))


def _convolved(x: keras.KerasTensor, width: int, **how: int) -> keras.KerasTensor:
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, **how)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))


def overlap_loss(truth, found):
    """Binary cross-entropy, and what is missing of a full overlap (Milletari et al., "V-Net", 2016)."""
    ops = keras.ops
    truth = ops.cast(truth, "float32")
    common = ops.sum(truth * found, axis=(1, 2, 3))
    dice = 1 - (2 * common + 50) / (
        ops.sum(truth, axis=(1, 2, 3)) + ops.sum(found, axis=(1, 2, 3)) + 50
    )
    return ops.mean(keras.losses.binary_crossentropy(truth, found), axis=(1, 2)) + dice


def teach(
    pictures: np.ndarray,
    inks: np.ndarray,
    folder: Path,
    seed: int = 0,
    steps: int = STEPS,
    say: Callable[[str], None] = print,
) -> keras.Model:
    """Train a fresh network to find the ink in pictures.

    AdamW in one cycle, as the networks that read digits; pictures are mirrored, turned by right angles
    and their colours swapped. Stopped, it goes on from the last 250 batches that ended.

    Args:
        pictures: uint8 `(N, side, side, 3)`.
        inks: uint8 `(N, side, side)`, 255 where there is ink.
        folder: where its state is kept between two calls.
        seed: decides the first weights, the order of the pictures and their changes.
        steps: how many batches.
        say: told as every 250 batches end.
    """
    with seeded(seed):
        model = build_ink()
    batches = _Batches(pictures, inks, seed)
    cycle.teach(model, overlap_loss, batches, folder, steps, RATE, say=say)
    return cycle.bare(model, build_ink())


class _Batches(cycle.Batches):
    def __init__(self, pictures: np.ndarray, inks: np.ndarray, seed: int):
        super().__init__(seed)
        self.pictures, self.inks = pictures, inks

    def made(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        places = np.sort(rng.choice(len(self.pictures), BATCH, replace=False))
        changed = [_changed(self.pictures[place], self.inks[place], rng) for place in places]
        shown, meant = zip(*changed, strict=True)
        return np.stack([evened(each) for each in shown]), np.stack(meant)[..., None] / np.float32(255)


def _changed(
    picture: np.ndarray, ink: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    turns, mirrored = rng.integers(4), rng.integers(2)
    picture, ink = (np.rot90(each, int(turns)) for each in (picture, ink))
    if mirrored:
        picture, ink = picture[:, ::-1], ink[:, ::-1]
    if rng.random() < 0.3:
        picture = picture[..., rng.permutation(3)]
    if rng.random() < 0.1:
        picture = 255 - picture
    return picture, ink
