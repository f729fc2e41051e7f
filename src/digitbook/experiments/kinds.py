"""Every kind of record in `results/`: where it lies, what makes it, and what runs it.

A recorded experiment is a module and a line of `KINDS`. The module has two functions, and is imported
only where one of them is called, so that records are read without TensorFlow:

- `run(..., results, say)` makes what the record there lacks, stores it as it comes out, and returns
  the record. Stopped, it goes on from there when it is called again.
- `table(record)` returns what the command prints of it, a data frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType


@dataclass(frozen=True)
class Kind:
    """A kind of record; what stands in braces in `files` and `command` tells its records apart.

    `files` is the path below the folder of records. `maker` is the name of the module that runs it;
    what `benchmarks/` makes has none.
    """

    files: str
    command: str
    maker: str | None = None

    def path(self, results: Path, **about: str) -> Path:
        """Return where the record about this lies."""
        return results / self.files.format(**about)

    def paths(self, results: Path) -> list[Path]:
        """Return the files that may be records of this kind, by name."""
        return sorted(results.glob(re.sub("{.*?}", "*", self.files)))

    def module(self) -> ModuleType:
        """Import the module that runs it."""
        return import_module(f"digitbook.experiments.{self.maker}")


KINDS = {
    "runs": Kind("runs/{run}.json", "digitbook sweep --models {model}", "sweep"),
    "labels": Kind("labels-{data}.json", "digitbook labels --data {data}", "label_errors"),
    "robustness": Kind("robustness.json", "digitbook robustness", "robustness"),
    "transfer": Kind("transfer-{data}.json", "digitbook transfer --data {data}", "transfer"),
    "readers": Kind("readers.json", "digitbook readers", "multiscript"),
    "readers-moved": Kind("readers-moved.json", "digitbook readers --moved", "multiscript"),
    "strangers": Kind("strangers.json", "digitbook strangers", "unknown_classes"),
    "refusal": Kind("refusal.json", "digitbook refusal", "refusal"),
    "papers": Kind("papers.json", "digitbook papers", "paper_reading"),
    "numbers": Kind("numbers.json", "digitbook numbers", "line_reading"),
    "speed": Kind("speed.json", "make bench"),
    "serving": Kind("serving.json", "make bench-serve"),
    "drawings": Kind("drawings.json", "make drawings"),
    "teaching": Kind("teaching.json", "make teaching"),
}
