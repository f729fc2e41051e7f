"""Measure what a network that reads digits brings to other characters.

A network for a new set of classes can start afresh, or take over what another one has learned: all of
its layers but the last, whose answers nobody needs. Yosinski et al. ("How transferable are features in
deep neural networks?", NeurIPS 2014) compare the same starts. Here each is given the same few images,
and its accuracy on the whole test part is recorded against how many there were.
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
from digitbook.data.samples import first_of_each
from digitbook.errors import ExperimentError
from digitbook.experiments import scoring, store
from digitbook.experiments.records import Record
from digitbook.experiments.run import configuration_digest, environment
from digitbook.experiments.series import series
from digitbook.images.prepare import scale
from digitbook.networks import evaluation, training
from digitbook.networks.backend import keras
from digitbook.networks.recipes import SMALL_MOVES
from digitbook.networks.training import Recipe
from digitbook.paths import RELEASED

_SHORT = Recipe(epochs=10, min_steps=150, batch_size=64, augmentation=SMALL_MOVES)
STARTS = {
    "scratch": replace(_SHORT, learning_rate=0.03),
    "fine-tuned": replace(_SHORT, learning_rate=0.01),
    "frozen": replace(_SHORT, learning_rate=0.1),
}
"""How a network of each start is trained; chosen on the held-out letters."""
SOURCE = RELEASED.with_suffix(".keras")
"""The network to start from: the released one, which reads MNIST's digits."""


def network(source: keras.Sequential, classes: int, start: str) -> keras.Sequential:
    """Return an untrained network with the layers of `source` and a new last one for `classes`.

    Args:
        source: a network that ends in a layer with one probability a class.
        classes: how many classes the new network tells apart.
        start: "scratch" draws all weights anew, "fine-tuned" takes over those of `source` but the last
            layer's, and "frozen" does so and trains the last layer alone. Frozen batch normalisation
            keeps the means and variances of `source`, too.
    """
    body = keras.models.clone_model(source).layers[:-1]
    if start != "scratch":
        for layer, learned in zip(body, source.layers[:-1], strict=True):
            layer.set_weights(learned.get_weights())
            layer.trainable = start != "frozen"
    last = keras.layers.Dense(classes, activation="softmax")
    return keras.Sequential([keras.Input(source.input_shape[1:]), *body, last])


def run(
    dataset: Dataset,
    sizes: Sequence[int],
    seeds: Sequence[int],
    results: Path,
    say: Callable[[str], None] = print,
    source: Path = SOURCE,
) -> Record:
    """Record how well each start of `STARTS` reads `dataset`, and return the record.

    A run trains on the first images of each class, in an order drawn from the seed, so that all starts
    get the same images and a larger size has those of a smaller one among its own. It is recorded by
    `start`, `size` and `seed`, with the `images` trained on (of all classes), `validation_accuracy`,
    `accuracy` (on the test part), `errors` (of the test part), `seconds` and `cpu_seconds`. Runs that
    `results` holds are not made again.

    Args:
        dataset: what to train and to test on; its held-out tenth is never trained on.
        sizes: training images a class; those that some class does not have are left out.
        seeds: each decides the images, the new weights and the order.
        results: the folder of the records.
        say: is told as each run ends.
        source: the `.keras` file to start from.

    Raises:
        ExperimentError: the data set must not be trained on or is what `source` was trained on, the
            network is not whole, or the record is about other runs.
    """
    scoring.refuse_training(dataset)
    learned, note = store.load_network(source)
    if note is None:
        raise ExperimentError(f"{source} does not say what it was trained on.")
    scoring.refuse_overlap(note, dataset)
    if note["data"] == dataset.name:
        raise ExperimentError(f"{source} reads {dataset.name} already; name another data set.")
    (x, y), (x_validation, y_validation) = data.hold_out(dataset)
    if too_large := [size for size in sizes if size > min(np.bincount(y))]:
        say(
            f"Left out: {', '.join(map(str, too_large))} images a class; {dataset.name} has "
            f"{min(np.bincount(y))} to train on of its smallest class."
        )
    sizes = [size for size in sizes if size not in too_large]
    if not sizes:
        raise ExperimentError("No size is left to measure; name smaller ones with --sizes.")

    def make(start: str, size: int, seed: int) -> dict:
        rows = first_of_each(y, size, seed)
        began, used = time.perf_counter(), time.process_time()
        with training.seeded(seed):
            model = network(learned, len(dataset.class_names), start)
            training.fit(model, scale(x[rows]), y[rows], STARTS[start], validation=None, seed=seed)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - used
        right = [
            evaluation.predict(model, images).argmax(axis=1) == classes
            for images, classes in ((x_validation, y_validation), (dataset.x_test, dataset.y_test))
        ]
        return {
            "images": len(rows),
            "validation_accuracy": float(right[0].mean()),
            "accuracy": float(right[1].mean()),
            "errors": int((~right[1]).sum()),
            "seconds": round(seconds, 1),
            "cpu_seconds": round(cpu_seconds, 1),
        }

    recipe = {start: asdict(each) for start, each in STARTS.items()}
    source_facts = {
        **{key: note[key] for key in ("model", "data", "data_sha256", "seed", "commit")},
        "weights_sha256": store.weights_sha256(learned),
    }
    digest = configuration_digest(learned, {**recipe, "source": source_facts}, dataset)
    return series(
        "transfer",
        results,
        {
            "model": note["model"],
            "data": dataset.name,
            "data_sha256": dataset.sha256,
            "configuration": digest,
            "environment": environment(),
            "recipe": recipe,
            "source": source_facts,
            "examples": len(dataset.y_test),
        },
        [
            {"start": start, "size": size, "seed": seed}
            for seed in seeds
            for size in sizes
            for start in STARTS
        ],
        make,
        say,
    )


def table(record: Record) -> pd.DataFrame:
    """Return the mean accuracy on the test part of each start (columns), by images a class (rows)."""
    runs = pd.DataFrame(record["runs"])
    return runs.pivot_table("accuracy", "size", "start").reset_index()
