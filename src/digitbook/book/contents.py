"""Where the book is, and which pages and chapters it has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from digitbook.book.errors import NotFound


@dataclass(frozen=True)
class Notebook:
    """A notebook named in the table of contents, and where its executed copy goes."""

    source: Path
    executed: Path

    @property
    def name(self) -> str:
        return self.source.stem


def find_root() -> Path:
    """Return the nearest folder, from here upwards, that holds a book (`_toc.yml`)."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "_toc.yml").is_file():
            return folder
    raise NotFound(f"There is no book in {here}: no _toc.yml here or above. Go to a clone of the book.")


def chapters(root: Path, output: Path) -> list[Notebook]:
    """List the notebooks of the table of contents, in reading order."""
    found = []
    for page in pages(root):
        source = root / f"{page}.ipynb"
        if source.is_file():
            found.append(Notebook(source, output / "executed" / source.name))
    return found


def pages(root: Path) -> list[str]:
    """List every page of the table of contents, its root first, as paths without an ending."""
    contents = yaml.safe_load((root / "_toc.yml").read_text())
    listed = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    return [contents["root"], *listed]
