"""The working edition: of each chapter a notebook for people to work in, written from its source.

The text has its numbers filled in and is plain Markdown. What makes a chapter checkable, hidden cells
and descriptions of figures, is left out; each exercise has a cell to work in and a folded solution.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import count
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from digitbook._util.files import atomic_write
from digitbook.book.addresses import Addresses
from digitbook.book.contents import Notebook
from digitbook.book.errors import BookError
from digitbook.book.numbers import Numbers, glued
from digitbook.book.prose import plain

INSTALL = """\
# Only where the book's library is missing, as in Colab: a clone of the book and Binder have it.
import importlib.util

if importlib.util.find_spec("digitbook") is None:
    %pip install --quiet "{requirement}\""""


def write(every: Iterable[Notebook], folder: Path, home: Addresses) -> None:
    """Write the edition of chapters that have been run to `folder`, in place of what is there.

    Raises:
        BookError: a chapter's text shows a number that its run has not glued.
    """
    with atomic_write(folder) as fresh:
        fresh.mkdir()
        for chapter in every:
            source = nbformat.read(chapter.source, as_version=4)
            numbers = glued(nbformat.read(chapter.executed, as_version=4))
            try:
                copy = working_copy(source, chapter.name, numbers, home)
            except BookError as error:
                raise BookError(f"{chapter.name}: {error}") from None
            nbformat.write(copy, fresh / chapter.source.name)


def working_copy(source: NotebookNode, name: str, numbers: Numbers, home: Addresses) -> NotebookNode:
    """Return the notebook of the edition for a chapter; `source` is left as it is.

    Args:
        source: the chapter as it is stored.
        name: what the chapter's file is called, without its ending.
        numbers: what a run of it glued.
        home: where the book is published.

    Raises:
        BookError: the text shows a number that was not glued.
    """
    page = f"{home.site}/notebooks/{name}.html" if home.site else ""
    shown = [cell for cell in source.cells if "remove-cell" not in _tags(cell)]
    exercise = count(1)
    title, *rest = (
        copy for cell in shown for copy in _copies(cell, numbers.texts, home.site, page, exercise)
    )
    opening = [new_markdown_cell(_about(numbers, page), id="about")]
    if any("from digitbook" in cell.source for cell in rest if cell.cell_type == "code"):
        opening.append(new_code_cell(INSTALL.format(requirement=_requirement(home)), id="install"))
    return NotebookNode(source, cells=[title, *opening, *rest])


def _copies(
    cell: NotebookNode, numbers: dict[str, str], site: str, page: str, exercise: Iterator[int]
) -> Iterator[NotebookNode]:
    """Yield what becomes of a cell that readers see; `exercise` counts the solutions."""
    tags = _tags(cell)
    if "live" in tags:
        yield new_markdown_cell(_pointer(page), id=cell.id)
    elif cell.cell_type == "markdown":
        text = plain(cell.source, numbers, site)
        yield new_markdown_cell(
            _folded("What comes out", text) if "hide-cell" in tags else text, id=cell.id
        )
    elif cell.id.startswith("solution"):
        number = next(exercise)
        if cell.source.startswith("exercises.solution("):  # below a cell that the chapter has begun
            yield new_markdown_cell(f"`{cell.source}` shows a solution.", id=cell.id)
        else:
            code = f"```python\n{without_descriptions(cell.source)}\n```"
            yield new_code_cell(f"# Exercise {number}", id=cell.id.replace("solution", "exercise"))
            yield new_markdown_cell(_folded(f"A solution of exercise {number}", code), id=cell.id)
    else:
        metadata: dict = {"tags": ["parameters"]} if "parameters" in tags else {}
        if "hide-input" in tags:
            metadata["jupyter"] = {"source_hidden": True}
        yield new_code_cell(without_descriptions(cell.source), id=cell.id, metadata=metadata)


def without_descriptions(code: str) -> str:
    """Return a cell's code without the calls of `describe` that give a figure its text alternative."""
    bare = code
    for node in ast.walk(ast.parse(code)):
        match node:
            # With an argument: a data frame's `describe()` is another thing.
            case ast.Call(func=ast.Attribute(value=figure, attr="describe"), args=[_]):
                described, shown = (ast.get_source_segment(code, each) for each in (node, figure))
                bare = bare.replace(described or "", shown or "")
    return bare


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _about(numbers: Numbers, page: str) -> str:
    day = date.fromisoformat(numbers.day)
    told = (
        f"*The numbers in this text were computed on `{numbers.data}` on {day.day} {day:%B %Y}. "
        "A run of your own may differ: on other data, with another seed, on another machine.*"
    )
    return f"{told} *[The book's page]({page}) shows every figure and output.*" if page else told


def _pointer(page: str) -> str:
    here = f"[the book's page of this chapter]({page})" if page else "the book's page of this chapter"
    return f"*On {here} there is a figure here that you can work with.*"


def _requirement(home: Addresses) -> str:
    return f"digitbook[train] @ git+{home.repository}" if home.repository else "digitbook[train]"


def _folded(summary: str, text: str) -> str:
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"
