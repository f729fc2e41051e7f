"""The wheel alone, away from any clone: what it needs, what it carries, what runs from it."""

import json
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement

UV = Path(sysconfig.get_path("scripts")) / "uv"
COLAB = Path(__file__).with_name("colab.txt")


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    run(
        sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, cwd=ROOT
    )
    return next(folder.glob("*.whl"))


def needed(name, extras=()):
    """The names of what a distribution needs, and of what that needs, and so on."""
    found = set()
    for each in map(Requirement, distribution(name).requires or ()):
        wanted = each.marker is None or any(each.marker.evaluate({"extra": e}) for e in ("", *extras))
        if wanted and each.name not in found:
            found |= {each.name} | needed(each.name, each.extras)
    return found


def environment(folder, wheel, place, extras=()):
    """Make an environment of the wheel and what it needs, put there by `place`; no network is asked."""
    run(UV, "venv", "--quiet", "--python", sys.executable, folder)
    programs = folder / Path(sys.executable).parent.name
    python = programs / Path(sys.executable).name
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    for name in needed("digitbook", extras):
        for file in distribution(name).files:
            if ".." not in file.parts:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                (site / file).unlink(missing_ok=True)  # a package may be needed under two spellings
                place(file.locate(), site / file)
    run(UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel)
    return programs


@pytest.fixture(scope="module")
def core(wheel, tmp_path_factory):
    """An environment with the wheel and what its core needs, copied from here."""
    return environment(tmp_path_factory.mktemp("core") / "env", wheel, shutil.copy)


@pytest.fixture(scope="module")
def train(wheel, tmp_path_factory):
    """The same with the packages of the extra `train`, linked, since TensorFlow is large."""
    folder = tmp_path_factory.mktemp("train") / "env"
    return environment(folder, wheel, lambda file, link: link.symlink_to(file), ["train"])


@pytest.fixture
def empty(tmp_path):
    """A folder to work in, and nothing of this environment or this clone."""
    return {"cwd": tmp_path, "env": {"HOME": str(tmp_path), "DIGITBOOK_CACHE": str(tmp_path / "cache")}}


def test_the_core_reads_an_image_without_tensorflow(core, empty, digits):
    from PIL import Image

    for package in ("tensorflow", "keras", "matplotlib", "pandas", "sklearn", "flask"):
        absent = f"import importlib.util as u, sys; sys.exit(u.find_spec('{package}') is not None)"
        run(core / "python", "-c", absent, **empty)
    Image.fromarray(digits.x_test[0]).save(empty["cwd"] / "digit.png")
    found = json.loads(run(core / "digitbook", "predict", "digit.png", "--json", **empty))
    assert found[0]["label"] == str(digits.y_test[0])


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (["train", "softmax-quick"], "train"),
        (["evaluate", "cnn"], "train"),
        (["sweep", "--models", "softmax"], "experiments"),
        (["serve"], "serve"),
    ],
)
def test_a_missing_extra_is_named(core, empty, command, extra):
    done = subprocess.run(
        [core / "digitbook", *command], capture_output=True, text=True, check=False, **empty
    )
    assert done.returncode == 2, done.stderr
    assert f'pip install "digitbook[{extra}]"' in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_build_says_that_it_needs_a_clone(core, empty):
    done = subprocess.run(
        [core / "digitbook", "build"], capture_output=True, text=True, check=False, **empty
    )
    assert done.returncode == 2
    assert "clone" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def edition(train, tmp_path_factory):
    """A folder with the notebooks that the wheel writes, far from data and from a clone."""
    folder = tmp_path_factory.mktemp("edition")
    alone = {
        "HOME": str(folder),
        "KERAS_HOME": str(folder / "keras"),
        "https_proxy": "http://127.0.0.1:9",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    run(train / "digitbook", "notebooks", "work", cwd=folder, env=alone)
    return {"cwd": folder / "work", "env": alone}


STAND_IN = """
def load_data():
    from digitbook import data
    digits = data.load("mnist5k")
    return (digits.x_train, digits.y_train), (digits.x_test, digits.y_test)

import keras
keras.datasets.mnist.load_data = load_data
"""


CHAPTERS = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
SOON = {"01-loading", "09-report", "whole-thing"}
"""These run within seconds to half a minute; all of them take minutes."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in SOON else pytest.mark.weekly) for name in CHAPTERS]
)
def test_notebook_of_the_edition_runs_from_the_wheel_alone(train, edition, name):
    if name == "whole-thing":  # its code is Keras's alone, which would download MNIST
        startup = edition["cwd"] / ".ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "mnist.py").write_text(STAND_IN)
        edition = edition | {"env": edition["env"] | {"IPYTHONDIR": str(startup.parents[1])}}
    execute = "from nbclient.cli import main; main()"
    run(train / "python", "-c", execute, "--timeout=1800", f"{name}.ipynb", **edition)


@pytest.mark.registry
def test_colab_keeps_its_versions_and_runs_chapters_on_records(wheel, empty):
    env = empty["cwd"] / "env"
    python = env / Path(sys.executable).parent.name / Path(sys.executable).name
    run(UV, "venv", "--quiet", "--python", sys.executable, env)
    install = (UV, "pip", "install", "--quiet", "--python", python)
    run(*install, "--requirement", COLAB)
    run(*install, f"{wheel}[train]")
    frozen = run(UV, "pip", "freeze", "--python", python).splitlines()
    shipped = [line for line in COLAB.read_text().splitlines() if "==" in line]
    assert [line for line in shipped if line not in frozen] == []
    run(python.with_name("digitbook"), "notebooks", ".", **empty)
    for chapter in ("08-doubt.ipynb", "10-deployment.ipynb"):
        run(python.with_name("jupyter-execute"), "--timeout=1800", chapter, **empty)
