"""The `digitbook` command; a part of the library is imported only when its command runs."""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from digitbook.errors import BadInput
from digitbook.files import make_writable

if TYPE_CHECKING:
    from digitbook.inference import Network

_say = partial(print, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 for a failed build, 2 for bad input."""
    options = _parser().parse_args(arguments)
    warnings.showwarning = lambda message, *_, **__: print(f"Note: {message}", file=sys.stderr)
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except BadInput as error:
        print(f"digitbook: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        print(f"digitbook: {error.filename} cannot be used: {error.strerror}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        goes_on = "; the same command goes on from here" if "goes_on" in options else ""
        print(f"digitbook: stopped{goes_on}.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="digitbook",
        description="Build the book on handwritten digits; train, record, score and use its networks.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    build = commands.add_parser(
        "build",
        help="run the chapters that changed and render the site",
        description="Run the chapters that changed, render the site into OUTPUT/html and check it.",
    )
    build.add_argument(
        "--data",
        default="auto",
        metavar="NAME",
        help="mnist, mnist5k (needs no network), another that `digitbook data --list` lists, a folder "
        "with a subfolder of images for each class, or auto, the default: mnist where it can be had",
    )
    build.add_argument(
        "--only", metavar="CHAPTER", help="run this chapter alone; 04 means 04-dense-training"
    )
    build.add_argument(
        "--jobs", type=_whole(1), default=2, metavar="N", help="chapters side by side (default: 2)"
    )
    build.add_argument("--force", action="store_true", help="run chapters that did not change, too")
    build.add_argument(
        "--timeout",
        type=_whole(1),
        default=1800,
        metavar="SECONDS",
        help="a cell that runs longer counts as hanging (default: 1800)",
    )
    build.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="where to build (default: _build in the book)",
    )
    build.set_defaults(run=_build, goes_on=True)

    data = commands.add_parser(
        "data",
        help="say where a data set comes from and what it holds",
        description="Load a data set, check it, and print its source, counts, classes, terms and "
        "hashes; or list the data sets.",
    )
    data.add_argument(
        "name",
        nargs="?",
        default="auto",
        help="one of those that --list lists, a folder of images, or auto (the default)",
    )
    data.add_argument(
        "--list", action="store_true", help="list the data sets that are here or can be fetched"
    )
    data.set_defaults(run=_data)

    train = commands.add_parser(
        "train",
        help="train a named network once, score it and record it",
        description="Train a network by its recipe, score it once on the test part, and record what "
        "came out. Where a record of this run exists it is kept and compared with.",
    )
    train.add_argument("model", help="softmax, dense, cnn, …; an unknown name lists all")
    _add_data(train)
    train.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="decides all that is random (default: 0)"
    )
    _add_threads(train)
    _add_results(train)
    train.add_argument(
        "--output",
        type=_keras_file,
        metavar="FILE",
        help="the network's file, .keras (default: in the cache)",
    )
    train.add_argument("--stop-with-parent", action="store_true", help=argparse.SUPPRESS)
    train.set_defaults(run=_train)

    evaluate = commands.add_parser(
        "evaluate",
        help="score a trained network on a data set's test part",
        description="Score a .keras file on a test part. Refused where the network was trained on it.",
    )
    evaluate.add_argument("model", type=Path, metavar="MODEL", help="a .keras file")
    _add_data(evaluate)
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate.set_defaults(run=_evaluate)

    sweep = commands.add_parser(
        "sweep",
        help="train and record several networks with several seeds",
        description="Make every run that is not recorded yet, several at a time, and record each as it "
        "ends. Stopped or killed, the same command goes on from there.",
    )
    sweep.add_argument(
        "--models", required=True, type=_names, metavar="NAME,…", help="such as dense,cnn,cnn-ensemble"
    )
    _add_data(sweep)
    _add_seeds(sweep)
    sweep.add_argument(
        "--workers",
        type=_whole(1),
        metavar="N",
        help="runs side by side on this machine (default: as many as its cores feed)",
    )
    sweep.add_argument(
        "--scheduler", metavar="ADDRESS", help="a running Dask scheduler, such as tcp://host:8786"
    )
    _add_threads(sweep)
    _add_results(sweep)
    sweep.set_defaults(run=_sweep, goes_on=True)

    release = commands.add_parser(
        "release",
        help="publish a recorded network with its model card",
        description="Copy the network of the run with the best validation accuracy beside the records, "
        "to MODEL.keras, or NAME-MODEL.keras for data other than mnist, and write its model card.",
    )
    release.add_argument("model", help="the name of a recorded model, such as cnn")
    _add_data(release)
    _add_results(release)
    release.set_defaults(run=_release)

    export = commands.add_parser(
        "export",
        help="write a network for LiteRT and for the browser",
        description="Write NAME.tflite, NAME.bin and NAME.json from NAME.keras, for reading drawings "
        "without Keras.",
    )
    export.add_argument(
        "model",
        type=Path,
        nargs="?",
        metavar="MODEL",
        help="a .keras file (default: the released network)",
    )
    export.add_argument(
        "--output", type=Path, metavar="FOLDER", help="where to write (default: beside MODEL)"
    )
    export.set_defaults(run=_export)

    predict = commands.add_parser(
        "predict",
        help="read the digits, or letters, in images",
        description="Read the one digit in each image, or what else MODEL reads: a photo, a scan or a "
        "drawing, dark on light or light on dark.",
    )
    predict.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="an image, a folder of images, or - for one image on standard input",
    )
    _add_network(predict)
    predict.add_argument(
        "--top",
        type=_whole(1),
        metavar="K",
        help="show the K likeliest classes (default: 1 in the table, all in JSON)",
    )
    predict.add_argument(
        "--json",
        action="store_true",
        help="print a list of objects with file, label, confidence and probabilities, or error",
    )
    predict.set_defaults(run=_predict)

    strangers = commands.add_parser(
        "strangers",
        help="ask the released network about letters and digits of other scripts",
        description="Ask an exported network about the test parts of data sets whose classes it does "
        "not know, and record what it takes them for and how sure it is.",
    )
    strangers.add_argument(
        "--data",
        type=_names,
        metavar="NAME,…",
        help="the data sets (default: mnist, for comparison, letters and four scripts)",
    )
    strangers.add_argument(
        "--model", type=Path, metavar="PATH", help="an exported network (default: the released one)"
    )
    _add_results(strangers)
    strangers.set_defaults(run=_strangers)

    labels = commands.add_parser(
        "labels",
        help="list the labels of a data set that deserve a second look",
        description="Ask networks about digits that they were not trained on, and record the labels "
        "that they speak against. Stopped, the same command goes on with the folds that are missing.",
    )
    _add_data(labels)
    labels.add_argument(
        "--folds",
        type=_whole(2, 20),
        default=5,
        metavar="N",
        help="parts that the training digits are dealt into, and networks to train (default: 5)",
    )
    _add_threads(labels)
    _add_results(labels)
    labels.set_defaults(run=_labels, goes_on=True)

    robustness = commands.add_parser(
        "robustness",
        help="ask the recorded networks about corrupted digits and digits from elsewhere",
        description="Ask the recorded networks of mnist about its test digits, corrupted in five "
        "strengths, and about those of usps, and record what they answer. Stopped, the same command "
        "goes on with the networks that are missing.",
    )
    _add_threads(robustness)
    _add_results(robustness)
    robustness.set_defaults(run=_robustness, goes_on=True)

    transfer = commands.add_parser(
        "transfer",
        help="measure what the released network brings to another data set",
        description="Train a network for a data set on a few images a class, from scratch and from the "
        "released network of digits, and record how well it reads the test part. Stopped, the same "
        "command goes on with the runs that are missing.",
    )
    _add_data(transfer, default="letters")
    transfer.add_argument(
        "--sizes",
        type=whole_numbers,
        default=[5, 20, 80],
        metavar="5,20,…",
        help="training images a class (default: 5,20,80); more than there are is left out",
    )
    _add_seeds(transfer)
    _add_threads(transfer)
    _add_results(transfer)
    transfer.set_defaults(run=_transfer, goes_on=True)

    readers = commands.add_parser(
        "readers",
        help="compare ways to read the digits of many scripts",
        description="Compare one network for the digits of all scripts with a network that tells the "
        "scripts apart and one for each script's digits, and record what each reads right. Stopped, "
        "the same command goes on with the runs that are missing.",
    )
    readers.add_argument(
        "--moved",
        action="store_true",
        help="train on images turned, slanted, resized and shifted a little, not as they are",
    )
    _add_seeds(readers)
    _add_threads(readers)
    _add_results(readers)
    readers.set_defaults(run=_readers, goes_on=True)

    serve = commands.add_parser(
        "serve",
        help="read drawings over HTTP, with a page to draw on",
        description="Serve the drawing page and POST /api/predict until told to stop. Anyone who "
        "reaches the address may use it: by default that is this machine alone.",
    )
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen at (default: 127.0.0.1, this machine)",
    )
    serve.add_argument(
        "--port",
        type=_whole(0, 65_535),
        default=8000,
        help="the port; 0 takes a free one (default: 8000)",
    )
    _add_network(serve)
    serve.add_argument(
        "--threads",
        type=_whole(1),
        default=max(2, os.cpu_count() or 1),
        metavar="N",
        help="requests handled side by side (default: one a core, %(default)s here)",
    )
    serve.set_defaults(run=_serve)
    return parser


def _add_data(command: argparse.ArgumentParser, default: str = "mnist") -> None:
    command.add_argument(
        "--data",
        default=default,
        metavar="NAME",
        help="one of those that `digitbook data --list` lists, or a folder with a subfolder of images "
        f"for each class (default: {default})",
    )


def _add_seeds(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--seeds",
        type=seed_list,
        default=[0, 1, 2, 3, 4],
        metavar="0-4",
        help="such as 0-4 (the default) or 0,7",
    )


def _add_network(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model",
        type=Path,
        metavar="PATH",
        help="an exported .tflite network, or a .keras file (default: the released network)",
    )


def _add_threads(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--threads",
        type=_whole(1),
        default=1,
        metavar="N",
        help="threads that a run computes with; another number changes the last bits (default: 1)",
    )


def _add_results(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        help="where records are kept (default: the book's results)",
    )


def _names(text: str) -> list[str]:
    return text.split(",")


def seed_list(text: str) -> list[int]:
    """Read `0-4` or `0,3,7`, or both, as a list without repetitions."""
    found = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(_seed(first), _seed(last or first) + 1)
    if not found:
        raise ValueError(text)
    return list(dict.fromkeys(found))


seed_list.__name__ = "list of seeds"


def whole_numbers(text: str) -> list[int]:
    """Read `5,10,25` as a list of numbers from 1, ascending and without repetitions."""
    return sorted(set(map(_whole(1), text.split(","))))


whole_numbers.__name__ = "list of whole numbers from 1"


def _whole(first: int, last: float = math.inf) -> Callable[[str], int]:
    """Return a reader of whole numbers from `first` to `last`."""

    def number(text: str) -> int:
        value = int(text)
        if not first <= value <= last:
            raise ValueError(text)
        return value

    number.__name__ = f"whole number from {first}" + (f" to {last}" if last < math.inf else "")
    return number


_seed = _whole(0, 2**32 - 1)


def _keras_file(text: str) -> Path:
    path = Path(text)
    if path.suffix != ".keras" or path.is_dir():
        raise ValueError(text)
    return path


_keras_file.__name__ = "name of a .keras file"


def _build(options: argparse.Namespace) -> int:
    from digitbook import book

    try:
        root = book.find_root()
        book.build(
            root,
            (options.output or root / "_build").resolve(),
            dataset=options.data,
            only=options.only,
            jobs=options.jobs,
            force=options.force,
            timeout=options.timeout,
        )
    except book.BookError as error:
        print(f"digitbook: {error}", file=sys.stderr)
        return 2 if isinstance(error, book.NotFound) else 1
    return 0


def _data(options: argparse.Namespace) -> int:
    from digitbook import data, sources

    if options.list:
        for name in sources.names():
            entry = sources.entry(name)
            elsewhere = "to be fetched" if entry.fetched_from else "not here"
            there = "here" if sources.is_here(name) else elsewhere
            print(f"{name:<15} {there:<14} {entry.summary.removeprefix(f'{name}: ')}")
        return 0
    dataset = data.load(options.name)
    entry = sources.entry(dataset.name)
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


def _train(options: argparse.Namespace) -> int:
    if options.stop_with_parent:
        threading.Thread(target=_exit_when_input_ends, daemon=True).start()
    _limit_threads(options.threads)
    from digitbook import data, experiments, recipes, records, sweep

    results = options.results or records.RESULTS
    name = _known(options.model, recipes.RECIPES)
    run = experiments.Run(name, data.load(options.data), options.seed)
    output = options.output or experiments.model_path(run.name)
    for folder in (output.parent, results):
        make_writable(folder)
    model, record = experiments.train(run, say=_say)
    experiments.save(model, output, record)
    print(f"{run.name}: {sweep.headline(record)}")
    print(f"network  {output}")
    path = records.path_of(results, run.name)
    if records.is_done(results, run.name):
        print(f"record   {path}, kept: {_compare(record, records.load(path))}")
    else:
        print(f"record   {records.write(results, run.name, record)}")
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


def _compare(new: dict, old: dict) -> str:
    """Say whether a run gave the answers that are on record."""
    from digitbook.records import answers

    differing = int((answers(new)[0] != answers(old)[0]).sum())
    if new["weights_sha256"] == old["weights_sha256"]:
        return "this run gave the same weights"
    return (
        f"this run gave other weights and {differing:,} other answers of {new['examples']:,} "
        f"(recorded with {old['environment']['threads']} threads on {old['environment']['processor']})"
    )


def _evaluate(options: argparse.Namespace) -> int:
    from digitbook import data, experiments

    model, note = experiments.load(options.model)
    dataset = data.load(options.data)
    if note is None:
        print(
            f"Note: {options.model} does not say what it was trained on; whether it has seen these "
            "test images cannot be checked.",
            file=sys.stderr,
        )
    else:
        experiments.refuse_overlap(note, dataset)
    experiments.refuse_other_classes(model, note, dataset)
    found = experiments.evaluate(model, dataset)
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


def _sweep(options: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    _limit_threads(options.threads)
    from digitbook import data, experiments, recipes, records, sweep

    models = [*recipes.RECIPES, *experiments.ENSEMBLES]
    failed = sweep.sweep(
        [_known(name, models) for name in options.models],
        data.load(options.data),
        options.seeds,
        (options.results or records.RESULTS).resolve(),
        scheduler=options.scheduler,
        workers=options.workers,
        threads=options.threads,
    )
    return 1 if failed else 0


def _release(options: argparse.Namespace) -> int:
    from digitbook import records, release

    path = release.release(options.model, options.data, options.results or records.RESULTS)
    print(f"network  {path}\ncard     {path.with_suffix('.md')}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from digitbook import export
    from digitbook.inference import RELEASED

    model = options.model or RELEASED.with_suffix(".keras")
    for path in export.export(model, options.output or model.parent):
        print(f"{path}  {path.stat().st_size:,} bytes")
    return 0


def _predict(options: argparse.Namespace) -> int:
    from digitbook import predict, terminal

    found = predict.predict(_network(options.model), options.files)
    failed = [item for item in found if "error" in item]
    if options.json:
        for item in found:
            if options.top and "error" not in item:
                item["probabilities"] = predict.likeliest(item["probabilities"], options.top)
        print(json.dumps(found, indent=1))
    else:
        if len(failed) < len(found):
            terminal.console().print(predict.table(found, options.top or 1))
        for item in failed:
            print(f"digitbook: {item['file']}: {item['error']}", file=sys.stderr)
    return 2 if failed else 0


def _network(path: Path | None) -> Network:
    """Load an exported network, or a .keras file: Keras is imported for that alone."""
    if path and path.suffix == ".keras":
        from digitbook import export

        return export.network(path)
    from digitbook import inference

    return inference.Network.load(path or inference.RELEASED)


def _strangers(options: argparse.Namespace) -> int:
    from digitbook import inference, records, strangers

    network = inference.Network.load(options.model or inference.RELEASED)
    found = strangers.ask(network, options.data or strangers.SETS, say=_say)
    print(f"record   {records.store((options.results or records.RESULTS) / records.STRANGERS, found)}")
    return 0


def _labels(options: argparse.Namespace) -> int:
    _limit_threads(options.threads)
    from digitbook import data, labels, records

    dataset = data.load(options.data)
    found = labels.find(dataset, options.folds, say=_say)
    for part, name in (("train", "training"), ("test", "test")):
        rows = found[part]["disputed"]
        print(
            f"{name}: {len(rows['listed']):,} of {found[part]['examples']:,} labels disputed, "
            f"{sum(rows['listed']):,} of them probably wrong"
        )
        for index, label, suggested in zip(
            *(itertools.compress(rows[key], rows["listed"]) for key in ("index", "label", "suggested")),
            strict=True,
        ):
            print(
                f"  image {index}: labelled {dataset.class_names[label]}, "
                f"read as {dataset.class_names[suggested]}"
            )
    path = records.labels_path(options.results or records.RESULTS, dataset.name)
    print(f"record   {records.store(path, found)}")
    return 0


def _robustness(options: argparse.Namespace) -> int:
    _limit_threads(options.threads)
    from digitbook import data, records, robustness

    path = robustness.measure(
        data.load("mnist"),
        data.load(robustness.ELSEWHERE),
        results=options.results or records.RESULTS,
        say=_say,
    )
    print(f"record   {path}")
    return 0


def _transfer(options: argparse.Namespace) -> int:
    _limit_threads(options.threads)
    from digitbook import data, records, transfer

    results, dataset = options.results or records.RESULTS, data.load(options.data)
    transfer.measure(
        dataset,
        options.sizes,
        options.seeds,
        results,
        say=_say,
    )
    runs = records.transfer(results).query("data == @dataset.name")
    print("mean accuracy on the test part, by training images a class")
    print(runs.pivot_table("accuracy", "size", "start").map("{:.2%}".format))
    print(f"record   {records.transfer_path(results, dataset.name)}")
    return 0


def _readers(options: argparse.Namespace) -> int:
    _limit_threads(options.threads)
    from digitbook import data, readers, records

    results = options.results or records.RESULTS
    recipe = readers.MOVED if options.moved else readers.AS_THEY_ARE
    record = readers.compare(data.load("scripts"), options.seeds, results, _say, recipe)
    print("mean shares of answers that are right")
    print(readers.means(record).map("{:.2%}".format))
    print(f"record   {records.readers_path(results, options.moved)}")
    return 0


def _serve(options: argparse.Namespace) -> int:
    from digitbook import serve

    app = serve.create_app(_network(options.model))
    serve.run(app, options.host, options.port, options.threads)
    return 0


if __name__ == "__main__":
    sys.exit(main())
