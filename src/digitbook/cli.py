"""The `digitbook` command; a part of the library is imported only when its command runs."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 for a failed build, 2 for bad input."""
    options = _parser().parse_args(arguments)
    warnings.showwarning = lambda message, *_, **__: print(f"Note: {message}", file=sys.stderr)
    from digitbook.data import DataError

    try:
        return options.run(options)
    except DataError as error:
        print(f"digitbook: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("digitbook: stopped; the same command goes on from here.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="digitbook",
        description="Build the book on handwritten digit recognition, and look at its data.",
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
        help="mnist, mnist5k (needs no network) or auto, the default: mnist where it can be had",
    )
    build.add_argument(
        "--only", metavar="CHAPTER", help="run this chapter alone; 04 means 04-dense-training"
    )
    build.add_argument(
        "--jobs", type=_positive, default=2, metavar="N", help="chapters side by side (default: 2)"
    )
    build.add_argument("--force", action="store_true", help="run chapters that did not change, too")
    build.add_argument(
        "--timeout",
        type=_positive,
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
    build.set_defaults(run=_build)

    data = commands.add_parser(
        "data",
        help="say where a data set comes from and what it holds",
        description="Load a data set, check it, and print its source, counts, classes and hashes.",
    )
    data.add_argument("name", nargs="?", default="auto", help="mnist, mnist5k or auto (the default)")
    data.set_defaults(run=_data)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


_positive.__name__ = "whole number from 1"


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
    from digitbook import data

    dataset = data.load(options.name)
    entry = data.REGISTRY[dataset.name]
    print(entry.summary)
    print(f"source   {dataset.source}")
    print(f"counts   {len(dataset.x_train):,} training, {len(dataset.x_test):,} test")
    print(f"classes  {' '.join(dataset.class_names)}")
    print(f"sha256   {dataset.sha256} (of the four below)")
    for part, digest in entry.sha256.items():
        print(f"  {part:<8} {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
