"""Make one timed run in a process of its own and print what came out as one line of JSON.

The one argument is a JSON object such as `{"kind": "sweep", "workers": 2, "repeat": 0}`: `kind` names a
function below, the rest are its arguments. `speed.py` makes every run of the benchmark in this way, so
that none finds anything warm and each peak of memory is its own.

No clock runs while libraries are imported and data is loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from peers import MAX_EPOCHS

from digitbook._util import provenance
from digitbook.data import hold_out, load
from digitbook.errors import DataError
from digitbook.experiments.run import environment

INFERENCE_IMAGES = 10_000


class Clock:
    """Called after each epoch: reads the held-out accuracy, notes the time, says when to stop."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, line: float):
        self.images, self.labels, self.line = images, labels, line
        self.curve: list[tuple[float, float]] = []
        self.started, self.used = time.perf_counter(), time.process_time()

    def __call__(self, classify: Callable[[np.ndarray], np.ndarray]) -> bool:
        accuracy = float((classify(self.images) == self.labels).mean())
        self.curve.append((time.perf_counter() - self.started, accuracy))
        return self.reached or len(self.curve) == MAX_EPOCHS

    @property
    def reached(self) -> bool:
        return self.curve[-1][1] >= self.line

    def result(self) -> dict:
        """Return `seconds` (until the line was reached, or until the last epoch) and how it went."""
        return {
            "reached": self.reached,
            "seconds": self.curve[-1][0],
            "cpu_seconds": time.process_time() - self.used,
            "epochs": len(self.curve),
            "curve": self.curve,
        }


def setting() -> dict:
    """Describe the machine and what runs on it, with the book's recipes in full."""
    import ours

    libraries = {"scikit-learn": version("scikit-learn")}
    if importlib.util.find_spec("torch"):
        libraries["torch"] = version("torch")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": provenance.commit(),
        "machine": {**environment(), **libraries, "memory_gb": round(memory / 1e9, 1)},
        "recipes": {
            name: {"parameters": build().count_params(), **asdict(recipe)}
            for name, (build, recipe) in ours.RECIPES.items()
        },
    }


def race(contestant: str, data: str, line: float, seed: int) -> dict:
    """Train until the held-out accuracy reaches `line`, from building the network on."""
    train = _trainer(contestant)
    examples, held_out = _load(data)
    clock = Clock(*held_out, line)
    train(*examples, seed, clock)
    return clock.result()


def growth(contestant: str, data: str, examples: int, seed: int) -> dict:
    """Train on `examples` images with each class's share kept, to the end of the schedule."""
    from sklearn.model_selection import train_test_split

    train = _trainer(contestant)
    (images, labels), held_out = _load(data)
    if examples < len(images):
        images, _, labels, _ = train_test_split(
            images, labels, train_size=examples, stratify=labels, random_state=seed
        )
    clock = Clock(*held_out, line=np.inf)
    train(images, labels, seed, clock)
    return clock.result()


def inference(contestant: str, data: str) -> dict:
    """Classify training images in batches of 500: the median of five rounds after one to warm up."""
    import ours

    from digitbook.networks import evaluation

    model = ours.RECIPES[contestant][0]()
    images = _load(data)[0][0][:INFERENCE_IMAGES]
    times = []
    for _ in range(6):
        started = time.perf_counter()
        evaluation.predict(model, images)
        times.append(time.perf_counter() - started)
    seconds = statistics.median(times[1:])
    return {"seconds": seconds, "images": len(images), "images_per_second": len(images) / seconds}


def sweep(workers: int, repeat: int) -> dict:
    """Make four small runs by `digitbook sweep`, start of the workers included."""
    with tempfile.TemporaryDirectory() as results:
        command = [sys.executable, "-m", "digitbook.cli", "sweep", "--models", "softmax-quick"]
        command += ["--data", "mnist5k", "--seeds", "0-3", "--workers", str(workers)]
        started = time.perf_counter()
        subprocess.run([*command, "--results", results], check=True, stdout=sys.stderr)
        return {"seconds": time.perf_counter() - started}


def _trainer(contestant: str) -> Callable[..., None]:
    """Return the contestant's `train(images, labels, seed, finished)`, its library imported."""
    if (Path(__file__).parent / "peers" / f"{contestant}.py").is_file():
        return importlib.import_module(f"peers.{contestant}").train
    import ours

    return partial(ours.train, contestant)


def _load(name: str) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    return hold_out(load(name))


KINDS = {function.__name__: function for function in (setting, race, growth, inference, sweep)}


def main() -> int:
    """Make the run that the one argument describes; 2 if its data cannot be had."""
    job = json.loads(sys.argv[1])
    try:
        result = KINDS[job.pop("kind")](**job)
    except DataError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps({**result, "peak_memory_mb": round(provenance.peak_memory_mb())}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
