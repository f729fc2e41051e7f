"""Options that several commands share, how their values are read, and how tables are printed."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from digitbook.paths import OWN_RESULTS, RESULTS

if TYPE_CHECKING:
    import pandas as pd

say = partial(print, flush=True)
SEED = click.IntRange(0, 2**32 - 1)
FOLDER = click.Path(path_type=Path)


class DataName(click.ParamType):
    """The name of a data set, or a folder of images; which there are, `data.load` knows."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from digitbook.data import finder

        known = [name for name in ("auto", *finder.names()) if name.startswith(incomplete)]
        return [*map(CompletionItem, known), CompletionItem(incomplete, type="dir")]


class Names(click.ParamType):
    """Names with commas between them, as a list."""

    name = "name,…"

    def convert(self, value: Any, param: Any, ctx: Any) -> list[str]:
        return value.split(",")


class Seeds(click.ParamType):
    """`0-4` or `0,3,7`, or both, as a list without repetitions."""

    name = "0-4"

    def convert(self, value: Any, param: Any, ctx: Any) -> list[int]:
        try:
            return seed_list(value)
        except ValueError:
            self.fail(f"{value!r} is no list of seeds, such as 0-4 or 0,7.", param, ctx)


class Sizes(click.ParamType):
    """`5,10,25` as a list of numbers from 1, ascending and without repetitions."""

    name = "5,20,…"

    def convert(self, value: Any, param: Any, ctx: Any) -> list[int]:
        sizes = value.split(",")
        if not all(size.isdecimal() and int(size) for size in sizes):
            self.fail(f"{value!r} is no list of whole numbers from 1.", param, ctx)
        return sorted(set(map(int, sizes)))


class Trained(click.Path):
    """A `.keras` file, or the name of a released network."""

    name = "model"

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:
        released = RESULTS / f"{value}.keras"
        return released if released.is_file() and not Path(value).exists() else Path(value)


class KerasFile(click.Path):
    """Where a network can be written."""

    name = "file"

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:
        path = Path(value)
        if path.suffix != ".keras" or path.is_dir():
            self.fail(f"{value!r} is no name of a .keras file.", param, ctx)
        return path


def seed_list(text: str) -> list[int]:
    """Read `0-4` or `0,3,7`, or both, as a list without repetitions."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    if not found or max(found) >= 2**32:
        raise ValueError(text)
    return list(dict.fromkeys(found))


def data_option(default: str = "mnist") -> Any:
    return click.option(
        "--data",
        type=DataName(),
        default=default,
        help="One of those that `digitbook data --list` lists, or a folder with a subfolder of images "
        "for each class.",
    )


seeds_option = click.option("--seeds", type=Seeds(), default="0-4", help="Such as 0-4 or 0,7.")
network_option = click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="An exported .tflite network, or a .keras file; by default the released network.",
)
results_option = click.option(
    "--results",
    type=FOLDER,
    default=OWN_RESULTS,
    show_default="the book's results",
    help="Where records are kept.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def _limit_threads(ctx: click.Context, param: click.Parameter, threads: int) -> int:
    """Set how many threads TensorFlow will use; it asks when it is imported."""
    for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[variable] = str(threads)
    return threads


threads_option = click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    callback=_limit_threads,
    help="Threads that a run computes with; another number changes the last bits.",
)


def show(table: pd.DataFrame, as_json: bool) -> None:
    """Print a data frame, no wider than the terminal, or as a list of JSON objects."""
    if as_json:
        print(table.to_json(orient="records", force_ascii=False, indent=1))
    else:
        width = shutil.get_terminal_size().columns
        print(table.to_string(index=False, float_format="{:.2%}".format, line_width=width))
