"""The networks that have a name: how each is built and how it is trained.

Those called `quick` are the chapters' and take seconds to two minutes; the others are the recorded
experiments'. Every choice in them was made on held-out training digits, but for `cnn-short`: it is
`cnn` at a third of the steps, so that five seeds on each of many small sets take an hour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from digitbook.data import Dataset, hold_out
from digitbook.images.prepare import scale
from digitbook.networks import models, training
from digitbook.networks.augmentation import Augmentation
from digitbook.networks.backend import keras
from digitbook.networks.training import Recipe

SMALL_MOVES = Augmentation(rotation=10, shear=10, zoom=0.1, shift=2)

Builder = Callable[..., keras.Sequential]

_wide_dense = partial(models.build_dense, units=(1024, 512))
_wide_cnn = partial(models.build_cnn, filters=(16, 32, 80))
_LONG = Recipe(
    epochs=22,
    min_steps=3000,
    learning_rate=0.01,
    label_smoothing=0.05,
    augmentation=SMALL_MOVES,
)

RECIPES: dict[str, tuple[Builder, Recipe]] = {
    "softmax-quick": (models.build_softmax, Recipe(epochs=10, min_steps=400)),
    "dense-quick": (models.build_dense, Recipe(epochs=10, min_steps=400)),
    "cnn-quick": (models.build_cnn, Recipe(epochs=6, min_steps=300, learning_rate=0.01)),
    "softmax": (models.build_softmax, Recipe(epochs=20, min_steps=400)),
    "dense": (_wide_dense, Recipe(epochs=20, min_steps=1000, learning_rate=2e-3, weight_decay=0.02)),
    "dense-augmented": (
        _wide_dense,
        Recipe(epochs=60, min_steps=3000, learning_rate=2e-3, augmentation=SMALL_MOVES),
    ),
    "cnn-small": (partial(models.build_cnn, filters=(12, 20, 40)), _LONG),
    "cnn": (_wide_cnn, _LONG),
    "cnn-short": (_wide_cnn, replace(_LONG, epochs=6, min_steps=1500)),
}


def train(name: str, dataset: Dataset, seed: int = 0) -> training.Trained:
    """Return the network called `name` in `RECIPES`, trained on all but the held-out tenth."""
    build, recipe = RECIPES[name]
    (x, y), (x_validation, y_validation) = hold_out(dataset)
    return training.fit_or_load(
        partial(build, classes=len(dataset.class_names)),
        scale(x),
        y,
        recipe,
        validation=(scale(x_validation), y_validation),
        seed=seed,
    )
