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


def console() -> Console:
    """Return what prints tables and lines, as wide as the terminal where there is one."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def progress(console: Console) -> Progress:
    """Return a line with what is under way, how much is done and the time; gone when it ends."""
    return Progress(
        SpinnerColumn(),
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
