import gzip
import os
import shutil
import struct
from dataclasses import replace
from pathlib import Path
from string import ascii_uppercase
from unittest import mock

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "test" / "html"
"""The book on mnist5k, which `make test` builds before it runs the tests."""

pytest_plugins = ["pictures"]


def pytest_addoption(parser):
    parser.addoption("--seeds", default="0", help="seeds that tests/gate trains with: 0,1,2")


def pytest_ignore_collect(collection_path, config):
    """Import for the quick tests no module without any: TensorFlow alone takes seconds a process."""
    if config.option.markexpr == "quick" and collection_path.suffix == ".py":
        return "pytest.mark.quick" not in collection_path.read_text() or None


def pytest_collection_modifyitems(config, items):
    """Skip what cannot be tested here, and say which command or folder is missing."""
    from digitbook.data.finder import is_here

    missing = {}
    if not (SITE / "index.html").is_file():
        missing["built"] = "needs the built book: `make test` makes it and runs all tests"
    if not is_here("mnist"):
        missing["mnist"] = "needs all of MNIST: DIGITBOOK_DATA names no folder that holds it"
    if "registry" not in config.option.markexpr:
        missing["registry"] = "installs from the package registry: pytest -m registry runs it"
    if "weekly" not in config.option.markexpr:
        missing["weekly"] = "takes minutes: pytest -m weekly runs it"
    for item in items:
        for marker, reason in missing.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path):
    """No test reads what others have cached or done, or leaves its changes of the environment."""
    own = {"DIGITBOOK_CACHE": "cache", "DIGITBOOK_PROGRESS": "exercises.json"}
    with mock.patch.dict(os.environ, {name: str(tmp_path / path) for name, path in own.items()}):
        yield


@pytest.fixture(scope="session")
def digits_cache(tmp_path_factory):
    """A cache that holds the 5,000 real digits that need no network: parsing them takes seconds."""
    from digitbook import data

    folder = tmp_path_factory.mktemp("digits")
    with mock.patch.dict(os.environ, DIGITBOOK_CACHE=str(folder)):
        data.load("mnist5k")
    return folder


@pytest.fixture(scope="session")
def digits(digits_cache):
    """The 5,000 real digits that need no network."""
    from digitbook import data

    with mock.patch.dict(os.environ, DIGITBOOK_CACHE=str(digits_cache)):
        return data.load("mnist5k")


@pytest.fixture
def digits_at_hand(digits_cache, tmp_path):
    """The test's own cache holds those digits, too, as if they had been loaded before."""
    shutil.copytree(digits_cache, tmp_path / "cache", dirs_exist_ok=True)


@pytest.fixture(scope="session")
def letters(tmp_path_factory):
    """A folder with an exported network for A to Z: the released one, calling a 0 an A, and so on."""
    from digitbook.experiments import store
    from digitbook.networks import models
    from digitbook.release import export

    released, note = store.load_network(ROOT / "results" / "cnn.keras")
    *weights, kernel, bias = released.get_weights()
    model = models.build_cnn(26, filters=(16, 32, 80))
    more = [np.pad(kernel, [(0, 0), (0, 16)]), np.pad(bias, (0, 16), constant_values=-100)]
    model.set_weights([*weights, *more])
    record = {**note, "data": "letters", "metrics": note, "per_class": dict.fromkeys(ascii_uppercase)}
    folder = tmp_path_factory.mktemp("letters")
    store.save(model, folder / "letters-cnn.keras", record)
    export.export(folder / "letters-cnn.keras", folder)
    return folder


@pytest.fixture(scope="session")
def few(digits):
    """400 digits to train on and 100 to test on."""
    return replace(
        digits,
        x_train=digits.x_train[:400],
        y_train=digits.y_train[:400],
        x_test=digits.x_test[:100],
        y_test=digits.y_test[:100],
    )


@pytest.fixture(scope="module")
def brief():
    """The recipe `softmax-quick` in two epochs, for tests that need a trained network, good or bad."""
    from digitbook.networks import recipes, training

    build, _ = recipes.RECIPES["softmax-quick"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipes.RECIPES, "softmax-quick", (build, training.Recipe(epochs=2)))
        yield


@pytest.fixture(scope="module")
def browser():
    """A Chromium: one that is installed, else Playwright's own."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    installed = next((path for name in names if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=installed, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write an IDX file of bytes as its authors describe it."""
    header = b"\x00\x00\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    content = header + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.fixture
def idx_folder(tmp_path):
    """A folder `data/mnist` with a small, well-formed set: 20 training and 10 test images."""
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for part, count in (("train", 20), ("t10k", 10)):
        images = random.integers(0, 256, (count, 28, 28), dtype="uint8")
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", (np.arange(count) % 10).astype("uint8"))
    return folder
