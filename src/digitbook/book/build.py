"""The pipeline: run the chapters that changed, render the site, and check what it claims.

It knows nothing of models. Everything it writes lies in one folder, by default `_build`:
`executed/` (chapters with their outputs), `unfinished/` (a chapter while it runs, and where it
stopped if it failed), `stage/` (what jupyter-book reads) and `html/` (the finished site).
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import nbformat
from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain
from doit.reporter import ZeroReporter
from doit.tools import config_changed
from filelock import FileLock, Timeout
from rich.table import Table

from digitbook import data
from digitbook._util.console import new_console, progress
from digitbook.book import numbers, web_assets
from digitbook.book.addresses import addresses
from digitbook.book.contents import Notebook, chapters
from digitbook.book.dependencies import dependencies, sets_shown
from digitbook.book.errors import BookError, NotFound
from digitbook.book.execute import run_chapter
from digitbook.book.processes import stop_all
from digitbook.book.render import notice, render
from digitbook.data.registry import entry
from digitbook.errors import DataError
from digitbook.experiments.kinds import KINDS
from digitbook.paths import LIBRARY

FEWEST_CLASSES = 3
"""Chapter 11 teaches a network half of the classes, and that takes two."""


def build(
    root: Path,
    output: Path,
    dataset: str = "auto",
    only: str | None = None,
    jobs: int = 2,
    force: bool = False,
    timeout: int = 1800,
) -> None:
    """Bring the executed chapters and the site in `output` up to date, and print a summary.

    Args:
        root: the folder of `_toc.yml`.
        output: where everything that is built goes.
        dataset: what the chapters run on, a name or a folder that `digitbook.data.load` takes.
        only: run this chapter alone; its name or how that begins. The site is rendered if every
            other chapter has been run before.
        jobs: how many chapters run side by side.
        force: run chapters that did not change, too.
        timeout: seconds after which a cell that has not finished counts as hanging.

    Raises:
        NotFound: no chapter is called `only`.
        BookError: a chapter or the site failed, or another build is at work in `output`.
        digitbook.errors.DataError: the data cannot be had, is for evaluation only, or has fewer than
            `FEWEST_CLASSES` classes.
    """
    output.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(output / "build.lock", timeout=0):
            _build(root, output, dataset, only, jobs, force, timeout)
    except Timeout:
        raise BookError(f"Another build is at work in {output}. Wait for it, or stop it.") from None


def _build(
    root: Path, output: Path, dataset: str, only: str | None, jobs: int, force: bool, timeout: int
) -> None:
    os.environ.setdefault("DIGITBOOK_CACHE", str(output / "cache"))
    digits = data.load(dataset)
    _refuse_unfit(digits)
    every = chapters(root, output)
    chosen = [chapter for chapter in every if only is None or chapter.name.startswith(only)]
    if not chosen:
        names = ", ".join(chapter.name for chapter in every)
        raise NotFound(f"There is no chapter called {only!r}; there are: {names}.")
    tasks = [_chapter_task(root, output, chapter, digits, timeout) for chapter in chosen]
    if all(chapter.executed.is_file() for chapter in every if chapter not in chosen):
        tasks.append(_site_task(root, output, every, digits))
    _run(tasks, output, jobs, force)
    _summarise(every, digits, output)


def _refuse_unfit(digits: data.Dataset) -> None:
    if entry(digits.name).evaluation_only:
        raise DataError(f"{digits.name} is for evaluation only; the chapters train on their data.")
    if len(digits.class_names) < FEWEST_CLASSES:
        raise DataError(
            f"The chapters take a data set of {FEWEST_CLASSES} classes or more; {digits.name} has "
            f"{len(digits.class_names)}. The other commands take it."
        )


def _chapter_task(
    root: Path, output: Path, chapter: Notebook, digits: data.Dataset, timeout: int
) -> dict:
    """Run a chapter anew when its code, the library behind it, the data or a version changed."""
    notebook = nbformat.read(chapter.source, as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return {
        "name": chapter.name,
        "actions": [(run_chapter, [chapter, output, digits.loads_as, timeout])],
        "file_dep": list(map(str, dependencies(root, code))),
        "uptodate": [
            config_changed({"code": "\n".join(code), "data": digits.sha256, "others": sets_shown(code)})
        ],
        "targets": [str(chapter.executed)],
    }


def _site_task(root: Path, output: Path, every: list[Notebook], digits: data.Dataset) -> dict:
    prose = [path for path in (root / "book").rglob("*") if path.is_file()]
    sources = [chapter.source for chapter in every] + [chapter.executed for chapter in every]
    configuration = [root / "_config.yml", root / "_toc.yml", root / "requirements.txt"]
    code = LIBRARY.rglob("*.py")  # the appendix shows all of it
    recorded = KINDS["runs"].paths(root / "results")
    networks = [path for pair in web_assets.networks(root / "results") for path in pair]
    return {
        "name": "site",
        "actions": [(render, [root, output, every, digits])],
        "file_dep": list(map(str, [*prose, *sources, *configuration, *code, *recorded, *networks])),
        "uptodate": [
            config_changed({"notice": notice(digits), "addresses": asdict(addresses(root))}),
            # A site that was rendered without the drawing page's runtime tries to get it again.
            web_assets.is_cached(root / "book" / "runtime"),
        ],
        "targets": [str(output / "html" / "index.html")],
    }


def _run(tasks: list[dict], output: Path, jobs: int, force: bool) -> None:
    """Have doit run the tasks that are out of date, under a progress bar."""
    failures: list[str] = []
    console = new_console()
    bar = progress(console)
    line = bar.add_task("building", total=len(tasks))
    running: list[str] = []

    class Reporter(ZeroReporter):
        def _show(self, done: int = 0) -> None:
            bar.update(line, advance=done, description=", ".join(running) or "building")

        def execute_task(self, task) -> None:
            if name := task.name.partition(":")[2]:
                running.append(name)
                console.print(f"{name} ...")
            self._show()

        def _finish(self, task) -> None:
            name = task.name.partition(":")[2]
            if name in running:
                running.remove(name)
            self._show(done=1 if name else 0)

        def add_success(self, task) -> None:
            self._finish(task)

        def skip_uptodate(self, task) -> None:
            self._finish(task)

        def add_failure(self, task, fail) -> None:
            self._finish(task)
            failures.append(fail.get_msg())

        def runtime_error(self, msg: str) -> None:
            failures.append(msg)

    # Capturing replaces sys.stdout for the whole process, which parallel tasks must not do.
    quiet = {"io": {"capture": False}}
    settings = {
        "backend": "json",
        "dep_file": str(output / "state.json"),
        "reporter": Reporter,
        "verbosity": 0,
        "num_process": jobs,
        "par_type": "thread",
        "always": force,
    }
    namespace = {"DOIT_CONFIG": settings, "task_book": lambda: (task | quiet for task in tasks)}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with bar:
            code = DoitMain(ModuleTaskLoader(namespace), config_filenames=()).run(["run"])
    finally:
        stop_all()
    if code or failures:
        raise BookError("\n".join(failures) or "The build stopped; doit could not read its tasks.")


def _summarise(every: list[Notebook], digits: data.Dataset, output: Path) -> None:
    table = Table("chapter", "seconds", "headline")
    for chapter in every:
        if chapter.executed.is_file():
            executed = nbformat.read(chapter.executed, as_version=4)
            table.add_row(
                chapter.name,
                f"{executed.metadata.papermill.duration:.0f}",
                numbers.glued(executed).texts.get("headline", ""),
            )
    console = new_console()
    console.print(table)
    console.print(
        f"Computed on {digits.name}: {len(digits.x_train):,} + {len(digits.x_test):,} digits from "
        f"{digits.source}.",
        soft_wrap=True,
    )
    site = output / "html" / "index.html"
    if site.is_file():
        console.print(f"Open {site.resolve().as_uri()}", soft_wrap=True)
