"""`digitbook build` and `digitbook notebooks`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from digitbook.cli.options import FOLDER, DataName


@click.command(short_help="Run the chapters that changed and render the site.")
@click.option(
    "--data",
    type=DataName(),
    default="auto",
    help="mnist, mnist5k (needs no network), another that `digitbook data --list` lists, a folder with "
    "a subfolder of images for each class, or auto: mnist where it can be had.",
)
@click.option("--only", metavar="CHAPTER", help="Run this chapter alone; 04 means 04-dense-training.")
@click.option("--jobs", type=click.IntRange(1), default=2, help="Chapters side by side.")
@click.option("--force", is_flag=True, help="Run chapters that did not change, too.")
@click.option(
    "--timeout",
    type=click.IntRange(1),
    default=1800,
    metavar="SECONDS",
    help="A cell that runs longer counts as hanging.",
)
@click.option(
    "--output", type=FOLDER, show_default="_build in the book", default=None, help="Where to build."
)
@click.option(
    "--record-numbers",
    is_flag=True,
    help="Keep the numbers of chapters' text in notebooks/numbers.json, which `digitbook notebooks` "
    "fills in; with --data mnist.",
)
def build(
    data: str,
    only: str | None,
    jobs: int,
    force: bool,
    timeout: int,
    output: Path | None,
    record_numbers: bool,
) -> int:
    """Run the chapters that changed, render the site into OUTPUT/html and check it.

    OUTPUT/notebooks then holds a notebook of each chapter to work in, as do the site's downloads.
    """
    if record_numbers and data != "mnist":
        raise click.UsageError("Numbers are recorded on all of MNIST: --record-numbers --data mnist.")
    from digitbook.book import numbers
    from digitbook.book.build import build as run
    from digitbook.book.contents import chapters, find_root
    from digitbook.book.errors import BookError, NotFound

    try:
        root = find_root()
        output = (output or root / "_build").resolve()
        run(root, output, dataset=data, only=only, jobs=jobs, force=force, timeout=timeout)
        if record_numbers:
            numbers.record(chapters(root, output), root / "notebooks")
    except BookError as error:
        print(f"digitbook: {error}", file=sys.stderr)
        return 2 if isinstance(error, NotFound) else 1
    return 0


@click.command(short_help="Write the chapters' notebooks, to work in.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def notebooks(folder: Path) -> None:
    """Write a notebook of each chapter into FOLDER, to run, to change and to do the exercises in.

    A notebook in FOLDER that somebody has changed is kept as it is.
    """
    from digitbook.book.working_folder import write

    kept = write(folder)
    print(f"The chapters lie in {folder}.")
    if kept:
        print(f"Kept, since they were changed: {', '.join(kept)}. Rename one to get a new copy of it.")
