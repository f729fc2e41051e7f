"""A chapter's text as plain Markdown, which JupyterLab, Colab, GitHub and VS Code show alike.

Of MyST the chapters use one role, `glue`. Links between chapters are relative and work wherever the
notebooks lie side by side; those to the book's other pages lead to the published site.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from nbformat import NotebookNode

from digitbook.book.errors import BookError

GLUED = re.compile(r"\{glue:text\}`(\w+)`")
PAGE = re.compile(r"\[([^\]]*)\]\(\.\./(book/[\w-]+)\.md((?:#[\w-]+)?)\)")
SPECIAL = re.compile(r"[\\`*_\[\]<$~|]")
"""What Markdown or a formula in it would read as more than a character."""


def glued_names(notebook: NotebookNode) -> set[str]:
    """Return the names of the numbers that a chapter's text shows."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return {name for text in texts for name in GLUED.findall(text)}


def plain(text: str, numbers: Mapping[str, str], site: str) -> str:
    """Return a chapter's Markdown with its numbers filled in and its links leading somewhere.

    Args:
        text: the source of a Markdown cell.
        numbers: what the run glued, by name.
        site: the address of the published book; without one a link to its pages becomes plain text.

    Raises:
        BookError: the text shows a number that was not glued.
    """

    def number(found: re.Match) -> str:
        try:
            return SPECIAL.sub(r"\\\g<0>", numbers[found[1]])
        except KeyError:
            raise BookError(f"The text shows {found[1]}, which no cell has glued.") from None

    def link(found: re.Match) -> str:
        return f"[{found[1]}]({site}/{found[2]}.html{found[3]})" if site else found[1]

    return PAGE.sub(link, GLUED.sub(number, text))
