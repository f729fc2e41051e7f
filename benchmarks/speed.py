"""Time the book's recipes against published ones, in turn on this machine, and record the figures.

Every run is a process of its own (see `timed.py`) and has all cores. Times count from arrays in memory
to the evaluation, after an epoch, that crosses the line on the held-out tenth of the training digits.
Training stops there; a recipe of ours keeps the schedule that was laid out for all its epochs.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from digitbook._util import files
from digitbook._util.console import new_console
from digitbook.cli.options import seed_list

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "_build" / "bench"
PARTS = ("dense", "cnn", "growth", "sweep", "inference")
TITLES = {
    "dense-fast": "ours: dense-fast",
    "tensorflow_quickstart": "TensorFlow quickstart",
    "sklearn_mlp": "scikit-learn MLPClassifier",
    "cnn-fast": "ours: cnn-fast",
    "keras_convnet": "Keras mnist_convnet",
    "pytorch_basic": "PyTorch basic example",
}
RACES = {
    "dense": ("dense-fast", "tensorflow_quickstart", "sklearn_mlp"),
    "cnn": ("cnn-fast", "keras_convnet", "pytorch_basic"),
}
"""Who runs for which line, ours first."""

Job = dict
Row = dict


@dataclass(frozen=True)
class Extent:
    """On what is timed, up to which accuracy, with how many examples and how often."""

    data: str
    lines: dict[str, float]
    examples: tuple[int, ...]
    repeats: int


FULL = Extent("mnist", {"dense": 0.98, "cnn": 0.99}, examples=(5_000, 15_000, 54_000), repeats=3)
SMOKE = Extent("mnist5k", {"dense": 0.8, "cnn": 0.8}, examples=(1_200, 3_600), repeats=1)


class RunFailed(Exception):
    """A timed run ended without a result; it said why on standard error."""

    def __init__(self, job: Job, exit_code: int):
        super().__init__(f"the run {json.dumps(job)} failed with exit code {exit_code}.")
        self.is_bad_input = exit_code == 2


def main(arguments: list[str] | None = None) -> int:
    """Make the runs that are not timed yet, print the tables and return the exit code."""
    options = _parser().parse_args(arguments)
    extent = SMOKE if options.smoke else FULL
    console = new_console()
    rows_path = BUILD / f"{_fingerprint()}.jsonl"
    if options.fresh:
        rows_path.unlink(missing_ok=True)
    try:
        make(plan(extent, options.seeds, options.only), rows_path, timed, console)
    except RunFailed as failure:
        print(f"speed: {failure}", file=sys.stderr)
        return 2 if failure.is_bad_input else 1
    except KeyboardInterrupt:
        print("speed: stopped; the same command goes on from here.", file=sys.stderr)
        return 130
    record = summarise(plan(extent, options.seeds, PARTS), read(rows_path))
    results = options.results or (
        BUILD / "smoke.json" if options.smoke else ROOT / "results/speed.json"
    )
    with files.atomic_write(results) as fresh:
        fresh.write_text(json.dumps(record, indent=1) + "\n")
    show(record, console)
    console.print(f"Recorded in {results}", soft_wrap=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="speed", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--seeds",
        type=seed_list,
        default=[0, 1, 2, 3, 4],
        metavar="0-4",
        help="each contestant runs once with each: 0-4 (the default) or 0,7",
    )
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, help="time these parts alone"
    )
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="the record (default: results/speed.json)"
    )
    parser.add_argument("--fresh", action="store_true", help="forget the runs that are timed already")
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="try everything out on mnist5k with a low line; recorded under _build alone",
    )
    return parser


def _fingerprint() -> str:
    """Return a digest of all code that decides what is timed: times of other code are not mixed in."""
    own = sorted(Path(__file__).parent.rglob("*.py"))
    library = [ROOT / f"src/digitbook/networks/{name}.py" for name in ("models", "training")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in [*own, *library])).hexdigest()[:12]


def plan(extent: Extent, seeds: Iterable[int], parts: Iterable[str]) -> list[Job]:
    """List the runs in their order: contestants take turns, so that a slow hour hits them alike."""
    on = {"data": extent.data}
    repeats = range(extent.repeats)
    jobs = {
        **{
            part: [
                {"kind": "race", "contestant": name, "line": extent.lines[part], "seed": seed, **on}
                for seed in seeds
                for name in RACES[part]
                if name not in absent()
            ]
            for part in RACES
        },
        "growth": [
            {"kind": "growth", "contestant": RACES[part][0], "examples": examples, "seed": seed, **on}
            for seed in repeats
            for part in RACES
            for examples in extent.examples
        ],
        "sweep": [
            {"kind": "sweep", "workers": workers, "repeat": repeat}
            for repeat in repeats
            for workers in (1, 2)
        ],
        "inference": [{"kind": "inference", "contestant": RACES[part][0], **on} for part in RACES],
    }
    return [{"kind": "setting"}, *(job for part in PARTS if part in parts for job in jobs[part])]


def absent() -> dict[str, str]:
    """Return the contestants that cannot run here, each with the reason."""
    if importlib.util.find_spec("torch"):
        return {}
    return {"pytorch_basic": "PyTorch is not installed"}


def make(jobs: list[Job], rows_path: Path, run: Callable[[Job], dict], console: Console) -> None:
    """Make each run that has no row yet and add its row to the file when it ends."""
    rows_path.parent.mkdir(parents=True, exist_ok=True)
    rows = read(rows_path)
    for number, job in enumerate(jobs, start=1):
        if _row_of(job, rows):
            continue
        load = os.getloadavg()[0]
        row = {**job, **run(job), "load": round(load, 2)}
        with rows_path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        console.print(f"{number}/{len(jobs)} {_told(row)}")


def timed(job: Job) -> dict:
    """Make a run in a fresh process and return what it measured.

    Raises:
        RunFailed: the process ended with an error.
    """
    command = [sys.executable, str(Path(__file__).with_name("timed.py")), json.dumps(job)]
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode:
        raise RunFailed(job, process.returncode)
    return json.loads(process.stdout.splitlines()[-1])


def read(rows_path: Path) -> list[Row]:
    """Return the rows that are in the file, none if there is no file."""
    if not rows_path.is_file():
        return []
    return [json.loads(line) for line in rows_path.read_text().splitlines()]


def _row_of(job: Job, rows: Iterable[Row]) -> Row | None:
    return next((row for row in rows if all(row.get(key) == job[key] for key in job)), None)


def _told(row: Row) -> str:
    """Say in one line what a run was and what came out."""
    if row["kind"] == "setting":
        return f"setting: commit {row['commit']}"
    shown = [TITLES[row["contestant"]]] if "contestant" in row else []
    shown += [
        f"{key} {row[key]}" for key in ("line", "examples", "workers", "seed", "repeat") if key in row
    ]
    outcome = f"{row['seconds']:.2f} s"
    if row["kind"] == "race" and not row["reached"]:
        outcome = f"not reached in {outcome}"
    if "epochs" in row:
        outcome += f", epochs {row['epochs']}, {row['peak_memory_mb']} MB"
    return f"{row['kind']}: {', '.join(shown)}: {outcome} (load {row['load']})"


def summarise(jobs: list[Job], rows: list[Row]) -> dict:
    """Return the record: the setting, medians and ratios, and the rows of these jobs."""
    found = [row for job in jobs if (row := _row_of(job, rows))]
    setting = {key: value for key, value in found[0].items() if key not in ("kind", "load")}
    of_kind = {
        kind: [row for row in found if row["kind"] == kind]
        for kind in ("race", "growth", "sweep", "inference")
    }
    return {
        **setting,
        "absent": absent(),
        "races": {part: standings(RACES[part], of_kind["race"]) for part in RACES},
        "growth": _medians(of_kind["growth"], ("contestant", "examples")),
        "sweep": _medians(of_kind["sweep"], ("workers",)),
        "inference": of_kind["inference"],
        "rows": [row for kind in ("race", "growth", "sweep") for row in of_kind[kind]],
    }


def standings(contestants: Iterable[str], rows: list[Row]) -> list[dict]:
    """Return one entry a contestant that has run, ours first, with medians over the seeds.

    `median_seconds` is None where most runs missed the line; `spent_seconds`, the median time until a
    run ended, is then the least that it would have taken. `ratio` is the time by ours, a lower bound
    where `ratio_is_bound`, and None where ours missed the line, which counts as for ever.
    """
    entries = []
    for name in contestants:
        runs = [row for row in rows if row["contestant"] == name]
        if not runs:
            continue
        time = statistics.median(row["seconds"] if row["reached"] else math.inf for row in runs)
        entries.append(
            {
                "contestant": name,
                "line": runs[0]["line"],
                "runs": len(runs),
                "reached": sum(row["reached"] for row in runs),
                "median_seconds": time if math.isfinite(time) else None,
                "spent_seconds": statistics.median(row["seconds"] for row in runs),
                "epochs": statistics.median(row["epochs"] for row in runs),
                "peak_memory_mb": statistics.median(row["peak_memory_mb"] for row in runs),
            }
        )
    for entry in entries:
        entry["ratio"], entry["ratio_is_bound"] = _ratio(entry, entries[0])
    return entries


def _ratio(entry: dict, ours: dict) -> tuple[float | None, bool]:
    if ours["median_seconds"] is None:
        return None, False
    is_bound = entry["median_seconds"] is None
    return entry["spent_seconds" if is_bound else "median_seconds"] / ours["median_seconds"], is_bound


def _medians(rows: list[Row], keys: tuple[str, ...]) -> list[dict]:
    """Return the median seconds of the rows that agree in `keys`, in order of first appearance."""
    groups: dict[tuple, list[float]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row["seconds"])
    return [
        {**dict(zip(keys, group, strict=True)), "runs": len(times), "seconds": statistics.median(times)}
        for group, times in groups.items()
    ]


def time_text(entry: dict) -> str:
    """Say a contestant's median time; a miss of ours counts as for ever."""
    if entry["median_seconds"] is not None:
        return f"{entry['median_seconds']:.1f} s"
    return f"not reached in {entry['spent_seconds']:.1f} s"


def ratio_text(entry: dict) -> str:
    """Say how many times ours a contestant took."""
    if entry["ratio"] is None:
        return "ours missed the line"
    return f"{'at least ' if entry['ratio_is_bound'] else ''}{entry['ratio']:.1f}"


def show(record: dict, console: Console) -> None:
    """Print the tables, and the load that the runs found."""
    console.print(_races_table(record))
    for title, head, rows in (
        ("Training time by examples", ("recipe", "examples"), record["growth"]),
        ("Four runs by digitbook sweep", ("workers",), record["sweep"]),
    ):
        table = Table(*head, "median time", title=title)
        for row in rows:
            *cells, _, seconds = row.values()
            table.add_row(
                *(f"{cell:,}" if isinstance(cell, int) else cell for cell in cells), f"{seconds:.1f} s"
            )
        if rows:
            console.print(table)
    for row in record["inference"]:
        console.print(
            f"{row['contestant']}: {row['images_per_second']:,.0f} images a second at batch 500"
        )
    loads = [row["load"] for row in record["rows"]]
    if loads:
        console.print(
            f"Load average before a run (the run before it included): {min(loads)} to {max(loads)} "
            f"on {record['machine']['cores']} cores"
        )


def _races_table(record: dict) -> Table:
    table = Table("contestant", "line", "median time", "reached", "epochs", "times ours", "peak memory")
    for entries in record["races"].values():
        for entry in entries:
            table.add_row(
                TITLES[entry["contestant"]],
                f"{entry['line']:.1%}",
                time_text(entry),
                f"{entry['reached']} of {entry['runs']}",
                f"{entry['epochs']:g}",
                ratio_text(entry),
                f"{entry['peak_memory_mb']:,.0f} MB",
            )
        table.add_section()
    for name, reason in record["absent"].items():
        table.add_row(TITLES[name], "", reason)
    return table


if __name__ == "__main__":
    sys.exit(main())
