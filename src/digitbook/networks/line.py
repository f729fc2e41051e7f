"""The network that reads a whole line of digits at once, and how it is taught.

It is fully convolutional: a line of any length goes in, and for every second column comes out how
likely a digit, something else, or nothing new stands there. It is never told where, only what stands
in the line, from left to right: connectionist temporal classification (CTC; Graves, Fernández, Gomez
and Schmidhuber, 2006) adds up the probabilities of all the ways to say that.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from digitbook.images.lines import ROWS
from digitbook.networks import cycle
from digitbook.networks.backend import keras
from digitbook.networks.training import seeded

layers, ops = keras.layers, keras.ops

CLASSES = 12
"""Ten digits, what is none, and the blank, CTC's "nothing new here"."""
BLANK = CLASSES - 1
PER_STEP = 2
"""Columns of the line for each step of the output."""
LONGEST, MOST = 7, 10
"""The most digits in a line to learn from, and the most classes, with what is none among them."""
STEPS, BATCH = 8000, 64
"""Batches that it is taught with, and lines in one."""
RATE = 3e-3
"""AdamW's highest learning rate."""

Lines = Callable[[np.random.Generator, int], tuple[np.ndarray, tuple[int, ...]]]
"""From a source of chance and a number of digits to a prepared line, uint8 `(32, columns)`, and the
classes in it."""


def build_line() -> keras.Model:
    """Return a fresh network from `(32, columns, 1)`, values from 0 to 1, to `(steps, 12)`.

    A step is two columns; what comes out are probabilities: ten digits, what is none, and the blank.
    """
    inputs = keras.Input((ROWS, None, 1))
    x = _convolved(inputs, 16, 5, strides=(2, PER_STEP))
    x = _convolved(x, 32, 3)
    x = _convolved(x, 48, 3, strides=(2, 1))
    x = _convolved(x, 56, 3)
    x = _convolved(x, 64, 3, strides=(2, 1))
    # The four rows that are left become one.
    x = layers.ZeroPadding2D((0, 1))(x)
    x = _convolved(x, 112, (4, 3), padding="valid")
    x = layers.Dropout(0.2)(_convolved(x, 96, (1, 3)))
    x = layers.Reshape((-1, 96))(x)
    return keras.Model(inputs, layers.Dense(CLASSES, activation="softmax")(x))


def _convolved(
    x: keras.KerasTensor, width: int, kernel: int | tuple[int, int], padding: str = "same", **how
) -> keras.KerasTensor:
    x = layers.Conv2D(width, kernel, padding=padding, use_bias=False, **how)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))


def ctc_loss(truth, found):
    """CTC's loss of each line; a row of `truth` has its classes, filled up, their number, its steps."""
    truth = ops.cast(truth, "int32")
    logits = ops.log(ops.maximum(found, 1e-9))
    return ops.ctc_loss(truth[:, :MOST], logits, truth[:, MOST], truth[:, MOST + 1], mask_index=BLANK)


def teach(
    lines: Lines,
    folder: Path,
    seed: int = 0,
    steps: int = STEPS,
    say: Callable[[str], None] = print,
) -> keras.Model:
    """Train a fresh network to read lines; stopped, the same call goes on.

    Args:
        lines: makes a line to learn from.
        folder: where its state is kept between two calls.
        seed: decides the first weights and the lines.
        steps: how many batches.
        say: told as every 250 batches end.
    """
    with seeded(seed):
        model = build_line()
    cycle.teach(model, ctc_loss, _Batches(lines, seed), folder, steps, RATE, say=say)
    return cycle.bare(model, build_line())


class _Batches(cycle.Batches):
    def __init__(self, lines: Lines, seed: int):
        super().__init__(seed)
        self.lines = lines

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        shown, truth = super().__getitem__(index)
        if not self.begun:
            # Before it begins Keras looks at two batches, and takes what their sizes share for fixed.
            shown = np.pad(shown, ((0, 0), (0, 0), (0, index), (0, 0)))
        return shown, truth

    def made(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        # Lines of as many digits are about as long: little is filled up.
        count = int(rng.integers(1, LONGEST + 1))
        shown, truths = zip(*(self.lines(rng, count) for _ in range(BATCH)), strict=True)
        truth = np.full((BATCH, MOST + 2), BLANK, "int32")
        for row, image, classes in zip(truth, shown, truths, strict=True):
            row[: len(classes)] = classes
            row[MOST:] = len(classes), -(-image.shape[1] // PER_STEP)
        return side_by_side(shown), truth


def side_by_side(images: list[np.ndarray] | tuple[np.ndarray, ...]) -> np.ndarray:
    """Stack prepared lines, filled up on the right, as float32 `(N, 32, columns, 1)` from 0 to 1."""
    longest = -(-max(image.shape[1] for image in images) // 32) * 32
    stacked = np.zeros((len(images), ROWS, longest, 1), "float32")
    for place, image in zip(stacked, images, strict=True):
        place[:, : image.shape[1], 0] = image / np.float32(255)
    return stacked
