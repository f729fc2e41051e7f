"""Train a named network, score it once on the test part, and record what came out.

A run is a recipe on a data set with a seed. It trains on all but the held-out tenth, rounds the
weights to float16 so that every export carries the same numbers, and fits its temperature on the
held-out digits. `digitbook train` makes one run, `digitbook sweep` many (see
`digitbook.experiments.sweep`).
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version

import numpy as np
from sklearn.metrics import log_loss

from digitbook import data
from digitbook._util import provenance
from digitbook.data import Dataset
from digitbook.experiments import records
from digitbook.experiments.records import RunRecord
from digitbook.experiments.scoring import refuse_training
from digitbook.experiments.store import load_network, model_path, round_weights, weights_sha256
from digitbook.images.prepare import scale
from digitbook.networks import evaluation, training
from digitbook.networks.backend import keras
from digitbook.networks.recipes import RECIPES

ENSEMBLES = {"cnn-ensemble": "cnn"}
"""Networks that answer together, by name, and whose runs they are."""


@dataclass(frozen=True)
class Run:
    """A recipe, a data set and a seed: all that decides the outcome, up to the machine.

    Raises:
        ExperimentError: the data set is for evaluation only.
    """

    model: str
    dataset: Dataset
    seed: int

    def __post_init__(self) -> None:
        refuse_training(self.dataset)

    def build(self) -> keras.Sequential:
        """Return the untrained network."""
        return RECIPES[self.model][0](classes=len(self.dataset.class_names))

    @cached_property
    def configuration(self) -> str:
        """Eight hexadecimal digits that change with the network, the recipe or the data."""
        return configuration_digest(self.build(), asdict(RECIPES[self.model][1]), self.dataset)

    @property
    def name(self) -> str:
        """The run's record and network are stored under this name."""
        return f"{self.dataset.name}-{self.model}-{self.configuration}-{self.seed}"


def configuration_digest(network: keras.Sequential, recipe: dict, dataset: Dataset) -> str:
    """Return eight hexadecimal digits that change with the network, the recipe or the data."""
    facts = {
        "network": training.without_names(network.get_config()),
        "recipe": recipe,
        "data": dataset.sha256,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]


def train(run: Run, say: Callable[[str], None] = print) -> tuple[keras.Sequential, RunRecord]:
    """Make a run and return its network, weights rounded to float16, and its record.

    `say` is told the validation accuracy after each epoch.
    """
    build, recipe = RECIPES[run.model]
    (x, y), (x_validation, y_validation) = data.hold_out(run.dataset)
    started, used = time.perf_counter(), time.process_time()
    with training.seeded(run.seed):
        model = build(classes=len(run.dataset.class_names))
        history = training.fit(
            model,
            scale(x),
            y,
            recipe,
            validation=(scale(x_validation), y_validation),
            seed=run.seed,
            callbacks=[_Progress(say)],
        )
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
    round_weights(model)
    record: RunRecord = {
        **heading(run.model, run.dataset, run.seed, run.configuration),
        "recipe": asdict(recipe),
        "parameters": model.count_params(),
        **scores(
            (y_validation, evaluation.predict(model, x_validation)),
            (run.dataset.y_test, evaluation.predict(model, run.dataset.x_test)),
            run.dataset.class_names,
        ),
        "history": {name: [round(value, 5) for value in curve] for name, curve in history.items()},
        "weights_sha256": weights_sha256(model),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "peak_memory_mb": round(provenance.peak_memory_mb()),
    }
    return model, record


def heading(model: str, dataset: Dataset, seed: int | Sequence[int], configuration: str) -> RunRecord:
    """Return the part of a record that says what was run, on what, where and when."""
    return {
        "model": model,
        "data": dataset.name,
        "data_sha256": dataset.sha256,
        "seed": seed,
        "configuration": configuration,
        "status": "done",
        **made(),
        "environment": environment(),
    }


def made() -> RunRecord:
    """Say at which commit and when something was made."""
    return {
        "commit": provenance.commit(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def scores(
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    class_names: tuple[str, ...],
) -> RunRecord:
    """Return the part of a record that says what came out.

    Both arguments are true classes `(N,)` and probabilities `(N, classes)`. The temperature is
    fitted on the validation part and leaves every answer as it is. Where that holds no mistake it is
    1: the fit would call every answer certain.
    """
    validation_right = validation[1].argmax(axis=1) == validation[0]
    temperature = 1.0 if validation_right.all() else evaluation.fit_temperature(*validation)
    y, probabilities = test
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != y)
    table = evaluation.per_class(y, predicted, class_names)
    raw = _calibration(y, evaluation.with_temperature(probabilities, 1))
    calibrated = _calibration(y, evaluation.with_temperature(probabilities, temperature))
    return {
        "metrics": {
            "accuracy": 1 - len(wrong) / len(y),
            **{name: float(table[name].mean()) for name in ("precision", "recall", "f1")},
            "validation_accuracy": float(validation_right.mean()),
            **raw,
            **{f"calibrated_{name}": value for name, value in calibrated.items()},
        },
        "temperature": temperature,
        "errors": len(wrong),
        "examples": len(y),
        "per_class": table.to_dict(orient="index"),
        "mistakes": {"index": wrong.tolist(), "true": y[wrong].tolist()},
        "answers": records.pack_answers(probabilities),
    }


def _calibration(y: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    return {
        "log_loss": float(log_loss(y, probabilities, labels=range(probabilities.shape[1]))),
        "calibration_error": evaluation.expected_calibration_error(
            evaluation.reliability(y, probabilities)
        ),
    }


def ensemble(name: str, runs: Sequence[Run]) -> RunRecord:
    """Return the record of the networks of `runs` answering together, by their mean probabilities.

    Their stored networks are read; nothing is trained.

    Raises:
        ExperimentError: a network is not on this machine.
    """
    dataset = runs[0].dataset
    x_validation, y_validation = data.hold_out(dataset)[1]
    networks = [load_network(model_path(run.name))[0] for run in runs]

    def together(images: np.ndarray) -> np.ndarray:
        return np.mean([evaluation.predict(network, images) for network in networks], axis=0)

    return {
        **heading(name, dataset, [run.seed for run in runs], runs[0].configuration),
        "members": [run.name for run in runs],
        "recipe": asdict(RECIPES[runs[0].model][1]),
        "parameters": sum(network.count_params() for network in networks),
        **scores(
            (y_validation, together(x_validation)),
            (dataset.y_test, together(dataset.x_test)),
            dataset.class_names,
        ),
    }


def failure(run: Run, reason: str) -> RunRecord:
    """Return the record of a run that ended without a result."""
    found = heading(run.model, run.dataset, run.seed, run.configuration)
    return {**found, "status": "failed", "reason": reason}


def environment() -> dict[str, str | int]:
    """Describe the machine, the versions and the threads that a run uses."""
    backend = keras.backend.backend()
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in ("keras", backend, "numpy")},
        "backend": backend,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": provenance.processor(),
        "cores": os.cpu_count() or 1,
        "threads": int(os.environ.get("TF_NUM_INTRAOP_THREADS") or os.cpu_count() or 1),
    }


class _Progress(keras.callbacks.Callback):
    def __init__(self, say: Callable[[str], None]):
        super().__init__()
        self.say = say

    def on_epoch_end(self, epoch, logs=None) -> None:
        epochs = self.params["epochs"]
        # A small set is passed through hundreds of times.
        if (epoch + 1) % -(-epochs // 60) == 0 or epoch + 1 == epochs:
            self.say(f"epoch {epoch + 1}/{epochs}: {logs['val_accuracy']:.2%} on validation")
