"""Recorded experiments: one JSON file a run under `results/runs`, and the tables made from them.

A record holds what was trained (`model`, `recipe`, `parameters`), on what (`data`, `data_sha256`,
`seed`), where and when (`environment`, `commit`, `finished`, `seconds`, `cpu_seconds`,
`peak_memory_mb`), how training went (`history`) and what came out on the test part: `metrics`
(fractions), `errors` of `examples`, `per_class`, `mistakes` (which examples, and their true classes)
and every answer (see `answers`). A run that failed has the `status` "failed" and a `reason` in place
of results. Beside the runs lie the disputed labels of each data set (see `label_errors`), what the
networks make of changed digits (see `robustness`), and series: records of many short `runs` (see
`transfer` and `multiscript`).

Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from digitbook._util.files import atomic_write
from digitbook.errors import BadInput
from digitbook.paths import RESULTS

ROBUSTNESS = "robustness.json"
STRANGERS = "strangers.json"

Record = dict


class RecordsMissing(BadInput):
    """There are no records where they were looked for."""


def read(results: Path = RESULTS, status: str = "done") -> list[Record]:
    """Return the records in `results/runs` that have this status, ordered by file name.

    Raises:
        RecordsMissing: the folder is not there.
    """
    folder = results / "runs"
    if not folder.is_dir():
        raise RecordsMissing(
            f"There are no recorded experiments in {folder}. They come with a clone of the book's "
            "repository; the package alone does not hold them."
        )
    found = [load(path) for path in sorted(folder.glob("*.json"))]
    return [record for record in found if record["status"] == status]


def path_of(results: Path, name: str) -> Path:
    """Return where the record of the run called `name` lies."""
    return results / "runs" / f"{name}.json"


def load(path: Path) -> Record:
    """Read one record."""
    return json.loads(path.read_text())


def is_done(results: Path, name: str) -> bool:
    """Tell whether the run called `name` is recorded and did not fail."""
    path = path_of(results, name)
    return path.is_file() and load(path)["status"] == "done"


def write(results: Path, name: str, record: Record) -> Path:
    """Store a record under the run's name, whole or not at all, and return its path."""
    return store(path_of(results, name), record)


def store(path: Path, record: Record) -> Path:
    """Store a record at `path`, whole or not at all, and return the path."""
    with atomic_write(path) as fresh:
        lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items())
        fresh.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return path


def labels(data: str, results: Path = RESULTS) -> Record:
    """Return the disputed labels of the data set called `data`, as `digitbook labels` found them.

    Raises:
        RecordsMissing: they were never looked for.
    """
    return _load_only(labels_path(results, data), f"digitbook labels --data {data}")


def labels_path(results: Path, data: str) -> Path:
    """Return where the disputed labels of the data set called `data` are recorded."""
    return results / f"labels-{data}.json"


def robustness(results: Path = RESULTS) -> Record:
    """Return what recorded networks make of changed digits, as `digitbook robustness` measured it.

    Raises:
        RecordsMissing: it was never measured.
    """
    return _load_only(results / ROBUSTNESS, "digitbook robustness")


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


def transfer_path(results: Path, data: str) -> Path:
    """Return where the transfer to the data set called `data` is recorded."""
    return results / f"transfer-{data}.json"


def transfer(results: Path = RESULTS) -> pd.DataFrame:
    """Return what `digitbook transfer` recorded, one row a run.

    Columns: `data` (the set's name), `start` ("scratch", "fine-tuned" or "frozen"), `size` (training
    images a class), `seed`, `images` (those trained on, of all classes), `validation_accuracy`,
    `accuracy` (on the test part), `errors` (of the test part), `seconds`, `cpu_seconds`, and the
    `commit` and the time, `finished`, of the run.

    Raises:
        RecordsMissing: nothing is recorded.
    """
    found = [load(path) for path in sorted(results.glob("transfer-*.json"))]
    if not found:
        raise RecordsMissing(
            f"No transfer is recorded in {results}. The records come with a clone of the book's "
            "repository; `digitbook transfer --data NAME` makes them anew."
        )
    return pd.concat(
        [pd.DataFrame({"data": record["data"], **run} for run in record["runs"]) for record in found],
        ignore_index=True,
    )


def transfer_curves(runs: pd.DataFrame) -> pd.DataFrame:
    """Return `transfer`'s mean accuracies over seeds, one row for each `data`, `start` and `size`.

    Columns: those three, `runs` (at least two), `accuracy` (mean), and `low` and `high` (its t
    interval).
    """
    rows = []
    for key, accuracies in runs.groupby(["data", "start", "size"], sort=False)["accuracy"]:
        rows.append((*key, len(accuracies), *spread(accuracies)))
    columns = ["data", "start", "size", "runs", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def readers_path(results: Path, moved: bool = False) -> Path:
    """Return where `digitbook readers` is recorded: on images as they are, or on moved ones."""
    return results / ("readers-moved.json" if moved else "readers.json")


def readers(results: Path = RESULTS, moved: bool = False) -> Record:
    """Return the comparison of readers of many scripts, as `digitbook readers` recorded it.

    `moved` are those that were trained on moved images.

    Raises:
        RecordsMissing: it was never made.
    """
    return _load_only(readers_path(results, moved), "digitbook readers" + " --moved" * moved)


def strangers(results: Path = RESULTS) -> Record:
    """Return what a network answered on images of other classes, as `digitbook strangers` found it.

    Each of its `sets` can be read with `answers`; `unpack(set["truth"], "uint8")` are the true classes.

    Raises:
        RecordsMissing: nobody asked.
    """
    return _load_only(results / STRANGERS, "digitbook strangers")


def _load_only(path: Path, command: str) -> Record:
    """Read the only record of its kind, which `command` makes."""
    if not path.is_file():
        raise RecordsMissing(
            f"There is no record {path}. It comes with a clone of the book's repository; `{command}` "
            "makes it anew."
        )
    return load(path)


def pack(values: np.ndarray) -> str:
    """Compress an array's bytes into text for a JSON file."""
    return base64.b64encode(zlib.compress(values.tobytes(), 9)).decode()


def unpack(text: str, dtype: str) -> np.ndarray:
    """Return the array, of one dimension, that `pack` compressed."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype)


def pack_answers(probabilities: np.ndarray) -> Record:
    """Compress the predicted classes and their confidence, as `answers` reads them."""
    return {
        "predicted": pack(probabilities.argmax(axis=1).astype("uint8")),
        "confidence": pack(probabilities.max(axis=1).astype("float16")),
    }


def answers(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Return the predicted class, int64, and its confidence, float16, of every test example."""
    stored = record["answers"]
    predicted = unpack(stored["predicted"], "uint8").astype("int64")
    return predicted, unpack(stored["confidence"], "float16")


def truth(record: Record) -> np.ndarray:
    """Return the true class of every test example, int64: its answers with the mistakes undone."""
    classes = answers(record)[0]
    classes[record["mistakes"]["index"]] = record["mistakes"]["true"]
    return classes


def spread(values: Iterable[float], level: float = 0.95) -> tuple[float, float, float]:
    """Return the mean of at least two values and its Student t interval (Gosset, 1908)."""
    values = np.asarray(list(values))
    half = stats.t.ppf((1 + level) / 2, len(values) - 1) * stats.sem(values)
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def summary(records: Iterable[Record]) -> pd.DataFrame:
    """Return one row for each configuration (model, data and recipe), in order of mean accuracy.

    Columns: `model`, `data`, `recipe` (a short digest that tells recipes of one name apart), `runs`,
    `accuracy` (mean), `low` and `high` (its t interval over seeds; NaN for a single run), `worst`
    and `best`, mean `errors`, `parameters`, and median `seconds` and `cpu_seconds`.
    """
    rows = []
    for (model, data, recipe), group in _grouped(records).items():
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


def newest(records: Iterable[Record], model: str, data: str = "mnist") -> list[Record]:
    """Return the runs of `model` on `data`, by seed, in the configuration that was run last.

    Raises:
        RecordsMissing: there are none.
    """
    runs = [record for record in records if (record["model"], record["data"]) == (model, data)]
    if not runs:
        raise RecordsMissing(f"No run of {model} on {data} is recorded.")
    last = max(runs, key=lambda run: run["finished"])["configuration"]
    return sorted((run for run in runs if run["configuration"] == last), key=lambda run: run["seed"])


def released(records: Iterable[Record], model: str, data: str = "mnist") -> Record:
    """Return the newest run of `model` with the best validation accuracy, at a tie the lowest seed.

    The test part plays no role in this choice.

    Raises:
        RecordsMissing: there is none.
    """
    return max(
        newest(records, model, data),
        key=lambda run: (run["metrics"]["validation_accuracy"], -run["seed"]),
    )


def _grouped(records: Iterable[Record]) -> dict[tuple[str, str, str], list[Record]]:
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        key = (record["model"], record["data"], record["configuration"])
        groups.setdefault(key, []).append(record)
    return groups
