"""The check that every number is reproduced must itself be able to fail."""

import os
import shutil
import subprocess
import sys

import nbformat
import papermill
import pytest
from conftest import ROOT

CELLS = {
    "times": 'import time\nprint(f"trained in {time.perf_counter() % 100:.1f} s")',
    "accuracy": (
        "import pandas as pd\n"
        "from digitbook import data\n"
        "from digitbook.book.chapter import Chapter\n"
        "from digitbook.images.prepare import scale\n"
        "from digitbook.networks import evaluation, recipes, training\n"
        "chapter = Chapter()\n"
        'digits = data.load("mnist5k")\n'
        'build, recipe = recipes.RECIPES["softmax-quick"]\n'
        "x, y = scale(digits.x_train[:1000]), digits.y_train[:1000]\n"
        "trained = training.fit_or_load(build, x, y, recipe, validation=(x, y))\n"
        "answers = evaluation.predict(trained.model, digits.x_test).argmax(axis=1)\n"
        "accuracy = (answers == digits.y_test).mean()\n"
        'print(f"accuracy {accuracy:.2%}")'
    ),
    "table": 'pd.DataFrame({"accuracy": [f"{accuracy:.2%}"]})',
    "glued": 'chapter.glue(headline=f"accuracy {accuracy:.2%}")',
}


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A small chapter after its run, beside the cache that the run has warmed."""
    folder = tmp_path_factory.mktemp("executed")
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
    """Run a chapter again as `make test` does, on the warm cache; return what nbval reports."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", str(notebook)]
    command += ["--nbval-sanitize-with", str(ROOT / "tests" / "sanitize.cfg")]
    environment = {
        **os.environ,
        "DIGITBOOK_CACHE": str(notebook.parent / "cache"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **environment,
    }
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_same_library_and_cache_pass_whatever_the_clock_says(executed):
    result = validate(executed)
    assert "4 passed" in result.stdout, result.stdout


def test_changed_accuracy_fails_in_text_table_and_glue(executed, tmp_path):
    notebook = nbformat.read(executed, as_version=4)
    printed = notebook.cells[1].outputs[0].text
    accuracy = printed.split()[-1]
    drifted = f"{float(accuracy[:-1]) + 0.01:.2f}%"
    changed = executed.parent / "drifted.ipynb"
    changed.write_text(executed.read_text().replace(accuracy, drifted))
    result = validate(changed)
    assert "3 failed, 1 passed" in result.stdout, result.stdout


def test_changed_learning_rate_is_trained_anew_and_fails(executed, tmp_path):
    library = tmp_path / "src"
    shutil.copytree(ROOT / "src" / "digitbook", library / "digitbook")
    training = library / "digitbook" / "networks" / "training.py"
    before = training.read_text()
    training.write_text(before.replace("learning_rate: float = 3e-3", "learning_rate: float = 1e-4"))
    assert training.read_text() != before
    result = validate(executed, PYTHONPATH=str(library))
    assert "3 failed, 1 passed" in result.stdout, result.stdout
