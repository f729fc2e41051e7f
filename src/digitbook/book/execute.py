"""Run one chapter, and say where it failed if it did."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from doit.exceptions import TaskFailed

from digitbook.book.contents import Notebook
from digitbook.book.processes import call


def run_chapter(chapter: Notebook, output: Path, dataset: str, timeout: int) -> TaskFailed | None:
    unfinished = output / "unfinished" / chapter.source.name
    unfinished.parent.mkdir(exist_ok=True)
    unfinished.unlink(missing_ok=True)
    chapter.executed.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "papermill", str(chapter.source), str(unfinished)]
    command += ["--parameters", "dataset", dataset, "--execution-timeout", str(timeout)]
    command += ["--no-progress-bar", "--cwd", str(unfinished.parent)]
    finished = call(command)
    if finished.returncode:
        return TaskFailed(_describe_failure(chapter, unfinished, timeout, finished.stdout))
    unfinished.replace(chapter.executed)
    return None


def _describe_failure(chapter: Notebook, unfinished: Path, timeout: int, log: str) -> str:
    """Name the chapter, the cell and the error in one sentence."""
    lines = log.strip().splitlines()
    reason = lines[-1] if lines else "it ended without a word"
    if not unfinished.is_file():
        return f"{chapter.name} could not be started: {reason}"
    numbers = {cell.id: n for n, cell in enumerate(nbformat.read(chapter.source, 4).cells, start=1)}
    # Papermill adds cells of its own; the ones that the author knows are in `numbers`.
    begun = [
        cell
        for cell in nbformat.read(unfinished, as_version=4).cells
        if cell.cell_type == "code" and cell.id in numbers and cell.metadata.papermill.start_time
    ]
    place = "its first cell"
    if begun:
        place = f"cell {numbers[begun[-1].id]} ({begun[-1].id})"
        for output in begun[-1].outputs:
            if output.output_type == "error":
                reason = f"{output.ename}: {output.evalue}"
    if "CellTimeoutError" in log:
        reason = f"it had not finished after {timeout} seconds"
    return f"{chapter.name} failed in {place}: {reason}\nWhat had run is kept in {unfinished}."
