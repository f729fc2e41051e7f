"""The notebooks that people work in: what they hold, and that nobody's changes are lost."""

import html
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, SITE
from markdown_it import MarkdownIt
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from digitbook import cli
from digitbook.book import numbers, working_folder
from digitbook.book.addresses import Addresses, addresses
from digitbook.book.edition import without_descriptions, working_copy
from digitbook.book.errors import BookError
from digitbook.book.numbers import Numbers
from digitbook.book.prose import glued_names, plain

SOURCES = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in SOURCES]
HOME = Addresses("https://github.com/somebody/book", "https://somebody.github.io/book")
quick = pytest.mark.quick


def source(name):
    return nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)


@pytest.fixture(scope="module")
def recorded():
    return numbers.recorded(ROOT / "notebooks")


@pytest.fixture(scope="module", params=NAMES)
def chapter(request, recorded):
    """A chapter's name, source, recorded numbers and notebook of the edition."""
    before, known = source(request.param), recorded[request.param]
    return request.param, before, known, working_copy(before, request.param, known, HOME)


def of_type(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def words(markdown):
    return " ".join(BeautifulSoup(MarkdownIt().render(markdown), "html.parser").get_text().split())


@quick
def test_a_build_on_mnist_has_recorded_every_number_of_the_text(recorded):
    assert {name: set(known.texts) for name, known in recorded.items()} == {
        name: glued_names(source(name)) for name in NAMES
    }
    assert {known.data for known in recorded.values()} == {"mnist"}


@quick
def test_is_a_notebook_without_outputs_and_machinery(chapter):
    _, before, _, edition = chapter
    nbformat.validate(edition)
    code = "\n".join(cell.source for cell in of_type(edition, "code"))
    solutions = "\n".join(cell.source for cell in edition.cells if cell.id.startswith("solution"))
    assert not re.search(r"\bchapter[.( ]*=|\bchapter\.|Chapter\(|\.describe\(.", code + solutions)
    hidden = {cell.id for cell in before.cells if "remove-cell" in cell.metadata.get("tags", [])}
    assert hidden.isdisjoint(cell.id for cell in edition.cells)
    assert all(not cell.outputs and not cell.execution_count for cell in of_type(edition, "code"))


@quick
def test_markdown_is_of_the_kind_that_every_program_shows(chapter):
    edition = chapter[-1]
    for cell in of_type(edition, "markdown"):
        outside_of_code = re.sub(r"(?s)^```\w*\n.*?^```$", "", cell.source, flags=re.M)
        for syntax in (r"\{[\w:-]+\}`", r"^(```|~~~|:::+)\s*\{", r"^\([\w-]+\)=$", r"\[\^", r"\{\{"):
            assert not re.search(syntax, outside_of_code, re.M), (cell.id, syntax)
        assert "```{" not in cell.source
        for target in re.findall(r"\]\(([^)]+)\)", outside_of_code):
            assert (
                target.startswith(("https://", "http://")) or target.removesuffix(".ipynb") in NAMES
            ), target


@quick
def test_says_what_the_chapter_says(chapter):
    _, before, known, edition = chapter
    ours = {cell.id: cell.source for cell in of_type(edition, "markdown")}
    for cell in of_type(before, "markdown"):
        if "live" in cell.metadata.get("tags", []):
            continue
        shown = re.sub(
            r"\{glue:text\}<code>(\w+)</code>",
            lambda found: html.escape(known.texts[found[1]], quote=False),
            MarkdownIt().render(cell.source),
        )
        text = " ".join(BeautifulSoup(shown, "html.parser").get_text().split())
        assert text in words(ours[cell.id]), cell.id


@quick
def test_says_on_which_data_and_when_its_numbers_were_computed(chapter):
    name, _, _, edition = chapter
    about = edition.cells[1].source
    assert re.search(r"computed on `mnist` on \d+ \w+ 20\d\d.*may differ", about)
    assert f"(https://somebody.github.io/book/notebooks/{name}.html)" in about


@quick
def test_begins_with_installing_and_parameters(chapter):
    name, _, _, edition = chapter
    first = [cell.id for cell in of_type(edition, "code")][:2]
    assert first == (["load", "look"] if name == "whole-thing" else ["install", "parameters"])


@quick
def test_every_name_is_defined_by_what_can_be_seen(chapter, tmp_path):
    # Solutions are no cells to run, and still have to run where they stand.
    solutions = r"(?s)^<details>.*?```python\n(.*)\n```"
    cells = [
        new_code_cell(found[1] if (found := re.match(solutions, cell.source)) else cell.source)
        for cell in chapter[-1].cells
        if cell.cell_type == "code" or re.match(solutions, cell.source)
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "names.ipynb")
    ruff = [Path(sys.executable).with_name("ruff"), "check", "--isolated", "--select", "F821"]
    done = subprocess.run(
        [*ruff, "--no-cache", tmp_path / "names.ipynb"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@quick
def test_every_exercise_has_room_and_a_solution_out_of_sight(chapter):
    name, before, _, edition = chapter
    if name == "whole-thing":
        return
    (listed,) = [cell.source for cell in before.cells if "## Exercises" in cell.source]
    asked = re.findall(r"(?m)^\d+\. ", listed[listed.index("## Exercises") :])
    cells = edition.cells
    places = [k for k, cell in enumerate(cells) if cell.id.startswith("solution")]
    solutions = [k for k in places if cells[k].cell_type == "markdown"]
    assert len(solutions) == len(places) == len(asked)
    for number, place in enumerate(solutions, start=1):
        room, solution = cells[place - 1], cells[place].source
        assert room.cell_type == "code"
        if solution.startswith("<details>"):
            assert room.source == f"# Exercise {number}"
            assert f"<summary>A solution of exercise {number}</summary>" in solution
        else:
            call = f'`exercises.solution("{name[:2]}.{number}")`'
            assert solution.startswith(call)
            assert f'exercises.check("{name[:2]}.{number}", ' in room.source


KNOWN = Numbers("mnist", "2026-05-03", {})


def made(*cells, home=HOME, known=KNOWN):
    return working_copy(new_notebook(cells=[new_markdown_cell("# T"), *cells]), "01-t", known, home)


@quick
@pytest.mark.parametrize(
    ("home", "requirement"),
    [
        (HOME, '"digitbook[train] @ git+https://github.com/somebody/book"'),
        (Addresses(), '"digitbook[train]"'),
    ],
)
def test_installs_the_library_where_it_is_missing(home, requirement):
    install = made(new_code_cell("from digitbook import data"), home=home).cells[2].source
    assert install.endswith(
        f'if importlib.util.find_spec("digitbook") is None:\n    %pip install --quiet {requirement}'
    )


@quick
def test_live_figure_becomes_a_line_that_leads_to_it():
    live = new_markdown_cell('<div class="live-figure">0.5</div>', metadata={"tags": ["live"]})
    there = "[the book's page of this chapter](https://somebody.github.io/book/notebooks/01-t.html)"
    assert there in made(live).cells[-1].source
    for home in (HOME, Addresses()):
        line = made(live, home=home).cells[-1].source
        assert "<div" not in line
        assert "\n" not in line


@quick
def test_code_folded_on_the_page_is_folded_in_the_notebook():
    drawn = made(new_code_cell("figure", metadata={"tags": ["hide-input"]})).cells[-1]
    assert drawn.metadata == {"jupyter": {"source_hidden": True}}


@quick
@pytest.mark.parametrize(
    ("code", "bare"),
    [
        ('figure.describe(\n    f"Größe: {n} é"\n)', "figure"),
        ('a = "ü"; plots.digits(x[:2]).describe("Two" + "".join(y))', 'a = "ü"; plots.digits(x[:2])'),
        ("table.describe()", "table.describe()"),
        ('one.describe("1")\nfor k in it:\n    two[k].describe("2")', "one\nfor k in it:\n    two[k]"),
    ],
)
def test_descriptions_are_cut_out_of_code(code, bare):
    assert without_descriptions(code) == bare


@quick
def test_text_is_filled_in_as_it_was_glued():
    assert (
        words(plain("**{glue:text}`a`** of", {"a": "my_own_*set* <b> $1"}, ""))
        == "my_own_*set* <b> $1 of"
    )
    with pytest.raises(BookError, match="shows b, which no cell has glued"):
        plain("{glue:text}`b`", {"a": "1"}, "")


@quick
def test_links_to_pages_lead_to_the_published_site_or_nowhere():
    text = "[draw](../book/draw.md#top) and [next](02-visualization.ipynb)"
    assert plain(text, {}, HOME.site) == text.replace("../book/draw.md", f"{HOME.site}/book/draw.html")
    assert plain(text, {}, "") == "draw and [next](02-visualization.ipynb)"


@quick
@pytest.mark.parametrize(
    ("server", "name", "written", "site"),
    [
        (None, None, "", ""),
        ("https://github.com", "Somebody/book", "", "https://somebody.github.io/book"),
        ("https://github.com", "me/me.github.io", "", "https://me.github.io"),
        ("https://git.example.org", "me/book", "", ""),
        ("https://github.com", "me/book", "https://book.example.org/", "https://book.example.org"),
    ],
)
def test_addresses_come_from_the_configuration_or_the_hosting_ci(
    monkeypatch, tmp_path, server, name, written, site
):
    for variable, value in (("GITHUB_SERVER_URL", server), ("GITHUB_REPOSITORY", name)):
        monkeypatch.delenv(variable, raising=False)
        if value:
            monkeypatch.setenv(variable, value)
    (tmp_path / "_config.yml").write_text(f'repository: {{url: ""}}\nhtml: {{baseurl: "{written}"}}')
    assert addresses(tmp_path) == Addresses(f"{server}/{name}" if server else "", site)


@pytest.fixture
def one_chapter(tmp_path, monkeypatch):
    """A folder with a single chapter to write, and a way to record another number for its text."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setattr(working_folder, "NOTEBOOKS", folder)
    nbformat.write(new_notebook(cells=[new_markdown_cell("{glue:text}`n`")]), folder / "01-t.ipynb")

    def record(number):
        known = {"01-t": {"data": "mnist", "day": "2026-05-03", "texts": {"n": number}}}
        (folder / numbers.RECORD).write_text(json.dumps(known))

    record("five")
    return record


@quick
def test_changed_notebooks_are_kept_and_others_renewed(one_chapter, tmp_path, capsys):
    folder, written = tmp_path / "new" / "work", tmp_path / "new" / "work" / "01-t.ipynb"

    def write():
        assert cli.main(["notebooks", str(folder)]) == 0
        return written.read_text(), capsys.readouterr().out

    assert "five" in write()[0]
    one_chapter("six")
    text, said = write()
    assert "six" in text
    assert "Kept" not in said
    written.write_text(text.replace("six", "mine"))
    one_chapter("seven")
    text, said = write()
    assert "mine" in text
    assert "Kept, since they were changed: 01-t.ipynb." in said
    written.rename(folder / "my.ipynb")
    assert "seven" in write()[0]
    assert "mine" in (folder / "my.ipynb").read_text()


@quick
def test_a_notebook_that_was_there_before_is_kept(one_chapter, tmp_path, capsys):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "01-t.ipynb").write_text("mine")
    (tmp_path / "work" / working_folder.RECORD).write_text("{damaged")
    assert cli.main(["notebooks", str(tmp_path / "work")]) == 0
    assert (tmp_path / "work" / "01-t.ipynb").read_text() == "mine"
    assert "Kept" in capsys.readouterr().out


@quick
def test_a_folder_that_is_none_is_one_sentence_and_exit_2(tmp_path, capsys):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        assert cli.main(["notebooks", str(place)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


@quick
def test_numbers_are_recorded_on_mnist_alone(capsys):
    assert cli.main(["build", "--record-numbers", "--data", "mnist5k"]) == 2
    assert "--record-numbers --data mnist" in capsys.readouterr().err


def as_typed(element):
    """An element's text without spaces, its quotes as one types them: Sphinx sets curled ones."""
    typed = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "–": "--"})
    return re.sub(r"\s", "", element.get_text().translate(typed))


@pytest.mark.built
@pytest.mark.parametrize("name", NAMES)
def test_built_notebook_says_what_the_page_says(name):
    page = BeautifulSoup((SITE / "notebooks" / f"{name}.html").read_text(), "html.parser")
    for mark in page.select("a.headerlink, .math, .formula, math"):
        mark.decompose()
    shown = as_typed(page.select_one("article"))
    edition = nbformat.read(SITE.with_name("notebooks") / f"{name}.ipynb", as_version=4)
    for cell in of_type(edition, "markdown"):
        if cell.id == "about" or cell.id.startswith(("solution", "live")):
            continue  # not on the page, or in its place something to work with
        without_formulas = re.sub(r"(?s)\$\$.*?\$\$|\$[^$\n]+\$", "", cell.source)
        html = MarkdownIt().enable("table").render(without_formulas)
        for block in BeautifulSoup(html, "html.parser").find_all(["p", "li", "h2"]):
            assert as_typed(block) in shown, cell.id


@pytest.mark.built
@pytest.mark.parametrize("name", NAMES)
def test_download_of_a_page_is_the_notebook_of_the_edition(name):
    page = BeautifulSoup((SITE / "notebooks" / f"{name}.html").read_text(), "html.parser")
    (button,) = page.select("a.btn-download-source-button")
    download = (SITE / "notebooks" / button["href"]).resolve()
    assert download.suffix == ".ipynb"
    assert download.read_bytes() == (SITE.with_name("notebooks") / f"{name}.ipynb").read_bytes()
