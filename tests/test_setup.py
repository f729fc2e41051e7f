"""What `make` says when a machine cannot be set up: one sentence, exit code 2, no traceback."""

import os
import shutil
import subprocess
import sys
import tomllib

import pytest
from conftest import ROOT


@pytest.fixture
def clone(tmp_path):
    """The files that setting up reads, in a folder of their own."""
    for name in ("scripts", "src"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.egg-info"))
    for name in ("requirements.txt", "requirements.in", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "bin").mkdir()
    return tmp_path


def program(clone, name, script):
    """Put a program called `name` before all others on the path."""
    path = clone / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def setup(clone, **environment):
    environment = {**os.environ, "PATH": f"{clone / 'bin'}:{os.environ['PATH']}", **environment}
    result = subprocess.run(
        [clone / "scripts" / "setup.sh"], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    return result.stderr


def test_no_python(clone):
    assert "Python 3.11, 3.12 or 3.13 is needed" in setup(clone, PYTHON="/nowhere/python3")


def test_python_too_old(clone):
    old = program(clone, "python3.9", '[ "$1" = --version ] && echo Python 3.9.2; exit 1')
    message = setup(clone, PYTHON=old)
    assert "is Python 3.9.2" in message
    assert "make book PYTHON=" in message


def test_no_venv_module(clone):
    bare = program(clone, "bare", f'case "$2" in *venv*) exit 1;; esac; exec {sys.executable} "$@"')
    assert "has no venv module" in setup(clone, PYTHON=bare)


def test_too_little_disk(clone):
    program(clone, "df", "echo head; echo '/dev/x 100 90 10 90% /'")
    assert "only 10 MB are free" in setup(clone, PYTHON=sys.executable)


def test_disk_that_fills_up_while_installing(clone):
    complaint = "OSError: [Errno 28] No space left on device"
    refusing = f'case "$*" in *"pip install"*) echo "{complaint}"; exit 1;; esac'
    venv = clone / ".venv" / "bin"
    venv.mkdir(parents=True)
    (venv / "python").symlink_to(program(clone, "full", f'{refusing}\nexec {sys.executable} "$@"'))
    assert "the disk is full" in setup(clone, PYTHON=sys.executable)


def test_no_network(clone):
    nowhere = "http://127.0.0.1:9/simple"
    message = setup(
        clone,
        PYTHON=sys.executable,
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL=nowhere,
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PIP_NO_CACHE_DIR="1",
    )
    assert "package index cannot be reached" in message


def test_what_the_package_needs_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = {
        line.split("#")[0].strip() for line in (ROOT / "requirements.in").read_text().splitlines()
    }
    extras = project["optional-dependencies"].values()
    assert set(project["dependencies"]).union(*extras) <= listed
