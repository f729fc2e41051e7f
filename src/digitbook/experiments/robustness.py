"""Ask recorded networks about corrupted test images, and about test images from elsewhere.

Each network answers the test part of its data set as it is and under every corruption in every
strength (see `digitbook.images.corruptions`), and the test part of another set of the same classes. Its
confidence is that after the temperature on its record, and it refuses an answer below the confidence
that it had in all but `REFUSED_SHARE` of the held-out digits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from digitbook import data
from digitbook.data import Dataset
from digitbook.errors import ExperimentError
from digitbook.experiments import records, store
from digitbook.experiments.records import Record, RunRecord
from digitbook.experiments.run import heading
from digitbook.images import corruptions
from digitbook.images.corruptions import CORRUPTIONS
from digitbook.networks import evaluation
from digitbook.networks.backend import keras

MODELS = ("softmax", "dense", "dense-augmented", "cnn-quick", "cnn-small", "cnn")
"""The recipes whose recorded networks are asked."""
ELSEWHERE = "usps"
"""Digits that other people wrote for another purpose, scanned and cut out by others."""
REFUSED_SHARE = 0.01
"""The share of held-out digits that each network's threshold refuses."""
SEED = 0
"""Decides what is random in the corruptions, the same for every network."""


@dataclass(frozen=True)
class Exam:
    """Images to answer, uint8 `(N, 28, 28)`, with their classes `(N,)` and what was done to them."""

    data: str
    corruption: str
    strength: int
    images: np.ndarray
    y: np.ndarray


def run(
    dataset: Dataset,
    elsewhere: Dataset,
    results: Path,
    say: Callable[[str], None] = print,
    models: Sequence[str] = MODELS,
) -> Record:
    """Put every recorded run of `models` on `dataset` to all exams, and return the record.

    The record is written anew after each network. Networks that are on it, with the same images and
    weights, are not asked again. `say` is told what is under way.

    Raises:
        RecordsMissing: a model has no recorded run on this data.
        ExperimentError: a network is not on this machine, or is not the recorded one.
    """
    every = records.read(results)
    runs = [run for model in models for run in records.newest(every, model, dataset.name)]
    away = [path for run in runs if not (path := _network_path(run)).is_file()]
    if away:
        raise ExperimentError(
            f"{len(away)} of {len(runs)} networks are not on this machine, first of them {away[0]}. "
            "`digitbook train` trains a recorded network again."
        )
    say("Corrupting the test images")
    exams = [*corrupted(dataset), as_it_is(elsewhere)]
    found = records.begun("robustness", results, _setting(exams, dataset, elsewhere), "runs")
    for number, run in enumerate(runs, start=1):
        name = store.name_of(run)
        if found["runs"].get(name, {}).get("weights_sha256") != run["weights_sha256"]:
            found["runs"][name] = examine(run, dataset, exams)
            records.store("robustness", found, results)
        say(f"{number}/{len(runs)}: {name}")
    records.store("robustness", found, results)
    return found


def table(record: Record) -> pd.DataFrame:
    """Return the mean share read right by each model (columns) of what was done to images (rows).

    The mean is over seeds and strengths; images that nothing was done to are called by their data set.
    """
    rows = records.robustness_table(record)
    exam = rows["corruption"].where(rows["corruption"] != "none", rows["data"])
    means = rows.assign(images=exam).pivot_table("accuracy", "images", "model", sort=False)
    return means.reset_index()


def _network_path(run: RunRecord) -> Path:
    return store.model_path(store.name_of(run))


def corrupted(dataset: Dataset) -> list[Exam]:
    """Return the test part as it is, then under each corruption in strengths 1 to 5."""
    return [as_it_is(dataset)] + [
        Exam(
            dataset.name,
            name,
            strength,
            corruptions.corrupt(dataset.x_test, name, strength, SEED),
            dataset.y_test,
        )
        for name in CORRUPTIONS
        for strength in range(1, 6)
    ]


def as_it_is(dataset: Dataset) -> Exam:
    """Return the test part with nothing done to it."""
    return Exam(dataset.name, "none", 0, dataset.x_test, dataset.y_test)


def _setting(exams: Sequence[Exam], dataset: Dataset, elsewhere: Dataset) -> Record:
    """Return what all networks on the record have in common."""
    images = hashlib.sha256()
    for exam in exams:
        images.update(np.ascontiguousarray(exam.images).data)
    return {
        "data": {each.name: each.sha256 for each in (dataset, elsewhere)},
        "examples": {each.name: len(each.y_test) for each in (dataset, elsewhere)},
        "corruptions": {
            name: {"strengths": list(entry.strengths), "unit": entry.unit}
            for name, entry in CORRUPTIONS.items()
        },
        "corruption_seed": SEED,
        "images_sha256": images.hexdigest(),
        "refused": REFUSED_SHARE,
    }


def examine(run: RunRecord, dataset: Dataset, exams: Sequence[Exam]) -> Record:
    """Return what the network of a recorded run makes of the exams.

    The entry holds the run's heading, `weights_sha256`, `temperature` and `threshold` (the confidence
    below which an answer is refused), and the columns of `answers`: for each exam its `data`,
    `corruption` and `strength`, the `errors`, the mean `confidence`, how many answers are `refused`,
    and how many of the others are wrong, `kept_errors`.

    Raises:
        ExperimentError: the network is not on this machine, or is not the recorded one.
    """
    network = store.recorded(run)
    x_validation = data.hold_out(dataset)[1][0]
    threshold = float(
        np.quantile(_answered(network, x_validation, run["temperature"])[1], REFUSED_SHARE)
    )
    rows = []
    for exam in exams:
        predicted, confidence = _answered(network, exam.images, run["temperature"])
        wrong, kept = predicted != exam.y, confidence >= threshold
        rows.append(
            {
                "data": exam.data,
                "corruption": exam.corruption,
                "strength": exam.strength,
                "errors": int(wrong.sum()),
                "confidence": round(float(confidence.mean()), 5),
                "refused": int((~kept).sum()),
                "kept_errors": int((wrong & kept).sum()),
            }
        )
    return {
        **heading(run["model"], dataset, run["seed"], run["configuration"]),
        "weights_sha256": run["weights_sha256"],
        "temperature": run["temperature"],
        "threshold": threshold,
        "answers": {column: [row[column] for row in rows] for column in rows[0]},
    }


def _answered(
    network: keras.Sequential, images: np.ndarray, temperature: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the answer to each image and the confidence in it."""
    probabilities = evaluation.predict(network, images)
    confidence = evaluation.with_temperature(probabilities, temperature).max(axis=1)
    return probabilities.argmax(axis=1), confidence
