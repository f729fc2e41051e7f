"""The working edition in somebody's own folder, where nothing that was changed is overwritten."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import nbformat

from digitbook._util.files import atomic_write
from digitbook.book.addresses import Addresses
from digitbook.book.edition import working_copy
from digitbook.book.numbers import recorded
from digitbook.paths import NOTEBOOKS

RECORD = ".digitbook.json"
"""What was written to the folder, by name, as SHA-256: a file of another hash was changed."""


def write(folder: Path) -> list[str]:
    """Write the edition, filled in with the recorded numbers, to `folder`; name the files it kept.

    Raises:
        OSError: `folder` cannot be written to.
    """
    numbers = recorded(NOTEBOOKS)
    written, kept = _record(folder), []
    for source in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = nbformat.read(source, as_version=4)
        copy = working_copy(notebook, source.stem, numbers[source.stem], Addresses())
        content = f"{nbformat.writes(copy)}\n".encode()
        path, name, digest = folder / source.name, source.name, hashlib.sha256(content).hexdigest()
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
        if found not in (None, digest, written.get(name)):
            kept.append(name)
            continue
        written[name] = digest
        if found != digest:
            with atomic_write(path) as fresh:
                fresh.write_bytes(content)
    with atomic_write(folder / RECORD) as fresh:
        fresh.write_text(json.dumps(written, indent=1) + "\n")
    return kept


def _record(folder: Path) -> dict[str, str]:
    try:
        return json.loads((folder / RECORD).read_text())
    except (FileNotFoundError, json.JSONDecodeError):  # then whatever differs counts as changed
        return {}
