"""Score a stored network on a test part, unless it must not be asked about that; say what came out."""

from __future__ import annotations

from digitbook.data import Dataset
from digitbook.data.registry import entry
from digitbook.errors import ExperimentError
from digitbook.experiments.records import RunRecord
from digitbook.networks import evaluation
from digitbook.networks.backend import keras


def refuse_training(dataset: Dataset) -> None:
    """Raise `ExperimentError` if a data set is for evaluation only."""
    if entry(dataset.name).evaluation_only:
        raise ExperimentError(
            f"{dataset.name} is for evaluation only; train on another set and use "
            f"`digitbook evaluate MODEL --data {dataset.name}`."
        )


def refuse_other_classes(model: keras.Sequential, note: dict | None, dataset: Dataset) -> None:
    """Raise `ExperimentError` if a network tells other classes apart than those of `dataset`."""
    outputs = model.output_shape[-1]
    names = (note or {}).get(
        "classes", dataset.class_names if outputs == len(dataset.class_names) else ()
    )
    if tuple(names) != dataset.class_names:
        raise ExperimentError(
            f"This network tells {' '.join(names) or f'{outputs} classes'} apart, and the classes of "
            f"{dataset.name} are {' '.join(dataset.class_names)}: no answer could be right."
        )


def refuse_overlap(note: dict, dataset: Dataset) -> None:
    """Raise `ExperimentError` if a network with this note saw test images of `dataset` in training."""
    if note["data"] == entry(dataset.name).drawn_from:
        raise ExperimentError(
            f"This network was trained on {note['data']}, and the test images of {dataset.name} are "
            f"among the training images of {note['data']}: it would be asked what it has been told."
        )
    if note["data"] == dataset.name and note["data_sha256"] != dataset.sha256:
        raise ExperimentError(
            f"This network was trained on another version of {dataset.name} "
            f"({note['data_sha256'][:12]}…, not {dataset.sha256[:12]}…), whose training images may be "
            "among these test images."
        )


def evaluate(model: keras.Sequential, dataset: Dataset) -> dict:
    """Return `accuracy` (a fraction), its 95 % Wilson `interval`, `errors`, `examples`, `per_class`."""
    predicted = evaluation.predict(model, dataset.x_test).argmax(axis=1)
    right = int((predicted == dataset.y_test).sum())
    examples = len(dataset.y_test)
    return {
        "data": dataset.name,
        "accuracy": right / examples,
        "interval": evaluation.interval(right, examples),
        "errors": examples - right,
        "examples": examples,
        "per_class": evaluation.per_class(dataset.y_test, predicted, dataset.class_names).to_dict(
            orient="index"
        ),
    }


def headline(record: RunRecord) -> str:
    """Say in one line what came out of a run."""
    took = f", {record['seconds']:.0f} s" if "seconds" in record else ""
    return (
        f"{record['metrics']['accuracy']:.2%} of {record['examples']:,} right "
        f"({record['errors']:,} mistakes), {record['parameters']:,} parameters{took}"
    )
