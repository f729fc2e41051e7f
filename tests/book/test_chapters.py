"""What every chapter promises, read from the notebooks as they are stored."""

import re

import nbformat
import pytest
from conftest import ROOT

pytestmark = pytest.mark.quick

CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))
ONE_PAGE = ROOT / "notebooks" / "whole-thing.ipynb"


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


@pytest.fixture
def one_page():
    return nbformat.read(ONE_PAGE, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def test_chapters_are_numbered_without_gaps():
    assert [path.stem[:2] for path in CHAPTERS] == [f"{n:02}" for n in range(1, len(CHAPTERS) + 1)]


def test_is_valid_and_stored_without_outputs(notebook):
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(notebook))


def test_cell_ids_are_names_that_stay(notebook):
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert not [cell_id for cell_id in ids if not re.fullmatch(r"[a-z][a-z0-9-]+", cell_id)]


def test_has_one_parameters_cell_with_the_defaults(notebook):
    (cell,) = tagged(notebook, "parameters")
    values = {}
    exec(cell.source, values)
    assert (values["dataset"], values["seed"]) == ("auto", 0)


def test_machinery_is_collapsed_in_jupyterlab(notebook):
    shown = [
        cell.id
        for cell in tagged(notebook, "remove-cell")
        if cell.cell_type == "code" and not cell.metadata.get("jupyter", {}).get("source_hidden")
    ]
    assert not shown


def test_opens_and_ends_as_all_chapters_do(notebook):
    title = notebook.cells[0].source
    assert re.match(r"# \S", title)
    for promise in ("**You will be able to**", "**You need**", "**It runs**"):
        assert promise in title
    headings = re.findall(r"(?m)^## (.+)$", text(notebook))
    assert headings.index("Exercises") == headings.index("Summary") - 1 > 2
    assert len(re.findall(r"(?m)^# ", text(notebook))) == 1


def test_exercises_have_folded_solutions(notebook):
    solutions = [cell for cell in code_cells(notebook) if cell.id.startswith("solution")]
    assert len(solutions) >= 2
    assert all("hide-cell" in cell.metadata.tags for cell in solutions)


def test_numbers_come_from_the_run(notebook):
    # That each name exists is checked when the site is rendered: a missing one is a warning.
    assert "{glue:text}`" in text(notebook)
    assert any("headline" in cell.source for cell in code_cells(notebook))


def test_every_figure_is_described(notebook):
    for cell in code_cells(notebook):
        drawn = len(
            re.findall(
                r"plots\.(?:subplots|digits|learning_curves|confusion_matrix|answers|reliability)\(",
                cell.source,
            )
        )
        assert not drawn or ".describe(" in cell.source, cell.id
        assert "plt." not in cell.source, "pyplot figures carry no text alternative"


def test_every_notebook_is_a_chapter_or_the_whole_thing():
    assert sorted((ROOT / "notebooks").glob("*.ipynb")) == [*CHAPTERS, ONE_PAGE]


def test_the_whole_thing_is_short_and_takes_nothing_of_the_book_s(one_page):
    shown = [cell for cell in code_cells(one_page) if cell not in tagged(one_page, "remove-cell")]
    lines = [line for cell in shown for line in cell.source.splitlines() if line.strip()]
    assert len(lines) <= 75
    assert not re.search("digitbook|chapter|digits", "\n".join(lines).replace("digits=3", ""))
    compile("\n".join(cell.source for cell in shown), "whole-thing", "exec")


def test_the_whole_thing_is_stored_as_chapters_are(one_page):
    test_is_valid_and_stored_without_outputs(one_page)
    test_cell_ids_are_names_that_stay(one_page)
    test_has_one_parameters_cell_with_the_defaults(one_page)
    test_machinery_is_collapsed_in_jupyterlab(one_page)
    test_numbers_come_from_the_run(one_page)
