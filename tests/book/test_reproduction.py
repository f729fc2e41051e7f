"""The check that every number and picture is reproduced must itself be able to fail."""

import base64
import io
import os
import shutil
import subprocess
import sys

import nbformat
import numpy as np
import papermill
import pictures
import pytest
from conftest import ROOT
from PIL import Image

CELLS = {
    "times": 'import time\nprint(f"trained in {time.perf_counter() % 100:.1f} s")',
    "accuracy": (
        "import pandas as pd\n"
        "from digitbook import data\n"
        "from digitbook.book.chapter import Chapter\n"
        "from digitbook.images.prepare import scale\n"
        "from digitbook.networks import evaluation, models, training\n"
        "chapter = Chapter()\n"
        'digits = data.load("mnist5k")\n'
        "recipe = training.Recipe(epochs=10)\n"
        "x, y = scale(digits.x_train[:1000]), digits.y_train[:1000]\n"
        "trained = training.fit_or_load(models.build_softmax, x, y, recipe, validation=(x, y))\n"
        "answers = evaluation.predict(trained.model, digits.x_test).argmax(axis=1)\n"
        "accuracy = (answers == digits.y_test).mean()\n"
        'print(f"accuracy {accuracy:.2%}")'
    ),
    "table": 'pd.DataFrame({"accuracy": [f"{accuracy:.2%}"]})',
    "glued": 'chapter.glue(headline=f"accuracy {accuracy:.2%}")',
    "figure": (
        "from digitbook.book import plots\n"
        "figure, axes = plots.subplots()\n"
        "_ = axes.plot([0, accuracy])\n"
        'figure.describe("A line that rises.")'
    ),
}


@pytest.fixture(scope="module")
def executed(tmp_path_factory, digits_cache):
    """A small chapter after its run, beside the cache that the run has warmed."""
    folder = tmp_path_factory.mktemp("executed")
    shutil.copytree(digits_cache, folder / "cache")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code, id=name) for name, code in CELLS.items()],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    path = folder / "chapter.ipynb"
    nbformat.write(notebook, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITBOOK_CACHE", str(folder / "cache"))
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        papermill.execute_notebook(path, path, progress_bar=False)
    return path


def validate(notebook, **environment):
    """Run a chapter again as `make test` does, but on the warm cache; return what nbval reports."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pictures"]
    command += ["--nbval", str(notebook), "--nbval-sanitize-with", "sanitize.cfg"]
    # Where CI is set, pytest's summary repeats each failure whole; -rN leaves the summary out.
    command += ["-rN"]
    environment = {
        **os.environ,
        "DIGITBOOK_CACHE": str(notebook.parent / "cache"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **environment,
    }
    return subprocess.run(
        command, cwd=ROOT / "tests", env=environment, capture_output=True, text=True, check=False
    )


def assert_all_but_times_differ(result):
    assert "4 failed, 1 passed" in result.stdout, result.stdout
    assert result.stdout.count("Cell outputs differ") == 3, result.stdout
    assert result.stdout.count("Pictures differ: ") == 1, result.stdout


def test_changed_accuracy_and_picture_fail_in_text_table_glue_and_figure(executed):
    notebook = nbformat.read(executed, as_version=4)
    printed = notebook.cells[1].outputs[0].text
    accuracy = printed.split()[-1]
    drifted = f"{float(accuracy[:-1]) + 0.01:.2f}%"
    (shown,) = notebook.cells[-1].outputs
    before = shown.data["image/png"]
    changed = executed.parent / "drifted.ipynb"
    content = executed.read_text().replace(accuracy, drifted)
    changed.write_text(content.replace(before.strip(), with_a_line(before)))
    result = validate(changed)
    assert_all_but_times_differ(result)


def with_a_line(png):
    """A picture, as notebooks hold it, with a line across that is three pixels high."""
    array = np.array(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))
    array[100:103] = 0
    file = io.BytesIO()
    Image.fromarray(array).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


def test_changed_learning_rate_is_trained_anew_and_fails(executed, tmp_path):
    library = tmp_path / "src"
    shutil.copytree(ROOT / "src" / "digitbook", library / "digitbook")
    training = library / "digitbook" / "networks" / "training.py"
    before = training.read_text()
    training.write_text(before.replace("learning_rate: float = 3e-3", "learning_rate: float = 1e-4"))
    assert training.read_text() != before
    assert_all_but_times_differ(validate(executed, PYTHONPATH=str(library)))


def test_comparison_of_pictures_sees_a_moved_line_and_forgives_a_trace():
    blank, moved = np.full((100, 100), 250, "uint8"), np.full((100, 100), 250, "uint8")
    moved[40] = 30
    assert pictures.differing(blank, moved) == 0.01
    assert pictures.differing(blank, blank - 1) == 0
    assert pictures.differing(blank, blank[1:]) == 1
