"""What long work prints while it runs, and when it is done."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TimeElapsedColumn,
)

WIDTH = 120
"""Columns of what is written into a file or a log."""


def new_console(stderr: bool = False) -> Console:
    """Return what prints tables and lines, as wide as the terminal where there is one.

    They go to standard output, or to standard error where that is kept for answers.
    """
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(
        stderr=stderr, highlight=False, width=None if is_terminal else WIDTH, force_jupyter=False
    )


def progress(console: Console) -> Progress:
    """Return a line with what is under way, how much is done and the time; gone when it ends.

    Where there is no terminal, nothing is shown.
    """
    return Progress(
        SpinnerColumn(),
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
