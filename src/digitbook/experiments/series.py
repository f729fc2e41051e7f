"""Many short runs in one record, stored as each ends, so that a stopped series can go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock, Timeout

from digitbook.errors import ExperimentError
from digitbook.experiments import records
from digitbook.experiments.kinds import KINDS
from digitbook.experiments.records import Record
from digitbook.experiments.run import made


def series(
    kind: str,
    results: Path,
    about: Record,
    wanted: Iterable[dict],
    make: Callable[..., dict],
    say: Callable[[str], None],
) -> Record:
    """Make the runs that the record in `results` lacks, store it as each ends, and return it.

    Args:
        kind: of the record, as `kinds` has it.
        results: the folder of the records.
        about: what all runs share, `configuration` and `environment` among it; the record is this
            and `runs`, one mapping a run.
        wanted: what tells the runs apart, for each of them the arguments of `make`.
        make: makes a run and returns what came out.
        say: is told in a line what came out of each run.

    Raises:
        ExperimentError: the record is about something else, or another process adds to it.
    """
    path = KINDS[kind].path(results, data=about["data"])
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(path.with_name(f".{path.name}.lock")).acquire(timeout=0)
    except Timeout:
        raise ExperimentError(
            f"Another process is adding to {path}; wait until it has ended."
        ) from None
    with lock:
        record = (
            records.load(kind, results, data=about["data"]) if path.is_file() else {**about, "runs": []}
        )
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
            records.store(kind, record, results, data=about["data"])
            name = ", ".join(f"{key} {value}" for key, value in run.items())
            say(f"{name}: {came_out['validation_accuracy']:.2%} on validation")
        return record
