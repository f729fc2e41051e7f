"""The pipeline, on a book of two small chapters that need no TensorFlow."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from types import SimpleNamespace
from unittest import mock

import nbformat
import pytest
from conftest import ROOT

from digitbook import cli, data
from digitbook.book import dependencies
from digitbook.paths import LIBRARY

FIRST = (
    """
dataset = "auto"
""",
    """
from digitbook import data
from digitbook.book.chapter import Chapter

digits = data.load(dataset)
chapter = Chapter(digits)
chapter.glue(headline=f"{len(digits.y_test)} digits")
len(digits.y_test)
""",
)
SECOND = (
    """
dataset = "auto"
""",
    """
6 * 7
""",
)


def write_chapter(path, cells, prose="A sentence."):
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    notebook.cells.append(nbformat.v4.new_markdown_cell(f"# {path.stem}\n\n{prose}", id="title"))
    for number, code in enumerate(cells):
        tags = ["parameters"] if number == 0 else []
        cell = nbformat.v4.new_code_cell(code.strip(), id=f"cell-{number}", metadata={"tags": tags})
        notebook.cells.append(cell)
    nbformat.write(notebook, path)


@pytest.fixture(scope="module", autouse=True)
def _no_hosting_service():
    """Forget the repository that a CI of this very project would name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITHUB_REPOSITORY", raising=False)
        yield


@pytest.fixture(scope="module")
def built(tmp_path_factory, digits_cache):
    """A small book after its first build."""
    root = tmp_path_factory.mktemp("built") / "book"
    (root / "notebooks").mkdir(parents=True)
    (root / "book").mkdir()
    (root / "book" / "index.md").write_text("# A book\n\nWith two chapters.\n")
    shutil.copytree(ROOT / "book" / "static", root / "book" / "static")
    shutil.copy(ROOT / "_config.yml", root)
    (root / "requirements.txt").write_text("tool==1\n")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nparts:\n  - caption: All\n    chapters:\n"
        "      - file: notebooks/01-first\n      - file: notebooks/02-second\n"
    )
    shutil.copytree(digits_cache, root / "_build" / "cache")
    write_chapter(root / "notebooks" / "01-first.ipynb", FIRST)
    write_chapter(root / "notebooks" / "02-second.ipynb", SECOND)
    result = build(root)
    assert result.returncode == 0, result.stderr
    return root, result


@pytest.fixture
def small(built, tmp_path):
    """A copy of the small book as it stands after a build; its state holds for the copy too."""
    root = tmp_path / "book"
    shutil.copytree(built[0], root)
    # doit records absolute paths, so the copy takes the place of the original in its state.
    state = root / "_build" / "state.json"
    state.write_text(state.read_text().replace(str(built[0]), str(root)))
    return root


def command(*options):
    return ["build", "--data", "mnist5k", *options]


def build(root, *options):
    """Build in this process: what the command imports takes a process of its own seconds."""
    environment = {"DIGITBOOK_CACHE": str(root / "_build" / "cache"), "COLUMNS": "200"}
    with (
        chdir(root),
        mock.patch.dict(os.environ, environment),
        redirect_stdout(StringIO()) as out,
        redirect_stderr(StringIO()) as err,
    ):
        code = cli.main(command(*options))
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


def started(result):
    """The chapters and pages that a build worked on."""
    return {line.split()[0] for line in result.stdout.splitlines() if line.endswith(" ...")}


def edit(root, name, old, new):
    path = root / "notebooks" / f"{name}.ipynb"
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))


def page(root, name):
    return (root / "_build" / "html" / "notebooks" / f"{name}.html").read_text()


def test_first_build_runs_all_and_sums_up(built):
    root, result = built
    assert started(result) == {"01-first", "02-second", "site"}
    assert "1000 digits" in result.stdout
    assert "Computed on mnist5k: 4,000 + 1,000 digits" in result.stdout
    assert (root / "_build" / "html" / "index.html").as_uri() in result.stdout


def test_every_page_says_that_it_is_not_the_whole_of_mnist(built):
    site = built[0] / "_build" / "html"
    for name in ("book/index", "notebooks/01-first", "notebooks/02-second", "search"):
        assert "computed on <b>mnist5k</b>" in (site / f"{name}.html").read_text()


def test_nothing_changed_runs_nothing(small):
    result = build(small)
    assert result.returncode == 0
    assert started(result) == set()
    assert "1000 digits" in result.stdout


def test_prose_is_rendered_without_running_a_chapter(small):
    edit(small, "02-second", "A sentence.", "Another sentence.")
    assert started(build(small)) == {"site"}
    assert "Another sentence." in page(small, "02-second")
    assert "42" in page(small, "02-second")


def test_style_is_rendered_without_running_a_chapter(small):
    with open(small / "book" / "static" / "digitbook.css", "a") as style:
        style.write("h1 { color: teal; }")
    assert started(build(small)) == {"site"}


def test_changed_chapter_runs_alone(small):
    edit(small, "02-second", "6 * 7", "6 * 8")
    assert started(build(small)) == {"02-second", "site"}
    assert "48" in page(small, "02-second")


def test_locked_version_runs_every_chapter(small):
    (small / "requirements.txt").write_text("tool==2\n")
    assert started(build(small)) == {"01-first", "02-second", "site"}


def test_only_one_chapter_is_run_and_another_never_mixed_with_outputs_of_an_older_version(small):
    edit(small, "02-second", "6 * 7", "6 * 8")
    result = build(small, "--only", "01", "--force")
    assert started(result) == {"01-first", "site"}
    assert result.returncode == 1
    assert "02-second has changed since its last run (cell-1)" in result.stderr
    assert "42" in page(small, "02-second")


def test_figure_without_a_text_alternative_fails_the_site(small):
    shown = "from IPython.display import display; display({'image/png': ''}, raw=True)"
    edit(small, "02-second", "6 * 7", shown)
    result = build(small)
    assert result.returncode == 1
    assert "the figure of the cell cell-1 has no text alternative" in result.stderr


def test_unknown_chapter_lists_the_chapters(small):
    result = build(small, "--only", "09")
    assert result.returncode == 2
    assert "there are: 01-first, 02-second" in result.stderr


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": "usps"}, "usps is for evaluation only"),
        ({"class_names": ("no", "yes")}, "3 classes or more; mnist5k has 2"),
    ],
)
def test_data_that_the_chapters_cannot_train_on_is_refused(
    few, tmp_path, monkeypatch, capsys, changed, reason
):
    monkeypatch.setattr(data, "load", lambda name: replace(few, **changed))
    assert cli.main(["build", "--output", str(tmp_path)]) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "executed").exists()


CHAPTERS = {
    path.stem: [
        cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
    ]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
}


def test_modules_follow_imports():
    def modules(*code):
        return {module.removeprefix("digitbook.") for module in dependencies.library_modules(code)}

    assert {"data", "data.dataset", "data.idx", "_util.files"} <= modules("from digitbook import data")
    assert {"networks.models", "networks.training", "images.prepare"} <= modules(
        "%pip install x\nfrom digitbook.networks import recipes"
    )
    assert "networks.models" not in modules("from digitbook.networks import evaluation")
    assert "experiments.sweep" not in modules("from digitbook.experiments import records")
    assert modules("import numpy") == set()


@pytest.mark.parametrize(
    ("module", "those"),
    [
        ("images.prepare", set(CHAPTERS)),
        ("networks.backend", {"03", "04", "05", "06", "07", "08", "10", "11", "12", "13", "wh"}),
        ("experiments.records", {"08", "09", "10", "11", "12", "13"}),
        ("experiments.label_errors", {"08"}),
        ("experiments.transfer", {"11"}),
        ("images.corruptions", {"12"}),
        ("images.papers", {"10"}),
        ("images.composed", {"13"}),
        ("experiments.segmentation", {"13"}),
        ("images.strangers", {"11"}),
        ("inference.network", {"10", "11", "13"}),
        ("inference.number", {"13"}),
        ("serve.app", set()),
        ("release.card", set()),
        ("cli.main", set()),
        ("book.build", set()),
        ("book.chapter", set(CHAPTERS)),
    ],
)
def test_change_of_a_module_runs_the_chapters_that_import_it(tmp_path, module, those):
    file = LIBRARY.joinpath(*module.split(".")).with_suffix(".py")
    assert file.is_file()
    changed = {
        name for name, code in CHAPTERS.items() if file in dependencies.dependencies(tmp_path, code)
    }
    assert {name[:2] for name in changed} == {name[:2] for name in those}


def test_chapter_depends_on_the_records_that_it_reads(tmp_path):
    results = tmp_path / "results"
    run, speed, letters = (
        results / name for name in ("runs/a.json", "speed.json", "transfer-letters.json")
    )
    run.parent.mkdir(parents=True)
    for path in (run, speed, letters):
        path.write_text("{}")

    def read(*code):
        return {run, speed, letters} & dependencies.dependencies(tmp_path, code)

    reads = "from digitbook.experiments import records as kept\nkept.read()"
    assert read("from digitbook import data\n'speed'") == set()
    assert read(reads) == {run}
    assert read(reads, "%time kept.load('speed')", "kept.load('speed')") == {run, speed}
    assert read(reads, "kept.series(kind := 'transfer')") == {run, letters}


def test_chapters_depend_on_the_released_networks_that_they_ask():
    # Whatever loads data can load a folder of photos, whose ink is found.
    every = {name[:2] for name in CHAPTERS}
    asking = {"10", "11", "13"}
    for network, those in {"cnn": asking, "guard": asking, "ink": every, "line": {"13"}}.items():
        found = {
            name[:2]
            for name, code in CHAPTERS.items()
            if ROOT / "results" / f"{network}.tflite" in dependencies.dependencies(ROOT, code)
        }
        assert found == those, network


def test_chapters_of_the_book_depend_on_the_records_that_they_show():
    shown = {
        name[:2]: {
            path.name for path in dependencies.dependencies(ROOT, code) if path.suffix == ".json"
        }
        for name, code in CHAPTERS.items()
    }
    for record, those in {
        "labels-mnist.json": {"08"},
        "speed.json": {"09"},
        "serving.json": {"10"},
        "drawings.json": {"10"},
        "readers-moved.json": {"11"},
        "transfer-telugu.json": {"11"},
        "strangers.json": {"11"},
        "papers.json": {"10"},
        "numbers.json": {"13"},
        "refusal.json": {"11"},
        "robustness.json": {"12"},
    }.items():
        assert {name for name, records in shown.items() if record in records} == those, record


@pytest.mark.parametrize(
    "shows",
    [
        ["from digitbook.data import finder", "finder.is_here(NAME)"],
        ["from digitbook.data import finder as f\nf.is_here(NAME)"],
        ["from digitbook.data.finder import is_here as there"],
        ["import digitbook.data.finder as f"],
        ["from digitbook import data as d", "d.finder.is_here(NAME)"],
    ],
)
def test_chapter_that_shows_what_is_here_depends_on_it(tmp_path, monkeypatch, shows):
    monkeypatch.setenv("DIGITBOOK_DATA", str(tmp_path))
    before = dependencies.sets_shown(shows)
    (tmp_path / "kannada").mkdir()
    (tmp_path / "kannada" / "kannada.npz").touch()
    assert set(dependencies.sets_shown(shows)) - set(before) == {"kannada"}
    assert dependencies.sets_shown(["from digitbook import data\ndata.load('kannada')"]) == []


def test_failing_cell_is_named_and_the_site_kept(small):
    before = page(small, "02-second")
    edit(small, "02-second", "6 * 7", "6 / 0")
    result = build(small)
    assert result.returncode == 1
    assert "02-second failed in cell 3 (cell-1): ZeroDivisionError: division by zero" in result.stderr
    assert "Traceback" not in result.stderr
    kept = small / "_build" / "unfinished" / "02-second.ipynb"
    assert str(kept) in result.stderr
    assert nbformat.read(kept, as_version=4).cells[-1].outputs
    assert page(small, "02-second") == before
    edit(small, "02-second", "6 / 0", "6 * 9")
    assert build(small).returncode == 0
    assert "54" in page(small, "02-second")


def test_dead_kernel_is_reported(small):
    edit(small, "02-second", "6 * 7", "import os; os._exit(1)")
    result = build(small)
    assert result.returncode == 1
    assert "02-second failed in cell 3 (cell-1)" in result.stderr
    assert "died" in result.stderr


def test_hanging_cell_is_reported(small):
    edit(small, "02-second", "6 * 7", "import time; time.sleep(600)")
    result = build(small, "--timeout", "3")
    assert result.returncode == 1
    assert "02-second failed in cell 3 (cell-1)" in result.stderr
    assert "not finished after 3 seconds" in result.stderr


def test_stopped_builds_leave_a_state_to_go_on_from(small):
    before = page(small, "02-second")
    edit(small, "02-second", "6 * 7", "import time; time.sleep(600)")
    unfinished = small / "_build" / "unfinished" / "02-second.ipynb"
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        unfinished.unlink(missing_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "digitbook.cli", *command()],
            cwd=small,
            stderr=subprocess.PIPE,
            text=True,
            # A shell that runs these tests in the background has told its children to ignore SIGINT.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        while not unfinished.exists():
            assert process.poll() is None, f"it did not go on before {how.name}"
            time.sleep(0.1)
        process.send_signal(how)
        _, errors = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "Traceback" not in errors
        assert page(small, "02-second") == before
    edit(small, "02-second", "import time; time.sleep(600)", "6 * 9")
    assert started(build(small)) == {"02-second", "site"}
    assert "54" in page(small, "02-second")


def test_second_build_at_once_is_refused(small):
    from filelock import FileLock

    with FileLock(small / "_build" / "build.lock"):
        result = build(small)
    assert result.returncode == 1
    assert "Another build is at work" in result.stderr


def test_warning_of_the_renderer_fails_the_build(small):
    before = page(small, "02-second")
    edit(small, "02-second", "A sentence.", "A [link](nowhere.ipynb) to nothing.")
    result = build(small)
    assert result.returncode == 1
    assert "nowhere.ipynb" in result.stderr
    assert page(small, "02-second") == before


def test_page_without_a_file_fails_the_build(small):
    with open(small / "_toc.yml", "a") as contents:
        contents.write("      - file: notebooks/03-third\n")
    result = build(small)
    assert result.returncode == 1
    assert "03-third" in result.stderr


def test_repository_turns_launch_buttons_on(small, monkeypatch):
    assert "colab" not in page(small, "01-first")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "someone/digitbook")
    assert started(build(small)) == {"site"}
    html = page(small, "01-first")
    opened = "someone/digitbook/blob/notebooks/notebooks/01-first.ipynb"
    assert f"colab.research.google.com/github/{opened}" in html
    assert "mybinder.org/v2/gh/someone/digitbook/notebooks" in html
