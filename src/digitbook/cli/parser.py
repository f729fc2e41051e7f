"""The commands and their options, as `--help` shows them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from digitbook.cli import actions
from digitbook.cli.options import (
    add_data,
    add_network,
    add_results,
    add_seeds,
    add_threads,
    keras_file,
    names,
    seed,
    trained,
    whole,
    whole_numbers,
)


def make_parser() -> argparse.ArgumentParser:
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
        "--jobs", type=whole(1), default=2, metavar="N", help="chapters side by side (default: 2)"
    )
    build.add_argument("--force", action="store_true", help="run chapters that did not change, too")
    build.add_argument(
        "--timeout",
        type=whole(1),
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
    build.set_defaults(run=actions.build, goes_on=True)

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
    data.set_defaults(run=actions.data)

    train = commands.add_parser(
        "train",
        help="train a named network once, score it and record it",
        description="Train a network by its recipe, score it once on the test part, and record what "
        "came out. Where a record of this run exists it is kept and compared with.",
    )
    train.add_argument("model", help="softmax, dense, cnn, …; an unknown name lists all")
    add_data(train)
    train.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="decides all that is random (default: 0)"
    )
    add_threads(train)
    add_results(train)
    train.add_argument(
        "--output",
        type=keras_file,
        metavar="FILE",
        help="the network's file, .keras (default: in the cache)",
    )
    train.add_argument("--stop-with-parent", action="store_true", help=argparse.SUPPRESS)
    train.set_defaults(run=actions.train)

    evaluate = commands.add_parser(
        "evaluate",
        help="score a trained network on a data set's test part",
        description="Score a .keras file on a test part. Refused where the network was trained on it.",
    )
    evaluate.add_argument(
        "model",
        type=trained,
        metavar="MODEL",
        help="a .keras file, or the name of a released network: cnn",
    )
    add_data(evaluate)
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate.set_defaults(run=actions.evaluate)

    sweep = commands.add_parser(
        "sweep",
        help="train and record several networks with several seeds",
        description="Make every run that is not recorded yet, several at a time, and record each as it "
        "ends. Stopped or killed, the same command goes on from there.",
    )
    sweep.add_argument(
        "--models", required=True, type=names, metavar="NAME,…", help="such as dense,cnn,cnn-ensemble"
    )
    add_data(sweep)
    add_seeds(sweep)
    sweep.add_argument(
        "--workers",
        type=whole(1),
        metavar="N",
        help="runs side by side on this machine (default: as many as its cores feed)",
    )
    sweep.add_argument(
        "--scheduler", metavar="ADDRESS", help="a running Dask scheduler, such as tcp://host:8786"
    )
    add_threads(sweep)
    add_results(sweep)
    sweep.set_defaults(run=actions.sweep, goes_on=True)

    release = commands.add_parser(
        "release",
        help="publish a recorded network with its model card",
        description="Copy the network of the run with the best validation accuracy beside the records, "
        "to MODEL.keras, or NAME-MODEL.keras for data other than mnist, and write its model card.",
    )
    release.add_argument("model", help="the name of a recorded model, such as cnn")
    add_data(release)
    add_results(release)
    release.set_defaults(run=actions.release)

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
    export.set_defaults(run=actions.export)

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
    add_network(predict)
    predict.add_argument(
        "--top",
        type=whole(1),
        metavar="K",
        help="show the K likeliest classes (default: 1 in the table, all in JSON)",
    )
    predict.add_argument(
        "--json",
        action="store_true",
        help="print a list of objects with file, label, confidence and probabilities, or error",
    )
    predict.set_defaults(run=actions.predict)

    strangers = commands.add_parser(
        "strangers",
        help="ask the released network about letters and digits of other scripts",
        description="Ask an exported network about the test parts of data sets whose classes it does "
        "not know, and record what it takes them for and how sure it is.",
    )
    strangers.add_argument(
        "--data",
        type=names,
        metavar="NAME,…",
        help="the data sets (default: mnist, for comparison, letters and four scripts)",
    )
    strangers.add_argument(
        "--model", type=Path, metavar="PATH", help="an exported network (default: the released one)"
    )
    add_results(strangers)
    strangers.set_defaults(run=actions.strangers)

    labels = commands.add_parser(
        "labels",
        help="list the labels of a data set that deserve a second look",
        description="Ask networks about digits that they were not trained on, and record the labels "
        "that they speak against. Stopped, the same command goes on with the folds that are missing.",
    )
    add_data(labels)
    labels.add_argument(
        "--folds",
        type=whole(2, 20),
        default=5,
        metavar="N",
        help="parts that the training digits are dealt into, and networks to train (default: 5)",
    )
    add_threads(labels)
    add_results(labels)
    labels.set_defaults(run=actions.labels, goes_on=True)

    robustness = commands.add_parser(
        "robustness",
        help="ask the recorded networks about corrupted digits and digits from elsewhere",
        description="Ask the recorded networks of mnist about its test digits, corrupted in five "
        "strengths, and about those of usps, and record what they answer. Stopped, the same command "
        "goes on with the networks that are missing.",
    )
    add_threads(robustness)
    add_results(robustness)
    robustness.set_defaults(run=actions.robustness, goes_on=True)

    transfer = commands.add_parser(
        "transfer",
        help="measure what the released network brings to another data set",
        description="Train a network for a data set on a few images a class, from scratch and from the "
        "released network of digits, and record how well it reads the test part. Stopped, the same "
        "command goes on with the runs that are missing.",
    )
    add_data(transfer, default="letters")
    transfer.add_argument(
        "--sizes",
        type=whole_numbers,
        default=[5, 20, 80],
        metavar="5,20,…",
        help="training images a class (default: 5,20,80); more than there are is left out",
    )
    add_seeds(transfer)
    add_threads(transfer)
    add_results(transfer)
    transfer.set_defaults(run=actions.transfer, goes_on=True)

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
    add_seeds(readers)
    add_threads(readers)
    add_results(readers)
    readers.set_defaults(run=actions.readers, goes_on=True)

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
        type=whole(0, 65_535),
        default=8000,
        help="the port; 0 takes a free one (default: 8000)",
    )
    add_network(serve)
    serve.add_argument(
        "--threads",
        type=whole(1),
        default=max(2, os.cpu_count() or 1),
        metavar="N",
        help="requests handled side by side (default: one a core, %(default)s here)",
    )
    serve.set_defaults(run=actions.serve)
    return parser
