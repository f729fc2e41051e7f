"""The live figures: their scripts, bundled, and the digits that they train on or show.

A chapter gives one its place (see `digitbook.book.live`); `book/figures/load.js` fills it in the page.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from digitbook.book import web_assets
from digitbook.book.live import packed
from digitbook.data import Dataset, hold_out
from digitbook.images.handwriting import hands, vary

FOLDER = "figures"
"""Of the site's static files, and of the sources in `book`."""
LICENCE = "fflate.LICENSE.txt"
"""Of the library that packs a reader's own digits into a zip."""
DIGITS, HANDS = "digits.js", "hands.js"
FIT, VALIDATION = 3000, 1000
"""Digits to fit on and to validate on, at most: together about 0.9 MB."""


def write(folder: Path, source: Path, bundle: Path, digits: Dataset) -> None:
    """Bundle each script of `source`, with what it imports, into one of `folder`, and the data.

    Args:
        folder: of the site's static files.
        source: `book/figures`; what lies in its own folders is imported by scripts or, from `workers`,
            put into them as text, since a page opened from disk may start a worker only from text.
        bundle: where `web_assets.bundle` left esbuild.
        digits: the build's data.

    Raises:
        BookError: a script cannot be bundled.
    """
    folder.mkdir()
    workers = sorted((source / "workers").glob("*.js"))
    written = folder / "workers"
    web_assets.esbuild(bundle, *map(str, workers), f"--outdir={written}")
    texts = {path.stem: (written / path.name).read_text() for path in workers}
    shutil.rmtree(written)
    defined = [f"--define:{name.upper()}_WORKER={json.dumps(text)}" for name, text in texts.items()]
    scripts = map(str, sorted(source.glob("*.js")))
    web_assets.esbuild(bundle, *scripts, *defined, f"--outdir={folder}")
    shutil.copy(bundle / "node_modules" / "fflate" / "LICENSE", folder / LICENCE)
    (folder / HANDS).write_text(f"window.digitbookHands = {json.dumps(_written())};\n")
    (folder / DIGITS).write_text(f"window.digitbookDigits = {json.dumps(_chosen(digits))};\n")


def _written() -> dict[str, list[list[list[float]]]]:
    """Return the first hand of each digit, as strokes of `[x, y]` in pixels of the canvas."""
    first = {digit: name for digit, name in reversed(hands())}
    written = {digit: vary(hands()[digit, name], (digit, 0, 0))[0] for digit, name in first.items()}
    return {
        str(digit): [stroke.round(1).tolist() for stroke in written[digit]] for digit in sorted(written)
    }


def _chosen(digits: Dataset) -> dict:
    """Return digits of the training part, those to fit on first, as `parts/digits.js` unpacks them."""
    rng = np.random.default_rng(0)
    chosen = []
    for (images, labels), most in zip(hold_out(digits), (FIT, VALIDATION), strict=True):
        some = rng.permutation(len(labels))[:most]
        chosen.append((images[some], labels[some]))
    images, labels = map(np.concatenate, zip(*chosen, strict=True))
    return {
        "data": digits.name,
        "classes": list(digits.class_names),
        "fit": len(chosen[0][1]),
        "labels": labels.tolist(),
        "packed": packed(images),
    }
