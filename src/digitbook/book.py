"""The pipeline: run the chapters that changed, render the site, and check what it claims.

It knows nothing of models. Everything it writes lies in one folder, by default `_build`:
`executed/` (chapters with their outputs), `unfinished/` (a chapter while it runs, and where it
stopped if it failed), `stage/` (what jupyter-book reads) and `html/` (the finished site).
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml
from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain
from doit.exceptions import TaskFailed
from doit.reporter import ZeroReporter
from doit.tools import config_changed
from filelock import FileLock, Timeout
from nbformat import NotebookNode
from rich.table import Table

from digitbook import data, runtime, terminal
from digitbook.files import replacing

LIBRARY = Path(__file__).parent
FEWEST_CLASSES = 3
"""Chapter 11 teaches a network half of the classes, and that takes two."""


class BookError(Exception):
    """The book cannot be built; the message says which part and why."""


class NotFound(BookError):
    """What the build was asked for does not exist: the book, or a chapter."""


@dataclass(frozen=True)
class Chapter:
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


def chapters(root: Path, output: Path) -> list[Chapter]:
    """List the notebooks of the table of contents, in reading order."""
    found = []
    for page in pages(root):
        source = root / f"{page}.ipynb"
        if source.is_file():
            found.append(Chapter(source, output / "executed" / source.name))
    return found


def pages(root: Path) -> list[str]:
    """List every page of the table of contents, its root first, as paths without an ending."""
    contents = yaml.safe_load((root / "_toc.yml").read_text())
    listed = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    return [contents["root"], *listed]


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
        digitbook.data.DataError: the data cannot be had, is for evaluation only, or has fewer than
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
    if data.sources.entry(digits.name).evaluation_only:
        raise data.DataError(f"{digits.name} is for evaluation only; the chapters train on their data.")
    if len(digits.class_names) < FEWEST_CLASSES:
        raise data.DataError(
            f"The chapters take a data set of {FEWEST_CLASSES} classes or more; {digits.name} has "
            f"{len(digits.class_names)}. The other commands take it."
        )


def _chapter_task(
    root: Path, output: Path, chapter: Chapter, digits: data.Dataset, timeout: int
) -> dict:
    """Run a chapter anew when its code, the library behind it, the data or a version changed."""
    notebook = nbformat.read(chapter.source, as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return {
        "name": chapter.name,
        "actions": [(_run_chapter, [chapter, output, digits.loads_as, timeout])],
        "file_dep": list(map(str, dependencies(root, code))),
        "uptodate": [
            config_changed(
                {"code": "\n".join(code), "data": digits.sha256, "others": others_shown(code)}
            )
        ],
        "targets": [str(chapter.executed)],
    }


def dependencies(root: Path, code: Iterable[str]) -> set[Path]:
    """Return the files that decide, besides its code and the data, what a chapter comes out as.

    A chapter that reads recorded experiments depends on all of them.
    """
    found = library_files(code) | {root / "requirements.txt"}
    if LIBRARY / "records.py" in found:
        found |= {*(root / "results").glob("*.json"), *(root / "results" / "runs").glob("*.json")}
    return found


def others_shown(code: Iterable[str]) -> list[str]:
    """Name the data sets that are here, for a chapter that shows what is there of them."""
    if not any("sources.is_here(" in cell for cell in code):
        return []
    return [name for name in data.sources.names() if data.sources.is_here(name)]


def library_files(code: Iterable[str]) -> set[Path]:
    """Return the library's modules that pieces of Python import, directly or through each other."""
    found, waiting = set(), list(code)
    while waiting:
        for node in ast.walk(ast.parse(_without_magics(waiting.pop()))):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("digitbook"):
                continue
            parts = [node.module.removeprefix("digitbook").lstrip(".")]
            for part in (*parts, *(alias.name for alias in node.names)):
                path = LIBRARY / f"{part}.py"
                if path.is_file() and path not in found:
                    found.add(path)
                    waiting.append(path.read_text())
    return found


def _without_magics(code: str) -> str:
    return "\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("%", "!")))


def _run_chapter(chapter: Chapter, output: Path, dataset: str, timeout: int) -> TaskFailed | None:
    unfinished = output / "unfinished" / chapter.source.name
    unfinished.parent.mkdir(exist_ok=True)
    unfinished.unlink(missing_ok=True)
    chapter.executed.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "papermill", str(chapter.source), str(unfinished)]
    command += ["--parameters", "dataset", dataset, "--execution-timeout", str(timeout)]
    command += ["--no-progress-bar", "--cwd", str(unfinished.parent)]
    finished = _call(command)
    if finished.returncode:
        return TaskFailed(_describe_failure(chapter, unfinished, timeout, finished.stdout))
    unfinished.replace(chapter.executed)
    return None


def _describe_failure(chapter: Chapter, unfinished: Path, timeout: int, log: str) -> str:
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


def _site_task(root: Path, output: Path, every: list[Chapter], digits: data.Dataset) -> dict:
    prose = [path for path in (root / "book").rglob("*") if path.is_file()]
    sources = [chapter.source for chapter in every] + [chapter.executed for chapter in every]
    configuration = [root / "_config.yml", root / "_toc.yml", root / "requirements.txt"]
    code = [LIBRARY / f"{module}.py" for module in ("site", "book", "explorer", "runtime")]
    recorded = (root / "results" / "runs").glob("*.json")
    networks = [path for pair in runtime.networks(root / "results") for path in pair]
    return {
        "name": "site",
        "actions": [(_render, [root, output, every, digits])],
        "file_dep": list(map(str, [*prose, *sources, *configuration, *code, *recorded, *networks])),
        "uptodate": [
            config_changed({"notice": notice(digits), "repository": repository_url()}),
            # A site that was rendered without the drawing page's runtime tries to get it again.
            runtime.is_cached(root / "book" / "runtime"),
        ],
        "targets": [str(output / "html" / "index.html")],
    }


def notice(digits: data.Dataset) -> str:
    """Return the banner for every page of a site that was not computed on the whole of MNIST."""
    if digits.name == "mnist":
        return ""
    if digits.name != "mnist5k":
        return (
            f"This copy of the book was computed on <b>{digits.name}</b>. Its text was written about "
            "MNIST's digits: what it says of them need not hold here."
        )
    return (
        f"This copy of the book was computed on <b>{digits.name}</b>, a sample of 5,000 MNIST digits: "
        "its figures, recorded experiments aside, differ from those on the whole of MNIST."
    )


def repository_url() -> str:
    """Return the book's repository as its hosting service's CI names it, or an empty string."""
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    return f"{server}/{name}" if server and name else ""


def _render(root: Path, output: Path, every: list[Chapter], digits: data.Dataset) -> TaskFailed | None:
    stage, site = output / "stage", output / "html"
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(root / "book", stage / "book")
    shutil.copy(root / "_toc.yml", stage)
    (stage / "_config.yml").write_text(yaml.safe_dump(configuration(root, digits), allow_unicode=True))
    _write_mistakes(stage / "book" / "static", root / "results", digits)
    missing = runtime.write(stage / "book" / "static", root / "book" / "runtime", root / "results")
    if missing:
        terminal.console().print(f"Note: the drawing page cannot read in this copy: {missing}")
    (stage / "notebooks").mkdir()
    try:
        for chapter in every:
            notebook = with_outputs(chapter, digits.loads_as)
            nbformat.write(notebook, stage / "notebooks" / chapter.source.name)
    except BookError as error:
        return TaskFailed(f"The site failed: {error}")
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    rendered = _call([str(jupyter_book), "build", str(stage), "-W", "--keep-going", "--quiet"])
    said = re.sub(r"\x1b\[[\d;]*m", "", rendered.stdout).replace(f"{stage}/", "")
    log = output / "site.log"
    log.write_text(said)
    fresh = stage / "_build" / "html"
    problems = [] if rendered.returncode == 0 else [_first_warnings(said)]
    problems += [
        f"{page} is in _toc.yml but was not rendered"
        for page in pages(root)
        if not (fresh / f"{page}.html").is_file()
    ]
    if problems:
        return TaskFailed("The site failed: " + "; ".join(problems) + f"\nThe whole log is {log}.")
    with replacing(site) as final:
        fresh.rename(final)
    return None


def _write_mistakes(folder: Path, results: Path, digits: data.Dataset) -> None:
    # Imported here, since pandas and SciPy take seconds that a build with nothing to do can save.
    from digitbook import explorer

    explorer.write(folder, results, digits)


def configuration(root: Path, digits: data.Dataset) -> dict:
    """Return `_config.yml` with what only a build knows: the data's notice and the repository."""
    settings = yaml.safe_load((root / "_config.yml").read_text())
    settings["html"]["announcement"] = notice(digits)
    if url := settings["repository"]["url"] or repository_url():
        settings["repository"]["url"] = url
        settings["html"]["use_repository_button"] = True
        settings["launch_buttons"] = {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        }
    return settings


def with_outputs(chapter: Chapter, dataset: str) -> NotebookNode:
    """Return the chapter as it is written now, with the outputs of its last run.

    Raises:
        BookError: the last run was on other data or of other code, or a cell was not run or failed.
    """
    notebook = nbformat.read(chapter.source, as_version=4)
    executed = nbformat.read(chapter.executed, as_version=4)
    ran_on = executed.metadata.papermill.parameters.dataset
    if ran_on != dataset:
        raise BookError(f"{chapter.name} was last run on {ran_on}; build it on {dataset}, too.")
    runs = {cell.id: cell for cell in executed.cells}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        run = runs.get(cell.id)
        if run is None or run.source != cell.source or run.execution_count is None:
            raise BookError(
                f"{chapter.name} has changed since its last run ({cell.id}); build it, too."
            )
        if any(output.output_type == "error" for output in run.outputs):
            raise BookError(f"{chapter.name}: the cell {cell.id} ended in an error.")
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
    return notebook


def _first_warnings(log: str) -> str:
    found = [line.strip() for line in log.splitlines() if "WARNING" in line or "ERROR" in line]
    return "; ".join(found[:3]) or "jupyter-book stopped"


_processes: set[subprocess.Popen] = set()


def _call(command: list[str]) -> subprocess.CompletedProcess:
    """Run a command to its end, with its output caught; `_run` stops it if the build is stopped."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    _processes.add(process)
    try:
        log, _ = process.communicate()
    finally:
        _processes.discard(process)
    return subprocess.CompletedProcess(command, process.returncode, log)


def _run(tasks: list[dict], output: Path, jobs: int, force: bool) -> None:
    """Have doit run the tasks that are out of date, under a progress bar."""
    failures: list[str] = []
    console = terminal.console()
    bar = terminal.progress(console)
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
        for process in list(_processes):
            process.terminate()
    if code or failures:
        raise BookError("\n".join(failures) or "The build stopped; doit could not read its tasks.")


def _summarise(every: list[Chapter], digits: data.Dataset, output: Path) -> None:
    table = Table("chapter", "seconds", "headline")
    for chapter in every:
        if chapter.executed.is_file():
            executed = nbformat.read(chapter.executed, as_version=4)
            table.add_row(
                chapter.name, f"{executed.metadata.papermill.duration:.0f}", _headline(executed)
            )
    console = terminal.console()
    console.print(table)
    console.print(
        f"Computed on {digits.name}: {len(digits.x_train):,} + {len(digits.x_test):,} digits from "
        f"{digits.source}.",
        soft_wrap=True,
    )
    site = output / "html" / "index.html"
    if site.is_file():
        console.print(f"Open {site.resolve().as_uri()}", soft_wrap=True)


def _headline(executed: NotebookNode) -> str:
    """Return the text that the chapter glued under the name `headline`."""
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            if output.get("metadata", {}).get("scrapbook", {}).get("name") == "headline":
                return next(iter(output.data.values())).strip("'")
    return ""
