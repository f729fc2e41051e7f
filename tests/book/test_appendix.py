"""The appendix: that what it says of the code is true of it."""

import re

import nbformat
import pytest
from conftest import ROOT

from digitbook import cli
from digitbook.book import dependencies, inside
from digitbook.data import registry

pytestmark = pytest.mark.quick

MANUAL = (ROOT / "book" / "manual.md").read_text()
CHANGES = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in (ROOT / "book" / "inside.md").read_text().splitlines()
    if line.startswith("| ") and "---" not in line
][1:]
PATH = re.compile(r"`([\w.-]+/[\w./-]*|_toc\.yml)`")
NAME = re.compile(r"`([A-Za-z]\w+)`")


def test_the_table_tells_of_ten_changes():
    assert len(CHANGES) >= 10


@pytest.mark.parametrize("row", CHANGES, ids=lambda row: row[0])
def test_what_a_change_names_is_there(row):
    _, where, noticed_by = row
    files = [ROOT / path for path in PATH.findall(where)]
    assert files
    assert [path for path in files if not path.exists()] == []
    code = "".join(path.read_text() for path in files if path.suffix == ".py")
    names = set(NAME.findall(where)) - {"DIGITBOOK_DATA"}
    assert {name for name in names if not re.search(rf"\b{name}\b", code)} == set()
    tests = [ROOT / path for path in PATH.findall(noticed_by)]
    assert tests
    assert all(path.is_file() and path.name.startswith("test_") for path in tests)


def test_every_test_that_the_page_on_strangers_names_is_there():
    named = set(
        re.findall(r"`(test_\w+)`|`(tests/[\w/]+\.py)`", (ROOT / "book" / "safety.md").read_text())
    )
    code = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 10
    assert [test for test, _ in named if test and f"def {test}(" not in code] == []
    assert [path for _, path in named if path and not (ROOT / path).is_file()] == []


def test_the_manual_tells_of_every_command(capsys):
    cli.main(["--help"])
    commands = re.findall(r"(?m)^ {2,6}([a-z]+)(?:  |$)", capsys.readouterr().out)
    assert {"build", "predict", "sweep"} <= set(commands)
    assert [name for name in commands if f"digitbook {name}" not in MANUAL] == []


def test_the_manual_tells_of_every_data_set():
    assert [name for name in registry.REGISTRY if not re.search(rf"\b{name}\b", MANUAL)] == []


def test_arrows_leave_out_what_follows_from_others():
    imports = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert inside.arrows(imports) == [("a", "b"), ("b", "c")]


def test_every_room_lies_below_those_that_import_it():
    imports = inside.rooms()
    folders = {path.parent.name for path in (ROOT / "src" / "digitbook").glob("[a-z]*/__init__.py")}
    assert set(imports) == folders
    places = inside.places(imports)
    assert len(set(places.values())) == len(imports)
    for upper, others in imports.items():
        assert all(places[lower][1] > places[upper][1] for lower in others), upper


def test_rooms_without_tensorflow_are_drawn_as_such():
    assert {"networks", "release"} <= inside.with_keras()
    assert not inside.with_keras() & {"images", "data", "inference", "serve"}


def test_the_reference_holds_every_module_that_a_chapter_names():
    reference = (ROOT / "book" / "reference.md").read_text()
    listed = set(re.findall(r"automodule:: (\S+)|autofunction:: (\S+)\.", reference))
    listed = {whole or part for whole, part in listed}
    code = [
        cell.source
        for path in (ROOT / "notebooks").glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    ]
    modules = dependencies.imported(code)
    packages = {module for module in modules if any(each.startswith(f"{module}.") for each in modules)}
    assert modules - packages - listed == set()


def test_an_object_is_linked_to_the_pages_that_show_use_or_name_it(tmp_path):
    def write(name, code, prose):
        cells = [nbformat.v4.new_code_cell(code), nbformat.v4.new_markdown_cell(prose)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / name)

    for folder in ("notebooks", "book"):
        (tmp_path / folder).mkdir()
    write("01-one.ipynb", "from digitbook.images import prepare as p\np.scale(x)", "")
    write(
        "02-two.ipynb",
        "from digitbook.images.prepare import scale\nshow_source(scale)",
        "As `read_image(file)` does.",
    )
    uses = inside.Uses(tmp_path)
    shown, used = ":doc:`2 </notebooks/02-two>`", ":doc:`1 </notebooks/01-one>`"
    told = uses.sentence("digitbook.images.prepare.scale")
    assert told == f"source shown in chapter {shown}; used in chapter {used}"
    assert uses.sentence("digitbook.images.read.read_image") == f"mentioned in chapter {shown}"
    assert uses.sentence("digitbook.images.read.read_image", here="/notebooks/02-two") == ""
    assert uses.sentence("digitbook.images.prepare.other").startswith("its module is used in chapters")
    assert uses.sentence("digitbook.serve.create_app") == ""
