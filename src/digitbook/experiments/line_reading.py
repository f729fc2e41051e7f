"""Record how lines of digits are read: whole, by cutting, and as the released reader does it.

Lines are put together from a test part's digits and from hands, in four spacings, on clean paper and on
made papers. Nothing here is chosen by what comes out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from digitbook.data import Dataset
from digitbook.experiments import records
from digitbook.experiments.records import Record
from digitbook.experiments.run import made
from digitbook.experiments.segmentation import read_by_cutting
from digitbook.images import handwriting
from digitbook.images.composed import SPACINGS, Line, compose
from digitbook.images.lines import Piece, lines_of
from digitbook.images.papers import PAPERS, PEN_ONLY, Digit, photograph
from digitbook.images.photo import all_ink
from digitbook.images.prepare import prepare_drawing
from digitbook.inference.network import Network, description_of
from digitbook.inference.number import LINE_NETWORK, LineReader, number_of

SURE = 0.9
"""A number with at least this confidence is called sure."""
LENGTH, LENGTHS = 4, range(1, 9)
"""How many digits the most lines have, and how many the others."""
COUNT, MANY, ON_PAPER = 200, 1000, 50
"""Lines of each length and spacing; of four digits, and of hands; and on each paper."""

Reader = Callable[[list[Piece]], tuple[str | None, float]]
"""From a line's pieces of ink to a number, or None, and its confidence."""


def run(
    digits: Dataset,
    results: Path,
    say: Callable[[str], None] = print,
    count: int = COUNT,
    many: int = MANY,
    on_paper: int = ON_PAPER,
    seed: int = 0,
) -> Record:
    """Record how many lines of each kind are read right, refused, or wrong and sure, in each way.

    Under `lines` the record holds for each kind its `digits`, `paper` (None on clean paper), `spacing`,
    `length` and `count`, and by way (`whole`, `cutting`, `released`; on paper the last alone) how many
    were `right`, `refused` (also as none or several lines) and `sure_errors`, and the median
    `milliseconds` from ink to number. Stopped, the same call goes on.

    Args:
        digits: the set whose test part the lines are made of.
        results: the folder of the records.
        say: told as each kind is done.
        count: lines of each length and spacing.
        many: those of four digits, and of hands.
        on_paper: lines on each paper and spacing.
        seed: decides the lines.
    """
    about = {
        "data": digits.name,
        "data_sha256": digits.sha256,
        "counts": [count, many, on_paper],
        "seed": seed,
        "sure": SURE,
        "line_network": description_of(LINE_NETWORK)["weights_sha256"],
        "network": Network.load().description["weights_sha256"],
    }
    found = records.begun("numbers", results, about, "lines")
    kinds = _kinds(digits.name, count, many, on_paper)
    missing = {name: kind for name, kind in kinds.items() if name not in found["lines"]}
    asked = partial(_ask, digits=(digits.x_test, digits.y_test), seed=seed)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(asked, kind): name for name, kind in missing.items()}
        for number, done in enumerate(as_completed(waiting), start=1):
            name = waiting[done]
            found["lines"][name] = missing[name] | {"ways": done.result()}
            found |= made()
            records.store("numbers", found, results)
            right = found["lines"][name]["ways"]["released"]["right"] / missing[name]["count"]
            say(f"{number}/{len(missing)}: {name}, {right:.1%} read right")
    found["lines"] = {name: found["lines"][name] for name in kinds}
    records.store("numbers", found, results)
    return found


def table(record: Record) -> pd.DataFrame:
    """Return a row for each kind of line: by each way the share read right, and wrong but sure."""
    return pd.DataFrame(
        {
            "lines": name,
            **{
                f"{way}: {label}": kind["ways"][way][key] / kind["count"]
                for way in kind["ways"]
                for label, key in (("right", "right"), ("wrong and sure", "sure_errors"))
            },
        }
        for name, kind in record["lines"].items()
    )


def _kinds(data: str, count: int, many: int, on_paper: int) -> dict[str, Record]:
    """Return every kind of line that is asked about, by name."""
    kinds: list[Record] = [
        {
            "digits": data,
            "paper": None,
            "spacing": spacing,
            "length": length,
            "count": many if length == LENGTH else count,
        }
        for spacing in SPACINGS
        for length in LENGTHS
    ]
    kinds += [
        {"digits": "hands", "paper": None, "spacing": spacing, "length": LENGTH, "count": many}
        for spacing in SPACINGS
    ]
    kinds += [
        {"digits": data, "paper": paper, "spacing": spacing, "length": LENGTH, "count": on_paper}
        for paper in PAPERS
        if paper not in PEN_ONLY
        for spacing in ("narrow", "touching")
    ]
    return {
        ", ".join(str(value) for key, value in kind.items() if key != "count" and value): kind
        for kind in kinds
    }


def _ask(kind: Record, digits: tuple[np.ndarray, np.ndarray], seed: int) -> Record:
    """Return for each way how lines of a kind are read."""
    single = Network.load()
    readers: dict[str, Reader] = {"released": partial(number_of, LineReader.load(single))}
    if not kind["paper"]:
        readers["whole"] = partial(number_of, LineReader.load(None))
        readers["cutting"] = partial(read_by_cutting, reader=single)
    tally = {way: {"right": 0, "refused": 0, "sure_errors": 0} for way in readers}
    taken: dict[str, list[float]] = {way: [] for way in readers}
    for ink, number in _lines(kind, digits, seed):
        lines = lines_of(ink)
        for way, read in readers.items():
            begun = time.perf_counter()
            answer, confidence = read(lines[0]) if len(lines) == 1 else (None, 0.0)
            taken[way].append(1000 * (time.perf_counter() - begun))
            if answer == number:
                tally[way]["right"] += 1
            elif answer is None:
                tally[way]["refused"] += 1
            elif confidence >= SURE:
                tally[way]["sure_errors"] += 1
    return {
        way: {**counts, "milliseconds": round(float(np.median(taken[way])), 2)}
        for way, counts in tally.items()
    }


def _lines(
    kind: Record, digits: tuple[np.ndarray, np.ndarray], seed: int
) -> Iterator[tuple[np.ndarray, str]]:
    """Yield the ink of lines of a kind, and the number in each."""
    spacing, paper = kind["spacing"], kind["paper"]
    rng = np.random.default_rng(
        [seed, kind["length"], list(SPACINGS).index(spacing), [None, *PAPERS].index(paper)]
    )
    images, labels = digits if kind["digits"] != "hands" else _by_hands()
    for _ in range(kind["count"]):
        chosen = rng.integers(0, len(images), kind["length"])
        line: Line = compose(list(images[chosen]), list(map(int, labels[chosen])), spacing, rng)
        ink = line.ink
        if paper:
            ink, _ = all_ink(photograph(paper, Digit(pixels=ink), rng))
        yield ink, "".join(map(str, line.classes))


def _by_hands() -> tuple[np.ndarray, np.ndarray]:
    """Return the digits that hands write, as a set's are stored, and what they are."""
    drawn: Sequence = list(handwriting.drawings())
    images = [prepare_drawing(handwriting.draw(strokes, pen)) for *_, strokes, pen in drawn]
    return np.stack(images), np.array([digit for digit, *_ in drawn])
