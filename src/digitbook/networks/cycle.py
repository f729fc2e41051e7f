"""Training in one cycle of the learning rate that goes on where it was stopped.

For networks that learn from endless made examples, which have batches and no epochs.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digitbook.networks.backend import keras

EPOCH = 250
"""Batches between two of which the state is kept."""
WARMUP, DECAY = 300, 1e-3
"""Batches up to the highest learning rate, a fifth of all at most, and AdamW's weight decay."""


class Batches(keras.utils.PyDataset):
    """Endless batches that depend on the seed and on how many came before."""

    def __init__(self, seed: int):
        super().__init__()
        self.seed, self.epoch, self.begun = seed, 0, False

    @property
    def num_batches(self) -> int:
        return EPOCH

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self.made(np.random.default_rng([self.seed, self.epoch, index]))

    @abstractmethod
    def made(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return one batch: what is shown, and what is to be found in it."""


def bare(model: keras.Model, fresh: keras.Model) -> keras.Model:
    """Return a fresh network with a trained one's weights: stored, it takes no optimiser along."""
    fresh.set_weights(model.get_weights())
    return fresh


def teach(
    model: keras.Model,
    loss: Callable,
    batches: Batches,
    folder: Path,
    steps: int,
    rate: float,
    say: Callable[[str], None] = print,
) -> None:
    """Train with AdamW, up to its highest learning rate and down to none along a cosine.

    Stopped, the same call goes on from the last 250 batches that ended.

    Args:
        model: fresh; it is trained in place.
        loss: of truth and output.
        batches: what it learns from.
        folder: where its state is kept between two calls.
        steps: how many batches, a multiple of 250.
        rate: the highest learning rate.
        say: told as every 250 batches end.
    """
    keras.utils.set_random_seed(batches.seed)
    warmup = max(min(WARMUP, steps // 5), 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 25, steps - warmup, warmup_target=rate, warmup_steps=warmup
    )
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=DECAY), loss=loss)

    def begin(epoch: int, _: dict) -> None:
        batches.epoch, batches.begun = epoch, True

    def end(epoch: int, logs: dict) -> None:
        say(f"{(epoch + 1) * EPOCH:,}/{steps:,} batches, loss {logs['loss']:.3f}")

    model.fit(
        batches,
        epochs=steps // EPOCH,
        shuffle=False,
        verbose=0,
        callbacks=[
            keras.callbacks.BackupAndRestore(folder / "state", delete_checkpoint=False),
            keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=end),
        ],
    )
