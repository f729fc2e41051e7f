"""Ask a network about images of classes that it does not know: letters, digits of other scripts.

It answers with one of its own classes whatever it is shown. The record holds every answer with its
confidence, so that a reader of it can ask what the images were taken for, and how many of the answers
a limit on the confidence would have refused. No TensorFlow is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from digitbook import data
from digitbook._util import provenance
from digitbook.experiments import records
from digitbook.experiments.records import Record
from digitbook.inference.network import CONFIDENCE_LIMIT, Network

SETS = ("mnist", "letters", "kannada", "devanagari", "bangla", "telugu")
"""The data sets whose test parts are asked about; the first is the released network's own."""


def run(
    network: Network, names: Sequence[str], results: Path, say: Callable[[str], None] = print
) -> Record:
    """Record what an exported network, its temperature applied, answers on the sets' test parts.

    Under `sets` the record holds for each one `data_sha256`, `class_names`, the true classes (`truth`)
    and `answers`, both packed. `say` is told as each set ends. A set takes seconds; what was
    stopped begins anew.

    Raises:
        DataMissing: a set is not on this machine.
    """
    keys = ("name", "classes", "temperature", "data", "weights_sha256")
    sets: dict[str, Record] = {}
    for dataset in map(data.load, names):
        probabilities = network.probabilities(dataset.x_test)
        sets[dataset.name] = {
            "data_sha256": dataset.sha256,
            "class_names": list(dataset.class_names),
            "truth": records.pack(dataset.y_test.astype("uint8")),
            "answers": records.pack_answers(probabilities),
        }
        sure = (probabilities.max(axis=1) >= CONFIDENCE_LIMIT).mean()
        asked = len(probabilities)
        say(f"{dataset.name}: {sure:.1%} of {asked:,} answered with at least {CONFIDENCE_LIMIT:.0%}")
    found = {
        "network": {key: network.description[key] for key in keys},
        "limit": CONFIDENCE_LIMIT,
        "commit": provenance.commit(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "sets": sets,
    }
    records.store("strangers", found, results)
    return found


def table(record: Record) -> pd.DataFrame:
    """Return a row for each set: its name, its test `images` and the share that is `answered`."""
    confidence = {name: records.answers(each)[1] for name, each in record["sets"].items()}
    return pd.DataFrame(
        {
            "data": name,
            "images": len(each),
            "answered": float((each >= record["limit"]).mean()),
        }
        for name, each in confidence.items()
    )
