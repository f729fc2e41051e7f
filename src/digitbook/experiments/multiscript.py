"""Compare two ways to read the digits of many scripts.

One network tells all classes apart, every digit of every script; or one tells the scripts apart, and
after it each script has a network of its own for its ten digits. Both ways are trained on the same
images and are shown as many of them in all, as they are or moved a little, as the book's other recipes
for few images do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from digitbook import data
from digitbook.data import Dataset
from digitbook.experiments import records
from digitbook.experiments.records import Record
from digitbook.experiments.run import configuration_digest, environment
from digitbook.experiments.series import series
from digitbook.images.prepare import scale
from digitbook.networks import evaluation, training
from digitbook.networks.backend import keras
from digitbook.networks.recipes import RECIPES, SMALL_MOVES
from digitbook.networks.training import Recipe

DIGITS_A_SCRIPT = 10
"""Classes of each script; the class of a digit is ten times its script's place plus its value."""

AS_THEY_ARE = Recipe(epochs=12, batch_size=64, learning_rate=0.01)
MOVED = replace(AS_THEY_ARE, augmentation=SMALL_MOVES)

Read = Callable[[np.ndarray], np.ndarray]


def fit_single(x: np.ndarray, y: np.ndarray, recipe: Recipe, seed: int) -> tuple[Read, int]:
    """Train one network for all classes.

    `x` are uint8 images `(N, 28, 28)` and `y` their classes. Returns a function from such images to
    each class's probability, `(N, classes)`, and the number of parameters.
    """
    model = _network(x, y, recipe, seed)
    return lambda images: evaluation.predict(model, images), model.count_params()


def fit_staged(x: np.ndarray, y: np.ndarray, recipe: Recipe, seed: int) -> tuple[Read, int]:
    """Train a network that tells the scripts apart, and one for the digits of each script.

    The probability of a class is that of its script times that of its digit in this script. Arguments
    and result are those of `fit_single`.
    """
    script, value = np.divmod(y, DIGITS_A_SCRIPT)
    first = _network(x, script, recipe, seed)
    second = [
        _network(x[script == place], value[script == place], recipe, seed)
        for place in range(script.max() + 1)
    ]

    def read(images: np.ndarray) -> np.ndarray:
        of_script = evaluation.predict(first, images)
        of_digit = [evaluation.predict(model, images) for model in second]
        return np.concatenate(
            [of_script[:, [place]] * each for place, each in enumerate(of_digit)], axis=1
        )

    return read, sum(model.count_params() for model in (first, *second))


def _network(x: np.ndarray, y: np.ndarray, recipe: Recipe, seed: int) -> keras.Sequential:
    with training.seeded(seed):
        model = RECIPES["cnn"][0](classes=int(y.max()) + 1)
        training.fit(model, scale(x), y, recipe, validation=None, seed=seed)
    return model


READERS = {"single": fit_single, "staged": fit_staged}


def run(
    dataset: Dataset,
    seeds: Sequence[int],
    results: Path,
    say: Callable[[str], None] = print,
    recipe: Recipe = AS_THEY_ARE,
) -> Record:
    """Record what each of `READERS` reads right of `dataset`, and return the record.

    Readers trained on moved images are asked about the held-out images moved in the same way, too.

    Args:
        dataset: digits of several scripts, ten classes a script, in the order of the scripts.
        seeds: each reader is trained once with each.
        results: the folder of the records; runs that it holds are not made again.
        say: is told as each run ends.
        recipe: how the single network is trained; with two stages each image is seen by two networks,
            so these take half of its epochs.

    Raises:
        ExperimentError: the record there is about other runs.
    """
    recipes = {"single": recipe, "staged": replace(recipe, epochs=recipe.epochs // 2)}
    (x, y), (x_validation, y_validation) = data.hold_out(dataset)
    if recipe.augmentation is not None:
        fresh = recipe.augmentation(scale(x_validation), np.random.default_rng(0))
        moved = np.rint(255 * fresh).astype("uint8")

    def make(reader: str, seed: int) -> dict:
        began, used = time.perf_counter(), time.process_time()
        read, parameters = READERS[reader](x, y, recipes[reader], seed)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - used
        validation = read(x_validation).argmax(axis=1)
        probabilities = read(dataset.x_test)
        predicted = probabilities.argmax(axis=1)
        wrong = np.flatnonzero(predicted != dataset.y_test)
        held_out = shares(y_validation, validation)
        if recipe.augmentation is not None:
            held_out["accuracy_moved"] = float((read(moved).argmax(axis=1) == y_validation).mean())
        return {
            "parameters": parameters,
            **{f"validation_{name}": share for name, share in held_out.items()},
            **shares(dataset.y_test, predicted),
            "seconds": round(seconds, 1),
            "cpu_seconds": round(cpu_seconds, 1),
            "mistakes": {"index": wrong.tolist(), "true": dataset.y_test[wrong].tolist()},
            "answers": records.pack_answers(probabilities),
        }

    described = {reader: asdict(each) for reader, each in recipes.items()}
    digest = configuration_digest(
        RECIPES["cnn"][0](classes=len(dataset.class_names)), described, dataset
    )
    return series(
        "readers" if recipe.augmentation is None else "readers-moved",
        results,
        {
            "model": "cnn",
            "data": dataset.name,
            "data_sha256": dataset.sha256,
            "configuration": digest,
            "environment": environment(),
            "recipe": described,
            "class_names": list(dataset.class_names),
            "examples": len(dataset.y_test),
        },
        [{"reader": reader, "seed": seed} for seed in seeds for reader in READERS],
        make,
        say,
    )


def table(record: Record) -> pd.DataFrame:
    """Return each reader's means over seeds (columns) of what `shares` returns (rows).

    Those of the held-out tenth come first, with `validation_` before their names.
    """
    means = pd.DataFrame(record["runs"]).groupby("reader").mean(numeric_only=True).T
    return means[means.index.str.contains("accuracy")].rename_axis("share").reset_index()


def shares(y: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return the shares of answers that are right in one sense or another.

    `accuracy` is the share with the right script and digit, `script_accuracy` and `value_accuracy` that
    with the right script and with the right digit of whatever script. Zero is a circle in many
    scripts, so `accuracy_without_zeros` and `value_accuracy_without_zeros` leave zeros aside.
    """
    right = predicted == y
    value = predicted % DIGITS_A_SCRIPT == y % DIGITS_A_SCRIPT
    other = y % DIGITS_A_SCRIPT != 0
    return {
        "accuracy": float(right.mean()),
        "value_accuracy": float(value.mean()),
        "script_accuracy": float((predicted // DIGITS_A_SCRIPT == y // DIGITS_A_SCRIPT).mean()),
        "accuracy_without_zeros": float(right[other].mean()),
        "value_accuracy_without_zeros": float(value[other].mean()),
    }
