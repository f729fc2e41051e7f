"""Ask a network about images of classes that it does not know: letters, digits of other scripts.

It answers with one of its own classes whatever it is shown. The record holds every answer with its
confidence, so that a reader of it (`records.strangers`) can ask what the images were taken for, and
how many of the answers a limit on the confidence would have refused. No TensorFlow is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from digitbook import data
from digitbook._util import provenance
from digitbook.experiments import records
from digitbook.experiments.records import Record
from digitbook.inference.network import CONFIDENCE_LIMIT, Network

SETS = ("mnist", "letters", "kannada", "devanagari", "bangla", "telugu")
"""The data sets whose test parts are asked about; the first is the released network's own."""


def ask(network: Network, names: Sequence[str] = SETS, say: Callable[[str], None] = print) -> Record:
    """Return what an exported network, its temperature applied, answers on the sets' test parts.

    Under `sets` the record holds for each one `data_sha256`, `class_names`, the true classes (`truth`)
    and `answers`, both packed. `say` is told as each set ends.

    Raises:
        DataMissing: a set is not on this machine.
    """
    keys = ("name", "classes", "temperature", "data", "weights_sha256")
    found = {
        "network": {key: network.description[key] for key in keys},
        "limit": CONFIDENCE_LIMIT,
        "commit": provenance.commit(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "sets": {},
    }
    for name in names:
        dataset = data.load(name)
        probabilities = network.probabilities(dataset.x_test)
        found["sets"][name] = {
            "data_sha256": dataset.sha256,
            "class_names": dataset.class_names,
            "truth": records.pack(dataset.y_test.astype("uint8")),
            "answers": records.pack_answers(probabilities),
        }
        sure = (probabilities.max(axis=1) >= CONFIDENCE_LIMIT).mean()
        asked = len(probabilities)
        say(f"{name}: {sure:.1%} of {asked:,} answered with at least {CONFIDENCE_LIMIT:.0%}")
    return found
