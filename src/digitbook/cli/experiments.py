"""`digitbook strangers`, `refusal`, `labels`, `robustness`, `transfer`, `readers`, `papers`,
`numbers`.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from digitbook.cli.options import (
    Names,
    Sizes,
    data_option,
    json_option,
    results_option,
    say,
    seeds_option,
    show,
    threads_option,
)
from digitbook.experiments.kinds import KINDS
from digitbook.paths import RELEASED


def _record(kind: str, results: Path, as_json: bool, *about: Any, **more: Any) -> None:
    """Run an experiment of a kind, and print the table of what is on record then and where."""
    module = KINDS[kind].module()
    tell = partial(say, file=sys.stderr) if as_json else say
    record = module.run(*about, results=results, say=tell, **more)
    show(module.table(record), as_json)
    tell(f"record   {KINDS[kind].path(results, data=record.get('data'))}")


@click.command(short_help="Ask the released network about letters and digits of other scripts.")
@click.option(
    "--data",
    type=Names(),
    help="The data sets; by default mnist, for comparison, letters and four scripts.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    default=RELEASED,
    show_default="the released one",
    help="An exported network.",
)
@results_option
@json_option
def strangers(data: list[str] | None, model: Path, results: Path, as_json: bool) -> None:
    """Ask an exported network about the test parts of data sets whose classes it does not know.

    Recorded is what it takes them for and how sure it is.
    """
    from digitbook.experiments.unknown_classes import SETS
    from digitbook.inference.network import Network

    _record("strangers", results, as_json, Network.load(model), data or SETS)


@click.command(short_help="Teach the network that refuses what is no digit.")
@seeds_option
@threads_option
@results_option
@json_option
def refusal(seeds: list[int], threads: int, results: Path, as_json: bool) -> None:
    """Teach networks to tell digits from what is none, and compare them with other ways to refuse.

    That of the first seed becomes guard.keras, which `digitbook export` writes for those who read
    without Keras. A seed takes a quarter of an hour. Stopped, the same command goes on with those that
    are missing.
    """
    from digitbook.data import load
    from digitbook.experiments.refusal import ELSEWHERE

    reader = RELEASED.with_suffix(".keras")
    sets = load("mnist"), load("letters"), [load(name) for name in ELSEWHERE]
    _record("refusal", results, as_json, *sets, reader, seeds=seeds)


@click.command(short_help="List the labels of a data set that deserve a second look.")
@data_option()
@click.option(
    "--folds",
    type=click.IntRange(2, 20),
    default=5,
    help="Parts that the training digits are dealt into, and networks to train.",
)
@threads_option
@results_option
@json_option
def labels(data: str, folds: int, threads: int, results: Path, as_json: bool) -> None:
    """Ask networks about digits that they were not trained on.

    Recorded are the labels that they speak against. Stopped, the same command goes on with
    the folds that are missing.
    """
    from digitbook.data import load

    _record("labels", results, as_json, load(data), folds)


@click.command(short_help="Ask the recorded networks about corrupted digits and digits from elsewhere.")
@threads_option
@results_option
@json_option
def robustness(threads: int, results: Path, as_json: bool) -> None:
    """Ask the recorded networks of mnist about its test digits, corrupted, and about those of usps.

    Each corruption comes in five strengths. Stopped, the same command goes on with the networks
    that are missing.
    """
    from digitbook.data import load

    _record("robustness", results, as_json, load("mnist"), load("usps"))


@click.command(short_help="Measure what the released network brings to another data set.")
@data_option(default="letters")
@click.option(
    "--sizes",
    type=Sizes(),
    default="5,20,80",
    help="Training images a class; more than there are is left out.",
)
@seeds_option
@threads_option
@results_option
@json_option
def transfer(
    data: str, sizes: list[int], seeds: list[int], threads: int, results: Path, as_json: bool
) -> None:
    """Train a network for a data set on a few images a class, from scratch and from the released one.

    Recorded is how well each reads the test part. Stopped, the same command goes on with the runs that
    are missing.
    """
    from digitbook.data import load

    _record("transfer", results, as_json, load(data), sizes, seeds)


@click.command(short_help="Compare ways to read the digits of many scripts.")
@click.option(
    "--moved",
    is_flag=True,
    help="Train on images turned, slanted, resized and shifted a little, not as they are.",
)
@seeds_option
@threads_option
@results_option
@json_option
def readers(moved: bool, seeds: list[int], threads: int, results: Path, as_json: bool) -> None:
    """Compare one network for the digits of all scripts with a staged reader.

    The staged one has a network that tells the scripts apart and one for each script's digits. Stopped,
    the same command goes on with the runs that are missing.
    """
    from digitbook.data import load
    from digitbook.experiments.multiscript import AS_THEY_ARE, MOVED

    kind, recipe = ("readers-moved", MOVED) if moved else ("readers", AS_THEY_ARE)
    _record(kind, results, as_json, load("scripts"), seeds, recipe=recipe)


@click.command(short_help="Ask the released network about digits on papers of many kinds.")
@results_option
@json_option
def papers(results: Path, as_json: bool) -> None:
    """Ask the released network about pictures of digits on papers, made by a program.

    Each kind of paper has 200 pictures, and their ink is found in several ways. Stopped, the same
    command goes on with the kinds that are missing.
    """
    from digitbook.data import load

    _record("papers", results, as_json, load("mnist"))


@click.command(short_help="Ask the released networks about lines of digits.")
@results_option
@json_option
def numbers(results: Path, as_json: bool) -> None:
    """Ask the released networks about numbers, put together from MNIST's test digits and from hands.

    Lines have one to eight digits, from far apart to overlapping, on clean paper and on papers made by
    a program, and are read in several ways. Stopped, the same command goes on with what is missing.
    """
    from digitbook.data import load

    _record("numbers", results, as_json, load("mnist"))
