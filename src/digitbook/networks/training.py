"""Train a network by a named recipe, once: whoever asks again gets the stored result."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import itertools
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from filelock import FileLock

from digitbook._util.files import atomic_write, cache_dir
from digitbook.data.idx import sha256
from digitbook.networks import augmentation
from digitbook.networks.augmentation import Augmentation
from digitbook.networks.backend import keras

Examples = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Recipe:
    """Every choice that training makes beside the network itself.

    Training takes `epochs` passes over the examples, or as many more as `min_steps` batches need:
    a few thousand examples make too few batches an epoch.

    The learning rate climbs linearly to its peak `learning_rate` during the share `warmup` of all
    steps and falls back to zero along a cosine (Loshchilov and Hutter, 2017; one cycle, after
    Smith and Topin, 2018). The optimiser is AdamW (Loshchilov and Hutter, 2019).
    """

    epochs: int
    min_steps: int = 0
    batch_size: int = 256
    learning_rate: float = 3e-3
    warmup: float = 0.2
    weight_decay: float = 0.01
    label_smoothing: float = 0
    augmentation: Augmentation | None = None


@dataclass(frozen=True)
class Trained:
    """A trained network, its learning curves (one value an epoch) and the seconds it took."""

    model: keras.Sequential
    history: dict[str, list[float]]
    seconds: float


def _batches(x: np.ndarray, y: np.ndarray, recipe: Recipe, seed: int) -> Iterator[Examples]:
    """Yield shuffled batches, epoch after epoch, that depend on the seed and their number alone."""
    for epoch in itertools.count():
        order = np.random.default_rng([seed, epoch]).permutation(len(x))
        for index, first in enumerate(range(0, len(x), recipe.batch_size)):
            rows = order[first : first + recipe.batch_size]
            images = x[rows]
            if recipe.augmentation is not None:
                draws = np.random.default_rng([seed, epoch + 1, index + 1])
                images = recipe.augmentation(images, draws)
            yield images, y[rows]


_CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy()


def _smoothed(share: float) -> Callable:
    """Cross-entropy with `share` of each target spread evenly (Szegedy et al., CVPR 2016)."""

    def loss(y, probabilities):
        targets = keras.ops.one_hot(keras.ops.reshape(y, (-1,)), probabilities.shape[-1])
        return keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=share)

    return loss


def fit(
    model: keras.Sequential,
    x: np.ndarray,
    y: np.ndarray,
    recipe: Recipe,
    validation: Examples | None,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> dict[str, list[float]]:
    """Train `model` in place and return its learning curves.

    `x` are float32 images `(N, 28, 28)`, `y` their classes, int64 `(N,)`; `validation` is such a
    pair, scored after each epoch, or None; `callbacks` are Keras's. The curves are `loss`, `accuracy`,
    `val_loss` and `val_accuracy`, one value an epoch. TensorFlow computes deterministically from
    here on.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    in_epoch = math.ceil(len(x) / recipe.batch_size)
    epochs = max(recipe.epochs, math.ceil(recipe.min_steps / in_epoch))
    steps = epochs * in_epoch
    warmup_steps = round(recipe.warmup * steps)
    model.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(
                initial_learning_rate=recipe.learning_rate / 25,
                warmup_target=recipe.learning_rate,
                warmup_steps=warmup_steps,
                decay_steps=steps - warmup_steps,
            ),
            weight_decay=recipe.weight_decay,
        ),
        loss=_smoothed(recipe.label_smoothing) if recipe.label_smoothing else _CROSS_ENTROPY,
        metrics=["accuracy"],
    )
    # Variables that the first step would create make Keras trace that step twice.
    model.optimizer.build(model.trainable_variables)
    return model.fit(
        # A generator: ending a dataset of Keras's own costs 0.1 to 0.2 s an epoch.
        _batches(x, y, recipe, seed),
        steps_per_epoch=in_epoch,
        epochs=epochs,
        validation_data=validation,
        shuffle=False,
        callbacks=list(callbacks),
        verbose=0,
    ).history


def fit_or_load(
    build: Callable[[], keras.Sequential],
    x: np.ndarray,
    y: np.ndarray,
    recipe: Recipe,
    validation: Examples,
    seed: int = 0,
) -> Trained:
    """Return what `fit` makes of a fresh `build()`, trained now or loaded from the cache.

    The cache key covers the network's configuration, the recipe, every byte of the examples, the
    seed, the versions of Keras, its backend and NumPy, and the source of what trains. Processes
    that ask for the same network at the same time train it once. Nothing is printed, and Python's
    and NumPy's global random states are left as they were.

    Args:
        build: makes the untrained network; its weights are drawn from `seed`.
        x: float32 images of shape `(N, 28, 28)` to train on.
        y: their classes, int64 of shape `(N,)`.
        recipe: how to train.
        validation: images and classes that are scored after each epoch and never trained on.
        seed: decides the initial weights, the dropout masks and the order of the examples.
    """
    with seeded(seed):
        model = build()
        folder = cache_dir() / "models" / _key(model, x, y, recipe, validation, seed)
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                start = time.perf_counter()
                history = fit(model, x, y, recipe, validation, seed)
                curves = {"history": history, "seconds": time.perf_counter() - start}
                with atomic_write(folder) as fresh:
                    fresh.mkdir()
                    model.save(fresh / "model.keras", include_optimizer=False)
                    (fresh / "curves.json").write_text(json.dumps(curves))
        # A network fresh from training is loaded too, so that both cases return the same thing.
        model = keras.saving.load_model(folder / "model.keras", compile=False)
        return Trained(model, **json.loads((folder / "curves.json").read_text()))


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the generators that Keras draws its layers' seeds from, and restore them afterwards."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


def _key(
    model: keras.Sequential,
    x: np.ndarray,
    y: np.ndarray,
    recipe: Recipe,
    validation: Examples,
    seed: int,
) -> str:
    backend = keras.backend.backend()
    sources = [Path(inspect.getfile(module)) for module in (sys.modules[__name__], augmentation)]
    facts = {
        "model": without_names(model.get_config()),
        "recipe": asdict(recipe),
        "arrays": [(array.shape, str(array.dtype), sha256(array)) for array in (x, y, *validation)],
        "seed": seed,
        "versions": {package: version(package) for package in ("keras", backend, "numpy")},
        "source": [path.read_text() for path in sources],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def without_names(config: object) -> object:
    """Drop layer names, which count up through a process's life, from a Keras configuration."""
    if isinstance(config, dict):
        return {key: without_names(value) for key, value in config.items() if key != "name"}
    if isinstance(config, (list, tuple)):
        return [without_names(value) for value in config]
    return config
