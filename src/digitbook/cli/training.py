"""`digitbook train`, `evaluate` and `sweep`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from digitbook._util.files import make_writable
from digitbook._util.names import did_you_mean
from digitbook.cli.options import (
    SEED,
    KerasFile,
    Names,
    Trained,
    data_option,
    json_option,
    results_option,
    say,
    seeds_option,
    show,
    threads_option,
)
from digitbook.errors import BadInput
from digitbook.experiments.kinds import KINDS


@click.command(short_help="Train a named network once, score it and record it.")
@click.argument("model")
@data_option()
@click.option("--seed", type=SEED, default=0, help="Decides all that is random.")
@threads_option
@results_option
@click.option(
    "--output", type=KerasFile(), show_default="in the cache", help="The network's file, .keras."
)
@click.option("--stop-with-parent", is_flag=True, hidden=True)
def train(
    model: str,
    data: str,
    seed: int,
    threads: int,
    results: Path,
    output: Path | None,
    stop_with_parent: bool,
) -> None:
    """Train a network by its recipe, score it once on the test part, and record what came out.

    Where a record of this run exists it is kept and compared with. MODEL is softmax, dense, cnn, …; an
    unknown name lists all.
    """
    if stop_with_parent:
        threading.Thread(target=_exit_when_input_ends, daemon=True).start()
    from digitbook.data import load
    from digitbook.experiments import records, scoring, store
    from digitbook.experiments import run as running
    from digitbook.networks import recipes

    run = running.Run(_known(model, recipes.RECIPES), load(data), seed)
    output = output or store.model_path(run.name)
    for folder in (output.parent, results):
        make_writable(folder)
    network, record = running.train(run, say=say)
    store.save(network, output, record)
    print(f"{run.name}: {scoring.headline(record)}")
    print(f"network  {output}")
    if records.is_done(results, run.name):
        path = KINDS["runs"].path(results, run=run.name)
        old = records.load("runs", results, run=run.name)
        print(f"record   {path}, kept: {_compare(record, old)}")
    else:
        print(f"record   {records.store('runs', record, results, run=run.name)}")


def _exit_when_input_ends() -> None:
    sys.stdin.read()
    os._exit(1)


def _known(model: str, models: Iterable[str]) -> str:
    if model not in models:
        raise BadInput(
            f"There is no model called {model!r}{did_you_mean(model, models)}; known are: "
            f"{', '.join(models)}."
        )
    return model


def _compare(new: Mapping[str, Any], old: Mapping[str, Any]) -> str:
    """Say whether a run gave the answers that are on record."""
    from digitbook.experiments.records import answers

    differing = int((answers(new)[0] != answers(old)[0]).sum())
    if new["weights_sha256"] == old["weights_sha256"]:
        return "this run gave the same weights"
    return (
        f"this run gave other weights and {differing:,} other answers of {new['examples']:,} "
        f"(recorded with {old['environment']['threads']} threads on {old['environment']['processor']})"
    )


@click.command(short_help="Score a trained network on a data set's test part.")
@click.argument("model", type=Trained())
@data_option()
@json_option
def evaluate(model: Path, data: str, as_json: bool) -> None:
    """Score a .keras file on a test part. Refused where the network was trained on it.

    MODEL is the file, or the name of a released network: cnn.
    """
    from digitbook.data import load
    from digitbook.experiments import scoring, store

    network, note = store.load_network(model)
    dataset = load(data)
    if note is None:
        print(
            f"Note: {model} does not say what it was trained on; whether it has seen these test images "
            "cannot be checked.",
            file=sys.stderr,
        )
    else:
        scoring.refuse_overlap(note, dataset)
    scoring.refuse_other_classes(network, note, dataset)
    found = scoring.evaluate(network, dataset)
    if as_json:
        print(json.dumps(found))
        return
    low, high = found["interval"]
    print(
        f"{found['accuracy']:.2%} of {found['examples']:,} test images of {found['data']} read right "
        f"(95 % interval {low:.2%} to {high:.2%}), {found['errors']:,} mistakes"
    )
    width = max(len("class"), *map(len, found["per_class"]))
    print(f"{'class':<{width}}  precision  recall     F1  examples")
    for name, row in found["per_class"].items():
        print(
            f"{name:<{width}}  {row['precision']:9.2%}  {row['recall']:6.2%}  {row['f1']:5.3f}  "
            f"{row['examples']:8,.0f}"
        )


@click.command(short_help="Train and record several networks with several seeds.")
@click.option("--models", type=Names(), required=True, help="Such as dense,cnn,cnn-ensemble.")
@data_option()
@seeds_option
@click.option(
    "--workers",
    type=click.IntRange(1),
    show_default="as many as its cores feed",
    help="Runs side by side on this machine.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="A running Dask scheduler, such as tcp://host:8786."
)
@threads_option
@results_option
@json_option
def sweep(
    models: list[str],
    data: str,
    seeds: list[int],
    workers: int | None,
    scheduler: str | None,
    threads: int,
    results: Path,
    as_json: bool,
) -> int:
    """Make every run that is not recorded yet, several at a time, and record each as it ends.

    Stopped or killed, the same command goes on from there.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    from digitbook.data import load
    from digitbook.experiments import sweep
    from digitbook.experiments.run import ENSEMBLES
    from digitbook.networks import recipes

    known = [*recipes.RECIPES, *ENSEMBLES]
    found = sweep.run(
        [_known(name, known) for name in models],
        load(data),
        seeds,
        results.resolve(),
        say=partial(say, file=sys.stderr) if as_json else say,
        scheduler=scheduler,
        workers=workers,
        threads=threads,
    )
    table = sweep.table(found)
    if as_json or len(table):
        show(table, as_json)
    return 1 if any(record["status"] == "failed" for record in found) else 0
