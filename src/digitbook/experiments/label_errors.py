"""Find the labels that deserve a second look, by networks that never saw the digit in question.

The training part is dealt into folds, and each fold is answered by a network that was fitted to the
others. The test part is answered by all of these networks together, by their mean probabilities.
A label that is not the most probable class is disputed; confident learning (Northcutt, Jiang and
Chuang, JAIR 70, 2021), as done by cleanlab, says which of these are probably wrong.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from digitbook.data import Dataset
from digitbook.errors import DataError
from digitbook.experiments import records
from digitbook.experiments.records import Record
from digitbook.experiments.run import Run, heading
from digitbook.images.prepare import scale
from digitbook.networks import evaluation, training
from digitbook.networks.recipes import RECIPES

with warnings.catch_warnings():
    # In a notebook, tqdm's progress bars, which cleanlab imports, ask for widgets.
    warnings.filterwarnings("ignore", "IProgress not found")
    from cleanlab.filter import find_label_issues

MODEL = "cnn-quick"
"""The recipe of the networks that are asked."""


def run(dataset: Dataset, folds: int, results: Path, say: Callable[[str], None] = print) -> Record:
    """Record what `find` finds in a data set, and return the record."""
    found = find(dataset, folds, say=say)
    records.store("labels", found, results, data=dataset.name)
    for part, name in (("train", "training"), ("test", "test")):
        listed = found[part]["disputed"]["listed"]
        say(
            f"{name}: {len(listed):,} of {found[part]['examples']:,} labels disputed, "
            f"{sum(listed):,} of them probably wrong"
        )
    return found


def table(record: Record) -> pd.DataFrame:
    """Return the labels that are probably wrong: `part`, `image`, `label` and `suggested`."""
    parts = [
        pd.DataFrame(record[part]["disputed"]).query("listed").assign(part=part)
        for part in ("train", "test")
    ]
    listed = pd.concat(parts).rename(columns={"index": "image"})
    return listed[["part", "image", "label", "suggested"]]


def find(dataset: Dataset, folds: int = 5, seed: int = 0, say: Callable[[str], None] = print) -> Record:
    """Return the disputed labels of both parts of a data set, as a record to store.

    For each part the record holds the number of `examples` and the columns of `disputed`. `say` is
    told as each fold ends. Folds whose network is in the cache are not trained again.

    Raises:
        DataError: a class has fewer training images than there are folds.
    """
    answered = out_of_sample(dataset, folds, seed, say)
    parts = {}
    for part, y, probabilities in zip(
        ("train", "test"), (dataset.y_train, dataset.y_test), answered, strict=True
    ):
        parts[part] = {
            "examples": len(y),
            "disputed": disputed(y, probabilities).to_dict(orient="list"),
        }
    return {
        **heading(MODEL, dataset, seed, Run(MODEL, dataset, seed).configuration),
        "recipe": asdict(RECIPES[MODEL][1]),
        "folds": folds,
        "cleanlab": version("cleanlab"),
        **parts,
    }


def out_of_sample(
    dataset: Dataset, folds: int, seed: int, say: Callable[[str], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities `(N, classes)` for the training and the test part.

    No network answers for an example that it was fitted to.
    """
    build, recipe = RECIPES[MODEL]
    if (fewest := np.bincount(dataset.y_train).min()) < folds:
        raise DataError(
            f"{dataset.name} has {fewest} training images of its smallest class, too few to be dealt "
            f"into {folds} folds; name fewer with --folds."
        )
    x, y = scale(dataset.x_train), dataset.y_train
    train = np.empty((len(x), len(dataset.class_names)), "float32")
    test = np.zeros((len(dataset.x_test), len(dataset.class_names)), "float32")
    dealer = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for fold, (rest, left_out) in enumerate(dealer.split(x, y), start=1):
        network = training.fit_or_load(
            partial(build, classes=len(dataset.class_names)),
            x[rest],
            y[rest],
            recipe,
            validation=(x[left_out], y[left_out]),
            seed=seed,
        ).model
        train[left_out] = evaluation.predict(network, dataset.x_train[left_out])
        test += evaluation.predict(network, dataset.x_test) / folds
        right = (train[left_out].argmax(axis=1) == y[left_out]).mean()
        say(f"fold {fold}/{folds}: {right:.2%} of the {len(left_out):,} images left out read right")
    return train, test


def disputed(y: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """List the labels that are not their example's most probable class, the least probable first.

    Columns: `index` (the example's place in `y`), `label`, `suggested` (the most probable class),
    the probabilities of both, `label_probability` and `suggested_probability`, and `listed`: whether
    confident learning holds the label to be wrong.
    """
    suggested = probabilities.argmax(axis=1)
    index = np.flatnonzero(suggested != y)
    index = index[probabilities[index, y[index]].argsort(kind="stable")]
    return pd.DataFrame(
        {
            "index": index,
            "label": y[index],
            "suggested": suggested[index],
            "label_probability": [round(float(p), 6) for p in probabilities[index, y[index]]],
            "suggested_probability": [
                round(float(p), 6) for p in probabilities[index, suggested[index]]
            ],
            "listed": find_label_issues(y, probabilities, n_jobs=1)[index],
        }
    )
