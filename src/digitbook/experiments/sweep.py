"""Make many runs on a Dask cluster, here or elsewhere, and record each as it ends.

What a worker does is in `digitbook.experiments.worker`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from dask.system import CPU_COUNT
from distributed import Client, Future, LocalCluster, as_completed
from filelock import FileLock, Timeout

from digitbook import data
from digitbook._util.console import new_console, progress
from digitbook._util.files import atomic_write
from digitbook.errors import ExperimentError
from digitbook.experiments import records, store
from digitbook.experiments.records import RunRecord
from digitbook.experiments.run import ENSEMBLES, Run, ensemble, failure
from digitbook.experiments.scoring import headline
from digitbook.experiments.worker import TOPIC, work


def run(
    models: Sequence[str],
    dataset: data.Dataset,
    seeds: Sequence[int],
    results: Path,
    say: Callable[[str], None] = print,
    scheduler: str | None = None,
    workers: int | None = None,
    threads: int = 1,
) -> list[RunRecord]:
    """Make and record the runs that `results` does not hold yet.

    Returns what is on record of these models on this data, with the runs that failed now.

    Args:
        models: names of recipes or ensembles; an ensemble needs the runs that it consists of.
        dataset: what to train and to test on.
        seeds: each model is trained once with each.
        results: the folder of the records; a second sweep into it waits for the first.
        say: is told what came out of each run, and that another sweep is waited for.
        scheduler: the address of a Dask scheduler; without one, workers are started here.
        workers: how many runs go side by side here; by default as many as the cores feed.
        threads: the threads that each run computes with.
    """
    failed: list[RunRecord] = []
    with _alone(results, say):
        if waiting := list(_pending(models, dataset, seeds, results)):
            with _cluster(scheduler, workers, threads) as client:
                failed = _run(client, waiting, results, threads, say)
        for name in models:
            if name in ENSEMBLES and not failed:
                _record_ensemble(name, dataset, seeds, results, say)
    wanted = set(models) | {ENSEMBLES[name] for name in models if name in ENSEMBLES}
    done = [
        record
        for record in records.read(results)
        if record["model"] in wanted and record["data_sha256"] == dataset.sha256
    ]
    return done + failed


def table(found: Iterable[RunRecord]) -> pd.DataFrame:
    """Return a row for each configuration that did not fail, as `records.summary` has it."""
    done = [record for record in found if record["status"] == "done"]
    columns = ["model", "recipe", "runs", "accuracy", "low", "high", "parameters"]
    return records.summary(done)[columns] if done else pd.DataFrame(columns=columns)


@contextmanager
def _alone(results: Path, say: Callable[[str], None]) -> Iterator[None]:
    results.mkdir(parents=True, exist_ok=True)
    lock = FileLock(results / ".sweep.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"Another sweep is at work in {results}; waiting until it has ended.")
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


def _run(
    client: Client, runs: Sequence[Run], results: Path, threads: int, say: Callable[[str], None]
) -> list[RunRecord]:
    """Hand out the runs, record each as it ends, and return the records of those that failed."""
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
    failed: list[RunRecord] = []
    with progress(new_console()) as bar:
        line = bar.add_task("starting", total=len(runs))
        client.subscribe_topic(TOPIC, lambda event: bar.update(line, description=event[1]))
        for future in as_completed(futures):
            run = futures[future]
            if error := future.exception():
                record = failure(run, str(error))
                failed.append(record)
                records.store("runs", record, results, run=run.name)
                say(f"{run.name} failed: {error}")
            else:
                record, network = future.result()
                with atomic_write(store.model_path(run.name)) as fresh:
                    fresh.write_bytes(network)
                say(f"{run.name}: {headline(record)}")
                if not records.is_done(results, run.name):
                    records.store("runs", record, results, run=run.name)
            future.release()
            bar.update(line, advance=1)
    return failed


def _ensemble_name(name: str, dataset: data.Dataset, seeds: Sequence[int]) -> str:
    member = Run(ENSEMBLES[name], dataset, seeds[0])
    return f"{dataset.name}-{name}-{member.configuration}-{min(seeds)}to{max(seeds)}"


def _record_ensemble(
    name: str,
    dataset: data.Dataset,
    seeds: Sequence[int],
    results: Path,
    say: Callable[[str], None],
) -> None:
    stored = _ensemble_name(name, dataset, seeds)
    if records.is_done(results, stored):
        return
    members = [Run(ENSEMBLES[name], dataset, seed) for seed in seeds]
    theirs = [records.load("runs", results, run=run.name) for run in members]
    record = ensemble(name, members)
    record["seconds"] = sum(each["seconds"] for each in theirs)
    record["cpu_seconds"] = sum(each["cpu_seconds"] for each in theirs)
    records.store("runs", record, results, run=stored)
    say(f"{stored}: {headline(record)}")
