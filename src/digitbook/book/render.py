"""Render the site from the pages and the executed chapters."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import nbformat
import yaml
from doit.exceptions import TaskFailed
from nbformat import NotebookNode

from digitbook._util.console import new_console
from digitbook._util.files import atomic_write
from digitbook.book import edition, web_assets
from digitbook.book.addresses import addresses
from digitbook.book.contents import Notebook, pages
from digitbook.book.errors import BookError
from digitbook.book.processes import call
from digitbook.data import Dataset
from digitbook.images.read import FORMATS, MOST_PIXELS
from digitbook.inference.network import CONFIDENCE_LIMIT


def notice(digits: Dataset) -> str:
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


def render(root: Path, output: Path, every: list[Notebook], digits: Dataset) -> TaskFailed | None:
    stage, site = output / "stage", output / "html"
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(root / "book", stage / "book")
    shutil.copy(root / "_toc.yml", stage)
    (stage / "_config.yml").write_text(
        yaml.safe_dump(site_configuration(root, digits), allow_unicode=True)
    )
    (stage / "notebooks").mkdir()
    try:
        _write_scripts(stage / "book" / "static", root, digits)
        for chapter in every:
            notebook = with_outputs(chapter, digits.loads_as)
            nbformat.write(notebook, stage / "notebooks" / chapter.source.name)
        edition.write(every, output / "notebooks", addresses(root))
    except BookError as error:
        return TaskFailed(f"The site failed: {error}")
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    rendered = call([str(jupyter_book), "build", str(stage), "-W", "--keep-going", "--quiet"])
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
    # What a page's download button offers.
    shutil.copytree(output / "notebooks", fresh / "_sources" / "notebooks", dirs_exist_ok=True)
    with atomic_write(site) as final:
        fresh.rename(final)
    return None


def _write_scripts(folder: Path, root: Path, digits: Dataset) -> None:
    """Write what pages load: the mistakes, the networks, and where npm was reached the live figures."""
    # Imported here, since pandas and SciPy take seconds that a build with nothing to do can save.
    from digitbook.book import explorer, figures

    explorer.write(folder, root / "results", digits)
    runtime, scripts = root / "book" / "runtime", root / "book" / figures.FOLDER
    if missing := web_assets.write(folder, runtime, root / "results"):
        told = "Note: in this copy the drawing page cannot read, and there are no live figures: "
        new_console().print(told + missing)
    elif scripts.is_dir():
        figures.write(folder / figures.FOLDER, scripts, web_assets.cached(runtime), digits)


def site_configuration(root: Path, digits: Dataset) -> dict:
    """Return `_config.yml` with what only a build knows: the data's notice, limits, the repository."""
    settings = yaml.safe_load((root / "_config.yml").read_text())
    settings["html"]["announcement"] = notice(digits)
    settings["sphinx"]["config"]["myst_substitutions"] = limits()
    if url := addresses(root).repository:
        settings["repository"]["url"] = url
        settings["html"]["use_repository_button"] = True
        settings["launch_buttons"] = {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        }
    return settings


def limits() -> dict[str, str]:
    """Return the limits that pages tell of, as `{{ name }}`, from the code that keeps them."""
    from digitbook.serve import openapi  # brings Flask, which a build with nothing to do can save

    million = 1_000_000
    return {
        "confidence_limit": f"{CONFIDENCE_LIMIT:.0%}",
        "formats": f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}",
        "largest_image": f"{MOST_PIXELS // million}",
        "most_images": f"{openapi.MAX_IMAGES}",
        "most_megapixels": f"{openapi.MAX_PIXELS // million}",
        "most_megabytes": f"{openapi.MAX_BYTES // million}",
        "most_json_megabytes": f"{openapi.MAX_JSON_BYTES // million}",
    }


def with_outputs(chapter: Notebook, dataset: str) -> NotebookNode:
    """Return the chapter as it is written now, with the outputs of its last run.

    Raises:
        BookError: the last run was on other data or of other code, a cell was not run or failed, or a
            figure has no text alternative.
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
        if any(_is_undescribed(output) for output in run.outputs):
            raise BookError(
                f"{chapter.name}: the figure of the cell {cell.id} has no text alternative; its "
                "`describe` gives it one."
            )
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
    return notebook


def _is_undescribed(output: NotebookNode) -> bool:
    shown = output.get("metadata", {}).get("image/png", {})
    return "image/png" in output.get("data", {}) and not shown.get("alt")


def _first_warnings(log: str) -> str:
    found = [line.strip() for line in log.splitlines() if "WARNING" in line or "ERROR" in line]
    return "; ".join(found[:3]) or "jupyter-book stopped"
