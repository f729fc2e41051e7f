"""The numbers that the chapters' text shows: as a run glued them, and as they were recorded once.

The record, `RECORD` beside the chapters, comes from a build on all of MNIST. Working copies that are
made without a build, as from an installed wheel, are filled in with it.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from digitbook._util.files import atomic_write
from digitbook.book.contents import Notebook
from digitbook.book.prose import glued_names

RECORD = "numbers.json"


@dataclass(frozen=True)
class Numbers:
    """What a run of one chapter glued, as texts by name, on which data, on which day (ISO 8601)."""

    data: str
    day: str
    texts: dict[str, str]


def glued(executed: NotebookNode) -> Numbers:
    """Read the numbers out of a chapter that papermill has run."""
    run = executed.metadata.papermill
    texts = {}
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            if name := output.get("metadata", {}).get("scrapbook", {}).get("name"):
                # What is glued without being displayed stands under a type of papermill's.
                shown = next(text for kind, text in output.data.items() if kind.endswith("text/plain"))
                # A text was glued as Python writes it, in quotes; the site shows what they hold.
                texts[name] = ast.literal_eval(shown) if shown[:1] in ("'", '"') else shown
    # Data from a folder is known by the folder's name.
    return Numbers(Path(run.parameters.dataset).name, run.end_time[:10], texts)


def record(every: Iterable[Notebook], folder: Path) -> None:
    """Write what the chapters' text shows of their last runs to `RECORD` in `folder`."""
    found = {}
    for chapter in every:
        names = glued_names(nbformat.read(chapter.source, as_version=4))
        numbers = glued(nbformat.read(chapter.executed, as_version=4))
        shown = {name: numbers.texts[name] for name in sorted(names)}
        found[chapter.name] = asdict(replace(numbers, texts=shown))
    with atomic_write(folder / RECORD) as fresh:
        fresh.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def recorded(folder: Path) -> dict[str, Numbers]:
    """Return each chapter's recorded numbers, by its name."""
    found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return {name: Numbers(**numbers) for name, numbers in found.items()}
