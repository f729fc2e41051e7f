"""What `make` installs, and what it says, in one sentence, of a machine that cannot be set up."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from itertools import chain
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement


@pytest.fixture
def clone(tmp_path):
    """The files that setting up reads, in a folder of their own."""
    for name in ("scripts", "src"):
        shutil.copytree(ROOT / name, tmp_path / name)
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


def run(clone, **environment):
    environment = {**os.environ, "PATH": f"{clone / 'bin'}:{os.environ['PATH']}", **environment}
    return subprocess.run(
        [clone / "scripts" / "setup.sh"], env=environment, capture_output=True, text=True, check=False
    )


def setup(clone, **environment):
    result = run(clone, **environment)
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
    refusing = f'case "$*" in *"pip install"*) echo "{complaint}" >&2; exit 1;; esac'
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


def wheel(path, module):
    """Write a wheel that holds one empty module."""
    info = f"{module}-1.dist-info"
    with zipfile.ZipFile(path / f"{module}-1-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{module}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(
            f"{info}/RECORD", f"{module}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"
        )
    return archive.filename


@pytest.fixture(params=["uv", "pip"])
def tool(clone, request):
    """What is to install the packages: pip does where uv cannot run."""
    venv.create(clone / ".venv", with_pip=True)
    working, broken = Path(sys.executable).with_name("uv"), program(clone, "broken", "exit 1")
    (clone / ".venv" / "bin" / "uv").symlink_to(working if request.param == "uv" else broken)
    return request.param


@pytest.fixture
def small(clone):
    """Make a project that needs one package, `tiny`; return an environment that names its index."""
    index = clone / "index" / "tiny"
    index.mkdir(parents=True)
    content = Path(wheel(index, "tiny")).read_bytes()
    (index / "index.html").write_text('<a href="tiny-1-py3-none-any.whl">tiny-1-py3-none-any.whl</a>')
    wheel(clone, "project")
    (clone / "backend.py").write_text(
        "import shutil\n\n\ndef build_editable(folder, *_):\n"
        "    return shutil.copy('project-1-py3-none-any.whl', folder).rpartition('/')[2]\n"
    )
    (clone / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "project"\nversion = "1"\n'
    )
    lock(clone, hashlib.sha256(content).hexdigest())
    return {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": (clone / "index").as_uri(),
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_NO_CACHE_DIR": "1",
        "UV_NO_CACHE": "1",
    }


def lock(clone, digest):
    (clone / "requirements.txt").write_text(f"tiny==1 \\\n    --hash=sha256:{digest}\n")


def test_installs_from_the_index_that_pip_knows(clone, small, tool):
    result = run(clone, **small)
    assert (result.returncode, result.stderr) == (0, "")
    assert ("pip tries" in result.stdout) == (tool == "pip")
    python = clone / ".venv" / "bin" / "python"
    subprocess.run([python, "-c", "import tiny, project"], check=True, cwd=clone / "bin")


def test_package_with_another_hash_than_the_locked_one_is_refused(clone, small, tool):
    lock(clone, "0" * 64)
    assert "sent another tiny==1 than the one locked" in setup(clone, **small)
    assert not list((clone / ".venv").rglob("tiny*"))


def versions(file):
    """The name and version of each line `name==version` of a file of requirements."""
    return dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / file).read_text(), re.MULTILINE))


def wanted(extra=None):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    more = project["optional-dependencies"]
    names = [*project["dependencies"], *(more[extra] if extra else chain(*more.values()))]
    return [each for each in map(Requirement, names) if each.name != project["name"]]


def test_what_the_package_needs_is_locked():
    locked, listed = versions("requirements.txt"), (ROOT / "requirements.in").read_text()
    for each in wanted():
        assert re.search(rf"^{each.name}\b", listed, re.MULTILINE), f"{each.name} is not listed"
        assert each.specifier.contains(locked[each.name])


def test_chapters_can_be_installed_beside_what_colab_ships():
    shipped, needed = versions("tests/gate/colab.txt"), wanted("train")
    here = [each for each in needed if each.name in shipped]
    assert len(here) > 10
    assert [each for each in here if not each.specifier.contains(shipped[each.name])] == []
