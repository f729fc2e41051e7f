"""The library's rooms: that import-linter holds them apart, and that it fails when they are mixed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = pytest.mark.quick


@pytest.fixture
def library(tmp_path):
    """A copy of the library beside the contracts that it is held to."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("*.egg-info"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path / "src" / "digitbook"


def lint(library):
    program = Path(sys.executable).with_name("lint-imports")
    command = [program, "--no-cache", "--config", library.parents[1] / "pyproject.toml"]
    return subprocess.run(
        command,
        cwd=library.parents[1],
        env={"PYTHONPATH": str(library.parent), "PATH": "", "HOME": str(library.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_rooms_keep_their_contracts(library):
    result = lint(library)
    assert result.returncode == 0, result.stdout
    assert "3 kept, 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "line", "told"),
    [
        ("_util/files.py", "import digitbook.images.prepare", "digitbook._util is not allowed"),
        ("data/idx.py", "import digitbook.experiments.records", "digitbook.data is not allowed"),
        ("inference/predict.py", "import digitbook.data", "digitbook.inference is not allowed"),
        ("images/prepare.py", "import keras", "keras"),
    ],
)
def test_an_import_against_them_is_named(library, module, line, told):
    path = library / module
    path.write_text(path.read_text() + f"\n{line}\n")
    result = lint(library)
    assert result.returncode == 1, result.stdout + result.stderr
    assert told in result.stdout
