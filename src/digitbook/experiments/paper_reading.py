"""Ask the released network about digits on papers, with their ink found in several ways.

`predict` and the service find it with a network (`digitbook.images.photo`). That is compared with
itself less one of its steps, and with thresholds and morphology (`classical_ink`).
All see the same pictures, made by `digitbook.images.papers` from hands and from test digits that no
network here was trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from digitbook._util import provenance
from digitbook.data import Dataset
from digitbook.experiments import records
from digitbook.experiments.classical_ink import classical_ink
from digitbook.experiments.records import Record
from digitbook.images.ink import INK_NETWORK, find_ink
from digitbook.images.papers import PAPERS, exam
from digitbook.images.photo import clean_photo, thickened
from digitbook.images.prepare import prepare_drawing
from digitbook.inference.network import CONFIDENCE_LIMIT, GUARD, Network
from digitbook.paths import RELEASED

COUNT = 200
"""Pictures of each kind of paper."""


WAYS: dict[str, Callable[[Image.Image], np.ndarray]] = {
    "network": clean_photo,
    "one look": lambda picture: thickened(find_ink(picture, looks=1)),
    "not thickened": find_ink,
    "thresholds": lambda picture: thickened(classical_ink(picture)),
}
"""How ink is found, by name; each takes an RGB picture."""


def run(
    dataset: Dataset,
    results: Path,
    say: Callable[[str], None] = print,
    papers: Sequence[str] = tuple(PAPERS),
    count: int = COUNT,
    seed: int = 0,
) -> Record:
    """Record how digits of a test part, and of hands, are read on papers.

    Under `papers` the record holds for each kind and each of `WAYS` how many of `count` pictures were
    read `right`, how many were `refused` as without ink or as no digit, and how many `sure_errors`
    there were: wrong answers with at least the confidence `limit`. What is on record for the same
    pictures and networks is kept; stopped, the same call goes on.
    """
    of_data = {"data": dataset.name, "data_sha256": dataset.sha256}
    found = records.begun("papers", results, of_data | setting_of(count, seed), "papers")
    missing = [kind for kind in papers if kind not in found["papers"]]
    examined = partial(examine, digits=(dataset.x_test, dataset.y_test), count=count, seed=seed)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(examined, kind): kind for kind in missing}
        for number, done in enumerate(as_completed(waiting), start=1):
            kind = waiting[done]
            found["papers"][kind] = done.result()
            found |= {
                "commit": provenance.commit(),
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            records.store("papers", found, results)
            right = found["papers"][kind]["network"]["right"] / count
            say(f"{number}/{len(missing)}: {kind}, {right:.1%} read right")
    found["papers"] = {kind: found["papers"][kind] for kind in PAPERS if kind in found["papers"]}
    records.store("papers", found, results)
    return found


def setting_of(count: int, seed: int) -> Record:
    """Return what a record says of its pictures, and of the networks at hand that it is about."""
    return {
        "count": count,
        "seed": seed,
        "limit": CONFIDENCE_LIMIT,
        "network": Network.load(RELEASED).description["weights_sha256"],
        "ink_network": hashlib.sha256(INK_NETWORK.read_bytes()).hexdigest(),
        "guard": Network.load(GUARD).description["weights_sha256"],
    }


def table(record: Record) -> pd.DataFrame:
    """Return a row for each kind of paper: by each way the share read right, and wrong but sure."""
    return pd.DataFrame(
        {
            "paper": kind,
            **{
                f"{way}: {label}": ways[way][key] / record["count"]
                for way in ways
                for label, key in (("right", "right"), ("wrong and sure", "sure_errors"))
            },
        }
        for kind, ways in record["papers"].items()
    )


def examine(
    kind: str, digits: tuple[np.ndarray, np.ndarray], count: int, seed: int
) -> dict[str, dict[str, int]]:
    """Return for each of `WAYS` how many pictures were read right, refused, or surely wrong."""
    reader = Network.load(RELEASED)
    tally = {way: {"right": 0, "refused": 0, "sure_errors": 0} for way in WAYS}
    for picture, digit in exam(kind, count, digits, seed):
        for way, find in WAYS.items():
            if outcome := _outcome(reader, prepare_drawing(find(picture)), str(digit)):
                tally[way][outcome] += 1
    return tally


def _outcome(reader: Network, drawing: np.ndarray, digit: str) -> str | None:
    """Return what an answer counts as; None for a wrong one that is not sure."""
    if not drawing.any():
        return "refused"
    (answer,) = reader.answers(drawing[None])
    if answer["label"] is None:
        return "refused"
    if answer["label"] == digit:
        return "right"
    return "sure_errors" if answer["confidence"] >= CONFIDENCE_LIMIT else None
