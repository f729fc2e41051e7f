"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from digitbook.paths import RESULTS


def add_data(command: argparse.ArgumentParser, default: str = "mnist") -> None:
    command.add_argument(
        "--data",
        default=default,
        metavar="NAME",
        help="one of those that `digitbook data --list` lists, or a folder with a subfolder of images "
        f"for each class (default: {default})",
    )


def add_seeds(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--seeds",
        type=seed_list,
        default=[0, 1, 2, 3, 4],
        metavar="0-4",
        help="such as 0-4 (the default) or 0,7",
    )


def add_network(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model",
        type=Path,
        metavar="PATH",
        help="an exported .tflite network, or a .keras file (default: the released network)",
    )


def add_threads(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--threads",
        type=whole(1),
        default=1,
        metavar="N",
        help="threads that a run computes with; another number changes the last bits (default: 1)",
    )


def add_results(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        help="where records are kept (default: the book's results)",
    )


def trained(text: str) -> Path:
    """Return the path of a `.keras` file, or of the released network that is called so."""
    released = RESULTS / f"{text}.keras"
    return released if released.is_file() and not Path(text).exists() else Path(text)


def names(text: str) -> list[str]:
    return text.split(",")


def seed_list(text: str) -> list[int]:
    """Read `0-4` or `0,3,7`, or both, as a list without repetitions."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(seed(first), seed(last or first) + 1)
    if not found:
        raise ValueError(text)
    return list(dict.fromkeys(found))


seed_list.__name__ = "list of seeds"


def whole_numbers(text: str) -> list[int]:
    """Read `5,10,25` as a list of numbers from 1, ascending and without repetitions."""
    return sorted(set(map(whole(1), text.split(","))))


whole_numbers.__name__ = "list of whole numbers from 1"


def whole(first: int, last: float = math.inf) -> Callable[[str], int]:
    """Return a reader of whole numbers from `first` to `last`."""

    def number(text: str) -> int:
        value = int(text)
        if not first <= value <= last:
            raise ValueError(text)
        return value

    number.__name__ = f"whole number from {first}" + (f" to {last}" if last < math.inf else "")
    return number


seed = whole(0, 2**32 - 1)


def keras_file(text: str) -> Path:
    path = Path(text)
    if path.suffix != ".keras" or path.is_dir():
        raise ValueError(text)
    return path


keras_file.__name__ = "name of a .keras file"
