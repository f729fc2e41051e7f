"""Recorded experiments: how the records in `results/` are read and stored, and tables made from them.

What kinds of records there are is in `kinds`. Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np
import pandas as pd
from scipy import stats

from digitbook._util.files import atomic_write
from digitbook.errors import BadInput
from digitbook.experiments.kinds import KINDS
from digitbook.paths import RESULTS

Record = dict[str, Any]


class Answers(TypedDict):
    """The predicted class of every test example and the confidence in it, packed."""

    predicted: str
    confidence: str


class Mistakes(TypedDict):
    """Which test examples are answered wrongly, and their true classes."""

    index: list[int]
    true: list[int]


class RunRecord(TypedDict, total=False):
    """What is recorded of a single run.

    A failed one has the `status` "failed" and a `reason` in place of results. That of an ensemble
    names its `members`, and its `seed` is a list.
    """

    model: str
    data: str
    data_sha256: str
    seed: Any
    configuration: str
    status: str
    reason: str
    commit: str
    finished: str
    environment: dict[str, str | int]
    members: list[str]
    recipe: dict[str, Any]
    parameters: int
    metrics: dict[str, float]
    """Fractions of the test part, but for `validation_accuracy`."""
    temperature: float
    errors: int
    examples: int
    per_class: dict[str, dict[str, float]]
    mistakes: Mistakes
    answers: Answers
    history: dict[str, list[float]]
    weights_sha256: str
    seconds: float
    cpu_seconds: float
    peak_memory_mb: int


class RecordsMissing(BadInput):
    """There are no records where they were looked for."""


def load(kind: str, results: Path = RESULTS, **about: str) -> Record:
    """Read a record of a kind that `KINDS` lists; `about` tells it from others of the kind.

    Raises:
        RecordsMissing: it was never made.
    """
    path = KINDS[kind].path(results, **about)
    if not path.is_file():
        raise _missing(kind, path, **about)
    return json.loads(path.read_text())


def begun(kind: str, results: Path, about: Record, parts: str) -> Record:
    """Return the record to go on with: the stored one, unless that is about something else.

    Args:
        kind: of the record; one that there is one of.
        results: the folder of the records.
        about: what has to be the same on it.
        parts: the key under which it then collects what comes out, by name.
    """
    try:
        stored = load(kind, results)
    except RecordsMissing:
        stored = {}
    same = all(stored.get(key) == value for key, value in about.items())
    return stored if same else {**about, parts: {}}


def load_all(kind: str, results: Path = RESULTS) -> list[Record]:
    """Read all records of a kind, ordered by file name.

    Raises:
        RecordsMissing: there is none.
    """
    if not (paths := KINDS[kind].paths(results)):
        raise _missing(kind, KINDS[kind].path(results, run="*", data="*"), data="NAME", model="NAME")
    return [json.loads(path.read_text()) for path in paths]


def _missing(kind: str, path: Path, **about: str) -> RecordsMissing:
    return RecordsMissing(
        f"There is no record {path}. It comes with a clone of the book's repository; "
        f"`{KINDS[kind].command.format(**about)}` makes it anew."
    )


def store(kind: str, record: Mapping[str, Any], results: Path, **about: str) -> Path:
    """Store a record, whole or not at all, and return its path."""
    path = KINDS[kind].path(results, **about)
    with atomic_write(path) as fresh:
        lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items())
        fresh.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return path


def read(results: Path = RESULTS, status: str = "done") -> list[RunRecord]:
    """Return the records of runs that have this status, ordered by file name.

    Raises:
        RecordsMissing: there are none of either status.
    """
    found = (cast(RunRecord, record) for record in load_all("runs", results))
    return [record for record in found if record["status"] == status]


def is_done(results: Path, run: str) -> bool:
    """Tell whether the run of this name is recorded and did not fail."""
    there = KINDS["runs"].path(results, run=run).is_file()
    return there and load("runs", results, run=run)["status"] == "done"


def series(kind: str, results: Path = RESULTS) -> pd.DataFrame:
    """Return the runs of all records of a kind that holds many short ones (see `series`), one a row.

    Columns: `data`, the set's name, and what the records say of each run.

    Raises:
        RecordsMissing: nothing is recorded.
    """
    return pd.concat(
        [
            pd.DataFrame({"data": record["data"], **run} for run in record["runs"])
            for record in load_all(kind, results)
        ],
        ignore_index=True,
    )


def robustness_table(record: Record) -> pd.DataFrame:
    """Return one row for each network and exam of a record of robustness.

    Columns: `model`, `seed`, `data`, `corruption` ("none" for images as they are), `strength` (0 to
    5), and as fractions of the images `accuracy`, mean `confidence`, `refused`, and `sure_errors`:
    wrong answers that were not refused.
    """
    tables = []
    for run in record["runs"].values():
        answers = pd.DataFrame(run["answers"])
        examples = answers["data"].map(record["examples"])
        tables.append(
            pd.DataFrame(
                {
                    "model": run["model"],
                    "seed": run["seed"],
                    **answers[["data", "corruption", "strength"]],
                    "accuracy": 1 - answers["errors"] / examples,
                    "confidence": answers["confidence"],
                    "refused": answers["refused"] / examples,
                    "sure_errors": answers["kept_errors"] / examples,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def transfer_curves(runs: pd.DataFrame) -> pd.DataFrame:
    """Return mean accuracies over seeds of `series("transfer")`, a row each `data`, `start` and `size`.

    Columns: those three, `runs` (at least two), `accuracy` (mean), and `low` and `high` (its t
    interval).
    """
    rows = []
    for key, accuracies in runs.groupby(["data", "start", "size"], sort=False)["accuracy"]:
        rows.append((*key, len(accuracies), *spread(accuracies)))
    columns = ["data", "start", "size", "runs", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def pack(values: np.ndarray) -> str:
    """Compress an array's bytes into text for a JSON file."""
    return base64.b64encode(zlib.compress(values.tobytes(), 9)).decode()


def unpack(text: str, dtype: str) -> np.ndarray:
    """Return the array, of one dimension, that `pack` compressed."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype)


def pack_answers(probabilities: np.ndarray) -> Answers:
    """Compress the predicted classes and their confidence, as `answers` reads them."""
    return {
        "predicted": pack(probabilities.argmax(axis=1).astype("uint8")),
        "confidence": pack(probabilities.max(axis=1).astype("float16")),
    }


def answers(record: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the predicted class, int64, and its confidence, float16, of every test example."""
    stored = record["answers"]
    predicted = unpack(stored["predicted"], "uint8").astype("int64")
    return predicted, unpack(stored["confidence"], "float16")


def truth(record: Mapping[str, Any]) -> np.ndarray:
    """Return the true class of every test example, int64: its answers with the mistakes undone."""
    classes = answers(record)[0]
    classes[record["mistakes"]["index"]] = record["mistakes"]["true"]
    return classes


def spread(values: Iterable[float], level: float = 0.95) -> tuple[float, float, float]:
    """Return the mean of at least two values and its Student t interval (Gosset, 1908)."""
    values = np.asarray(list(values))
    half = stats.t.ppf((1 + level) / 2, len(values) - 1) * stats.sem(values)
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def summary(records: Iterable[RunRecord]) -> pd.DataFrame:
    """Return one row for each configuration (model, data and recipe), in order of mean accuracy.

    Columns: `model`, `data`, `recipe` (a short digest that tells recipes of one name apart), `runs`,
    `accuracy` (mean), `low` and `high` (its t interval over seeds; NaN for a single run), `worst`
    and `best`, mean `errors`, `parameters`, and median `seconds` and `cpu_seconds`.
    """
    groups: dict[tuple[str, str, str], list[RunRecord]] = {}
    for record in records:
        key = (record["model"], record["data"], record["configuration"])
        groups.setdefault(key, []).append(record)
    rows = []
    for (model, data, recipe), group in groups.items():
        accuracies = [record["metrics"]["accuracy"] for record in group]
        single = (accuracies[0], np.nan, np.nan)
        mean, low, high = spread(accuracies) if len(group) > 1 else single
        rows.append(
            {
                "model": model,
                "data": data,
                "recipe": recipe,
                "runs": len(group),
                "accuracy": mean,
                "low": low,
                "high": high,
                "worst": min(accuracies),
                "best": max(accuracies),
                "errors": float(np.mean([record["errors"] for record in group])),
                "parameters": group[0]["parameters"],
                "seconds": float(np.median([record["seconds"] for record in group])),
                "cpu_seconds": float(np.median([record["cpu_seconds"] for record in group])),
            }
        )
    return pd.DataFrame(rows).sort_values("accuracy", ignore_index=True)


def newest(records: Iterable[RunRecord], model: str, data: str = "mnist") -> list[RunRecord]:
    """Return the runs of `model` on `data`, by seed, in the configuration that was run last.

    Raises:
        RecordsMissing: there are none.
    """
    runs = [record for record in records if (record["model"], record["data"]) == (model, data)]
    if not runs:
        raise RecordsMissing(f"No run of {model} on {data} is recorded.")
    last = max(runs, key=lambda run: run["finished"])["configuration"]
    return sorted((run for run in runs if run["configuration"] == last), key=lambda run: run["seed"])


def released(records: Iterable[RunRecord], model: str, data: str = "mnist") -> RunRecord:
    """Return the newest run of `model` with the best validation accuracy, at a tie the lowest seed.

    The test part plays no role in this choice.

    Raises:
        RecordsMissing: there is none.
    """
    return max(
        newest(records, model, data),
        key=lambda run: (run["metrics"]["validation_accuracy"], -run["seed"]),
    )
