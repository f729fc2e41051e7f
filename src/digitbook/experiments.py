"""Train a named network, score it once on the test part, and record what came out.

A run is a recipe on a data set with a seed. It trains on all but the held-out tenth, rounds the
weights to float16 so that every export carries the same numbers, and fits its temperature on the
held-out digits. `digitbook train` makes one run, `digitbook sweep` many (see `digitbook.sweep`).
A `series` is many short runs in one record.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from sklearn.metrics import log_loss

from digitbook import data, evaluation, machine, records, sources, training
from digitbook.backend import keras
from digitbook.data import Dataset
from digitbook.errors import BadInput
from digitbook.files import cache_dir, replacing
from digitbook.preprocessing import scale
from digitbook.recipes import RECIPES
from digitbook.records import Record

ENSEMBLES = {"cnn-ensemble": "cnn"}
"""Networks that answer together, by name, and whose runs they are."""
NOTE = "digitbook.json"
"""The file inside a `.keras` archive that says what the network is and was trained on."""


class ExperimentError(BadInput):
    """A run that cannot be made, or a network that must not be scored on this data."""


@dataclass(frozen=True)
class Run:
    """A recipe, a data set and a seed: all that decides the outcome, up to the machine.

    Raises:
        ExperimentError: the data set is for evaluation only.
    """

    model: str
    dataset: Dataset
    seed: int

    def __post_init__(self):
        refuse_training(self.dataset)

    def build(self) -> keras.Sequential:
        """Return the untrained network."""
        return RECIPES[self.model][0](classes=len(self.dataset.class_names))

    @cached_property
    def configuration(self) -> str:
        """Eight hexadecimal digits that change with the network, the recipe or the data."""
        return configuration(self.build(), asdict(RECIPES[self.model][1]), self.dataset)

    @property
    def name(self) -> str:
        """The run's record and network are stored under this name."""
        return f"{self.dataset.name}-{self.model}-{self.configuration}-{self.seed}"


def configuration(network: keras.Sequential, recipe: dict, dataset: Dataset) -> str:
    """Return eight hexadecimal digits that change with the network, the recipe or the data."""
    facts = {
        "network": training.without_names(network.get_config()),
        "recipe": recipe,
        "data": dataset.sha256,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]


def train(run: Run, say: Callable[[str], None] = print) -> tuple[keras.Sequential, Record]:
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
    record = {
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
        "peak_memory_mb": round(machine.peak_memory_mb()),
    }
    return model, record


def heading(model: str, dataset: Dataset, seed: int | Sequence[int], configuration: str) -> Record:
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


def made() -> dict[str, str]:
    """Say at which commit and when something was made."""
    return {
        "commit": machine.commit(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def scores(
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    class_names: tuple[str, ...],
) -> Record:
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


def ensemble(name: str, runs: Sequence[Run]) -> Record:
    """Return the record of the networks of `runs` answering together, by their mean probabilities.

    Their stored networks are read; nothing is trained.

    Raises:
        ExperimentError: a network is not on this machine.
    """
    dataset = runs[0].dataset
    x_validation, y_validation = data.hold_out(dataset)[1]
    networks = [load(model_path(run.name))[0] for run in runs]

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


def series(
    path: Path,
    about: Record,
    wanted: Iterable[dict],
    make: Callable[..., dict],
    say: Callable[[str], None],
) -> Record:
    """Make the runs that the record at `path` lacks, store it as each ends, and return it.

    Args:
        path: where the record lies, or will.
        about: what all runs share, `configuration` and `environment` among it; the record is this
            and `runs`, one mapping a run.
        wanted: what tells the runs apart, for each of them the arguments of `make`.
        make: makes a run and returns what came out.
        say: is told in a line what came out of each run.

    Raises:
        ExperimentError: the record is about something else, or another process adds to it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(path.with_name(f".{path.name}.lock")).acquire(timeout=0)
    except Timeout:
        raise ExperimentError(
            f"Another process is adding to {path}; wait until it has ended."
        ) from None
    with lock:
        record = records.load(path) if path.is_file() else {**about, "runs": []}
        lacking = [
            run for run in wanted if not any(run.items() <= done.items() for done in record["runs"])
        ]
        for key in ("configuration", "environment") if lacking else ("configuration",):
            if record[key] != about[key]:
                raise ExperimentError(
                    f"The runs in {path} have another {key} ({record[key]}, not {about[key]}); name "
                    "another folder with --results."
                )
        for run in lacking:
            came_out = {**run, **make(**run), **made()}
            record["runs"].append(came_out)
            records.store(path, record)
            name = ", ".join(f"{key} {value}" for key, value in run.items())
            say(f"{name}: {came_out['validation_accuracy']:.2%} on validation")
        return record


def failure(run: Run, reason: str) -> Record:
    """Return the record of a run that ended without a result."""
    found = heading(run.model, run.dataset, run.seed, run.configuration)
    return {**found, "status": "failed", "reason": reason}


def round_weights(model: keras.Sequential) -> None:
    """Round every weight to the nearest float16, the precision that exports carry."""
    model.set_weights([array.astype("float16").astype(array.dtype) for array in model.get_weights()])


def weights_sha256(model: keras.Sequential) -> str:
    """Return the SHA-256 of all weights in their order, as 64 hexadecimal digits."""
    return hashlib.sha256(b"".join(array.tobytes() for array in model.get_weights())).hexdigest()


def name_of(record: Record) -> str:
    """Return the name of a recorded run, as `Run.name` has it."""
    return "-".join(str(record[key]) for key in ("data", "model", "configuration", "seed"))


def model_path(run_name: str) -> Path:
    """Return where the trained network of a run is kept on this machine."""
    return cache_dir() / "runs" / f"{run_name}.keras"


def save(model: keras.Sequential, path: Path, record: Record) -> None:
    """Store a network as `.keras`, with a note inside of what it is, was trained on and scored."""
    heading = ("model", "data", "data_sha256", "seed", "configuration", "commit")
    note = {
        **{key: record[key] for key in heading},
        "classes": list(record["per_class"]),
        "temperature": record["temperature"],
        "accuracy": record["metrics"]["accuracy"],
        "examples": record["examples"],
    }
    # A compiled network would take its optimiser's state along, twice the size of its weights.
    bare = keras.Sequential.from_config(model.get_config())
    bare.set_weights(model.get_weights())
    with replacing(path) as fresh:
        bare.save(fresh)
        with zipfile.ZipFile(fresh, "a") as archive:
            archive.writestr(NOTE, json.dumps(note, indent=1))


def load(path: Path) -> tuple[keras.Sequential, dict | None]:
    """Read a `.keras` file and its note, which is None in a file that `save` did not write.

    Raises:
        ExperimentError: the file is missing or damaged, or does not take 28×28 images.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            note = json.loads(archive.read(NOTE)) if NOTE in archive.namelist() else None
        model = keras.saving.load_model(path, compile=False)
    except FileNotFoundError:
        raise ExperimentError(f"There is no file {path}.") from None
    except Exception as error:  # Keras passes on whatever its parts raise
        raise ExperimentError(f"{path} is not a whole .keras file: {error}") from error
    if model.input_shape != (None, 28, 28):
        raise ExperimentError(
            f"{path} takes inputs of shape {model.input_shape[1:]}, not images of 28 by 28."
        )
    return model, note


def recorded(record: Record) -> keras.Sequential:
    """Return the network of a recorded run, as it was kept where it was trained.

    Raises:
        ExperimentError: it is not on this machine, or is not the network that was recorded.
    """
    path = model_path(name_of(record))
    model, _ = load(path)
    if weights_sha256(model) != record["weights_sha256"]:
        raise ExperimentError(f"{path} is not the network that was recorded; train it again.")
    return model


def refuse_training(dataset: Dataset) -> None:
    """Raise `ExperimentError` if a data set is for evaluation only."""
    if sources.entry(dataset.name).evaluation_only:
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
    if note["data"] == sources.entry(dataset.name).drawn_from:
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


def environment() -> dict[str, str | int]:
    """Describe the machine, the versions and the threads that a run uses."""
    backend = keras.backend.backend()
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in ("keras", backend, "numpy")},
        "backend": backend,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": machine.processor(),
        "cores": os.cpu_count(),
        "threads": int(os.environ.get("TF_NUM_INTRAOP_THREADS", os.cpu_count())),
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
