"""The error explorer's data: which test digits the recorded networks misread, and their pictures.

`write` puts two files among the site's static ones, anew at every build: a script that holds what is
known of each misread digit, and one sheet of their pictures, cut from the data of this build. Where
that is not all of MNIST, the recorded mistakes on MNIST are listed without pictures. The page that
shows them is `book/mistakes.md`.

Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from digitbook.data import Dataset
from digitbook.data.registry import DIGIT_NAMES
from digitbook.experiments import records
from digitbook.experiments.records import RunRecord

SCRIPT, SHEET = "mistakes.js", "mistakes.png"
BUDGET = 280_000
"""Bytes that both files may take; with the page's own script and style it stays below 300 KB."""
COLUMNS = 32
"""Pictures in a row of the sheet."""

Group = list[RunRecord]


def write(folder: Path, results: Path, digits: Dataset, budget: int = BUDGET) -> None:
    """Write the explorer's data on `digits`, and on MNIST where that is another set, to `folder`.

    If they would take more than `budget` bytes, the weakest networks are left out, one by one, and
    the script names them.
    """
    try:
        recorded = records.read(results)
    except records.RecordsMissing:
        recorded = []
    same = [record for record in recorded if record["data_sha256"] == digits.sha256]
    pictured = latest(same, digits.name)
    listed = latest(recorded, "mnist") if digits.name != "mnist" else {}
    left_out: list[str] = []
    while True:
        sheet, script = _files(digits, pictured, listed, left_out)
        if len(sheet) + len(script) <= budget or not (pictured or listed):
            break
        # Lists are small beside pictures, so pictured networks go first.
        weakest, runs = (pictured or listed).popitem()
        left_out.insert(0, f"{weakest} on {runs[0]['data']}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCRIPT).write_bytes(script)
    (folder / SHEET).write_bytes(sheet)


def latest(recorded: Group, data: str) -> dict[str, Group]:
    """Return each network's runs on `data` in its latest configuration, the best network first."""
    models = {record["model"] for record in recorded if record["data"] == data}
    groups = {model: records.newest(recorded, model, data) for model in sorted(models)}
    return dict(sorted(groups.items(), key=lambda item: _mean_errors(item[1])))


def _mean_errors(group: Group) -> float:
    return float(np.mean([record["errors"] for record in group]))


def misread(groups: dict[str, Group]) -> list[list]:
    """Return `[index, true class, votes]` of each digit that at least one run misread.

    A network that misread the digit in at least one run has one vote for each class that it was taken
    for, the true one among them: `[number of the network, class, runs, their mean confidence]`, the
    confidence in thousandths.
    """
    found: dict[int, list] = {}
    for number, group in enumerate(groups.values()):
        truth = records.truth(group[0])
        predicted, confidence = map(np.stack, zip(*map(records.answers, group), strict=True))
        for index in np.flatnonzero((predicted != truth).any(axis=0)).tolist():
            votes = found.setdefault(index, [index, int(truth[index]), []])[2]
            for answer in np.unique(predicted[:, index]).tolist():
                sure = confidence[predicted[:, index] == answer, index].astype("float64")
                votes.append([number, answer, len(sure), round(1000 * sure.mean())])
    return [found[index] for index in sorted(found)]


def draw_sheet(images: np.ndarray) -> bytes:
    """Return a grey PNG of images `(N, 28, 28)` in rows of `COLUMNS`, ink black on white."""
    rows = max(1, -(-len(images) // COLUMNS))
    cells = np.full((rows * COLUMNS, 28, 28), 255, dtype="uint8")
    cells[: len(images)] = 255 - images
    pixels = cells.reshape(rows, COLUMNS, 28, 28).swapaxes(1, 2).reshape(rows * 28, COLUMNS * 28)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def _files(
    digits: Dataset, pictured: dict[str, Group], listed: dict[str, Group], left_out: list[str]
) -> tuple[bytes, bytes]:
    """Return the sheet and the script."""
    shown = _described(digits.name, digits.class_names, pictured)
    sheet = draw_sheet(digits.x_test[[index for index, *_ in shown["digits"]]])
    # A browser that has kept an older sheet must not cut the pictures of this script from it.
    version = hashlib.sha256(sheet).hexdigest()[:8]
    shown["sheet"] = {"file": f"{SHEET}?v={version}", "columns": COLUMNS}
    sets = [shown, _described("mnist", DIGIT_NAMES, listed)]
    content = {"sets": [each for each in sets if each["digits"]], "leftOut": left_out}
    script = f"window.digitbookMistakes = {json.dumps(content, separators=(',', ':'))};\n"
    return sheet, script.encode()


def _described(name: str, class_names: Iterable[str], groups: dict[str, Group]) -> dict:
    return {
        "name": name,
        "classes": list(class_names),
        "examples": next(iter(groups.values()))[0]["examples"] if groups else 0,
        "models": [
            {"name": model, "runs": len(group), "errors": round(_mean_errors(group), 1)}
            for model, group in groups.items()
        ],
        "digits": misread(groups),
    }
