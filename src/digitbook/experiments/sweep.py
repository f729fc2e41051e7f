"""Make many runs on a Dask cluster, here or elsewhere, and record each as it ends.

What a worker does is in `digitbook.experiments.worker`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dask.system import CPU_COUNT
from distributed import Client, Future, LocalCluster, as_completed
from filelock import FileLock, Timeout
from rich.console import Console
from rich.table import Table

from digitbook import data
from digitbook._util.console import new_console, progress
from digitbook._util.files import atomic_write
from digitbook.errors import ExperimentError
from digitbook.experiments import records, store
from digitbook.experiments.run import ENSEMBLES, Run, ensemble, failure
from digitbook.experiments.worker import TOPIC, work


def sweep(
    models: Sequence[str],
    dataset: data.Dataset,
    seeds: Sequence[int],
    results: Path,
    scheduler: str | None = None,
    workers: int | None = None,
    threads: int = 1,
) -> int:
    """Make and record the runs that `results` does not hold yet; return how many failed.

    Args:
        models: names of recipes or ensembles; an ensemble needs the runs that it consists of.
        dataset: what to train and to test on.
        seeds: each model is trained once with each.
        results: the folder of the records; a second sweep into it waits for the first.
        scheduler: the address of a Dask scheduler; without one, workers are started here.
        workers: how many runs go side by side here; by default as many as the cores feed.
        threads: the threads that each run computes with.
    """
    console = new_console()
    with _alone(results, console):
        waiting = list(_pending(models, dataset, seeds, results))
        failed = 0
        if waiting:
            with _cluster(scheduler, workers, threads) as client:
                failed = _run(client, waiting, results, threads, console)
        for name in models:
            if name in ENSEMBLES and not failed:
                _record_ensemble(name, dataset, seeds, results, console)
    _summarise(models, dataset, results, console)
    return failed


@contextmanager
def _alone(results: Path, console: Console) -> Iterator[None]:
    results.mkdir(parents=True, exist_ok=True)
    lock = FileLock(results / ".sweep.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        console.print(f"Another sweep is at work in {results}; waiting until it has ended.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _pending(
    models: Sequence[str], dataset: data.Dataset, seeds: Sequence[int], results: Path
) -> Iterator[Run]:
    """Yield each run once that has no record, or whose network an ensemble lacks."""
    seen = set()
    for name in models:
        lacking = name in ENSEMBLES and not records.is_done(
            results, _ensemble_name(name, dataset, seeds)
        )
        for seed in seeds:
            run = Run(ENSEMBLES.get(name, name), dataset, seed)
            recorded = records.is_done(results, run.name)
            if recorded and not (lacking and not store.model_path(run.name).is_file()):
                continue
            if run.name not in seen:
                seen.add(run.name)
                yield run


@contextmanager
def _cluster(scheduler: str | None, workers: int | None, threads: int) -> Iterator[Client]:
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=10)
        except (OSError, ValueError) as error:
            raise ExperimentError(f"No Dask scheduler answers at {scheduler}: {error}") from error
        with client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=workers or max(1, CPU_COUNT // threads),
            threads_per_worker=1,
            memory_limit=None,
            dashboard_address=None,
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _run(client: Client, runs: Sequence[Run], results: Path, threads: int, console: Console) -> int:
    """Hand out the runs, record each as it ends, and return how many failed."""
    futures: dict[Future, Run] = {
        client.submit(
            work,
            run.model,
            run.dataset.loads_as,
            run.dataset.sha256,
            run.seed,
            threads,
            key=f"{run.name}-{os.getpid()}",
            priority=-place,
        ): run
        for place, run in enumerate(runs)
    }
    failed = 0
    bar = progress(console)
    with bar:
        line = bar.add_task("starting", total=len(runs))
        client.subscribe_topic(TOPIC, lambda event: bar.update(line, description=event[1]))
        for future in as_completed(futures):
            run = futures[future]
            if error := future.exception():
                failed += 1
                records.write(results, run.name, failure(run, str(error)))
                console.print(f"{run.name} failed: {error}")
            else:
                record, network = future.result()
                with atomic_write(store.model_path(run.name)) as fresh:
                    fresh.write_bytes(network)
                console.print(f"{run.name}: {headline(record)}")
                if not records.is_done(results, run.name):
                    records.write(results, run.name, record)
            future.release()
            bar.update(line, advance=1)
    return failed


def _ensemble_name(name: str, dataset: data.Dataset, seeds: Sequence[int]) -> str:
    member = Run(ENSEMBLES[name], dataset, seeds[0])
    return f"{dataset.name}-{name}-{member.configuration}-{min(seeds)}to{max(seeds)}"


def _record_ensemble(
    name: str, dataset: data.Dataset, seeds: Sequence[int], results: Path, console: Console
) -> None:
    stored = _ensemble_name(name, dataset, seeds)
    if records.is_done(results, stored):
        return
    members = [Run(ENSEMBLES[name], dataset, seed) for seed in seeds]
    theirs = [records.load(records.path_of(results, run.name)) for run in members]
    spent = {key: sum(record[key] for record in theirs) for key in ("seconds", "cpu_seconds")}
    record = {**ensemble(name, members), **spent}
    records.write(results, stored, record)
    console.print(f"{stored}: {headline(record)}")


def headline(record: records.Record) -> str:
    """Say in one line what came out of a run."""
    took = f", {record['seconds']:.0f} s" if "seconds" in record else ""
    return (
        f"{record['metrics']['accuracy']:.2%} of {record['examples']:,} right "
        f"({record['errors']:,} mistakes), {record['parameters']:,} parameters{took}"
    )


def _summarise(models: Iterable[str], dataset: data.Dataset, results: Path, console: Console) -> None:
    wanted = set(models) | {ENSEMBLES[name] for name in models if name in ENSEMBLES}
    done = [
        record
        for record in records.read(results)
        if record["model"] in wanted and record["data_sha256"] == dataset.sha256
    ]
    if not done:
        return
    table = Table("model", "recipe", "runs", "mean accuracy", "95 % interval over seeds", "parameters")
    for row in records.summary(done).itertuples():
        between = f"{row.low:.2%} to {row.high:.2%}" if row.runs > 1 else ""
        table.add_row(
            row.model, row.recipe, str(row.runs), f"{row.accuracy:.2%}", between, f"{row.parameters:,}"
        )
    console.print(table)
