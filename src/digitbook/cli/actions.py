"""What each command does; a part of the library is imported only when its command runs."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digitbook._util.files import make_writable
from digitbook.errors import BadInput
from digitbook.experiments.kinds import KINDS
from digitbook.paths import OWN_RESULTS, RELEASED

if TYPE_CHECKING:
    from digitbook.inference.network import Network

_say = partial(print, flush=True)


def build(options: argparse.Namespace) -> int:
    from digitbook.book import build
    from digitbook.book.contents import find_root
    from digitbook.book.errors import BookError, NotFound

    try:
        root = find_root()
        build.build(
            root,
            (options.output or root / "_build").resolve(),
            dataset=options.data,
            only=options.only,
            jobs=options.jobs,
            force=options.force,
            timeout=options.timeout,
        )
    except BookError as error:
        print(f"digitbook: {error}", file=sys.stderr)
        return 2 if isinstance(error, NotFound) else 1
    return 0


def data(options: argparse.Namespace) -> int:
    from digitbook import data
    from digitbook.data import finder
    from digitbook.data.registry import entry as known

    if options.list:
        for name in finder.names():
            entry = known(name)
            elsewhere = "to be fetched" if entry.fetched_from else "not here"
            there = "here" if finder.is_here(name) else elsewhere
            print(f"{name:<15} {there:<14} {entry.summary.removeprefix(f'{name}: ')}")
        return 0
    dataset = data.load(options.name)
    entry = known(dataset.name)
    print(entry.summary)
    print(f"source   {dataset.source}")
    print(f"counts   {len(dataset.x_train):,} training, {len(dataset.x_test):,} test")
    print(f"classes  {' '.join(dataset.class_names)}")
    print(f"terms    {entry.terms}")
    print(f"cite     {entry.citation}")
    print(f"sha256   {dataset.sha256} (of its four arrays' hashes)")
    for part, digest in (entry.sha256 or {}).items():
        print(f"  {part:<8} {digest}")
    return 0


def train(options: argparse.Namespace) -> int:
    if options.stop_with_parent:
        threading.Thread(target=_exit_when_input_ends, daemon=True).start()
    _limit_threads(options.threads)
    from digitbook import data
    from digitbook.experiments import records, scoring, store
    from digitbook.experiments import run as running
    from digitbook.networks import recipes

    results = options.results or OWN_RESULTS
    name = _known(options.model, recipes.RECIPES)
    run = running.Run(name, data.load(options.data), options.seed)
    output = options.output or store.model_path(run.name)
    for folder in (output.parent, results):
        make_writable(folder)
    model, record = running.train(run, say=_say)
    store.save(model, output, record)
    print(f"{run.name}: {scoring.headline(record)}")
    print(f"network  {output}")
    if records.is_done(results, run.name):
        path = KINDS["runs"].path(results, run=run.name)
        old = records.load("runs", results, run=run.name)
        print(f"record   {path}, kept: {_compare(record, old)}")
    else:
        print(f"record   {records.store('runs', record, results, run=run.name)}")
    return 0


def _exit_when_input_ends() -> None:
    sys.stdin.read()
    os._exit(1)


def _limit_threads(threads: int) -> None:
    """Set how many threads TensorFlow will use; it asks when it is imported."""
    for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[variable] = str(threads)


def _known(model: str, models: Iterable[str]) -> str:
    if model not in models:
        raise BadInput(f"There is no model called {model!r}; known are: {', '.join(models)}.")
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


def evaluate(options: argparse.Namespace) -> int:
    from digitbook import data
    from digitbook.experiments import scoring, store

    model, note = store.load_network(options.model)
    dataset = data.load(options.data)
    if note is None:
        print(
            f"Note: {options.model} does not say what it was trained on; whether it has seen these "
            "test images cannot be checked.",
            file=sys.stderr,
        )
    else:
        scoring.refuse_overlap(note, dataset)
    scoring.refuse_other_classes(model, note, dataset)
    found = scoring.evaluate(model, dataset)
    if options.json:
        print(json.dumps(found))
        return 0
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
    return 0


def sweep(options: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    _limit_threads(options.threads)
    from digitbook import data
    from digitbook.experiments import sweep
    from digitbook.experiments.run import ENSEMBLES
    from digitbook.networks import recipes

    models = [*recipes.RECIPES, *ENSEMBLES]
    found = sweep.run(
        [_known(name, models) for name in options.models],
        data.load(options.data),
        options.seeds,
        (options.results or OWN_RESULTS).resolve(),
        say=_say,
        scheduler=options.scheduler,
        workers=options.workers,
        threads=options.threads,
    )
    table = sweep.table(found)
    if len(table):
        print(table.to_string(index=False))
    return 1 if any(record["status"] == "failed" for record in found) else 0


def release(options: argparse.Namespace) -> int:
    from digitbook.release import card

    path = card.release(options.model, options.data, options.results or OWN_RESULTS)
    print(f"network  {path}\ncard     {path.with_suffix('.md')}")
    return 0


def export(options: argparse.Namespace) -> int:
    from digitbook.release import export

    model = options.model or RELEASED.with_suffix(".keras")
    for path in export.export(model, options.output or model.parent):
        print(f"{path}  {path.stat().st_size:,} bytes")
    return 0


def predict(options: argparse.Namespace) -> int:
    from digitbook._util.console import new_console
    from digitbook.inference import predict

    found = predict.predict(_network(options.model), options.files)
    failed = [item for item in found if "error" in item]
    if options.json:
        for item in found:
            if options.top and "error" not in item:
                item["probabilities"] = predict.likeliest(item["probabilities"], options.top)
        print(json.dumps(found, indent=1))
    else:
        if len(failed) < len(found):
            new_console().print(predict.table(found, options.top or 1))
        for item in failed:
            print(f"digitbook: {item['file']}: {item['error']}", file=sys.stderr)
    return 2 if failed else 0


def _network(path: Path | None) -> Network:
    """Load an exported network, or a .keras file: Keras is imported for that alone."""
    if path and path.suffix == ".keras":
        from digitbook.release import export

        return export.as_exported(path)
    from digitbook.inference.network import Network

    return Network.load(path or RELEASED)


def _record(options: argparse.Namespace, name: str, *arguments: object, **more: object) -> int:
    """Run an experiment of a kind, and print the table of what is on record then and where."""
    kind = KINDS[name]
    results = options.results or OWN_RESULTS
    record = kind.module().run(*arguments, results=results, say=_say, **more)
    table = kind.module().table(record)
    print(table.to_string(index=False, float_format="{:.2%}".format))
    print(f"record   {kind.path(results, data=record.get('data'))}")
    return 0


def strangers(options: argparse.Namespace) -> int:
    from digitbook.experiments.unknown_classes import SETS
    from digitbook.inference.network import Network

    network = Network.load(options.model or RELEASED)
    return _record(options, "strangers", network, options.data or SETS)


def labels(options: argparse.Namespace) -> int:
    _limit_threads(options.threads)
    from digitbook import data

    return _record(options, "labels", data.load(options.data), options.folds)


def robustness(options: argparse.Namespace) -> int:
    _limit_threads(options.threads)
    from digitbook import data

    return _record(options, "robustness", data.load("mnist"), data.load("usps"))


def transfer(options: argparse.Namespace) -> int:
    _limit_threads(options.threads)
    from digitbook import data

    return _record(options, "transfer", data.load(options.data), options.sizes, options.seeds)


def readers(options: argparse.Namespace) -> int:
    _limit_threads(options.threads)
    from digitbook import data
    from digitbook.experiments.multiscript import AS_THEY_ARE, MOVED

    kind, recipe = ("readers-moved", MOVED) if options.moved else ("readers", AS_THEY_ARE)
    return _record(options, kind, data.load("scripts"), options.seeds, recipe=recipe)


def serve(options: argparse.Namespace) -> int:
    from digitbook.serve.app import create_app, run

    app = create_app(_network(options.model))
    run(app, options.host, options.port, options.threads)
    return 0
