"""Networks from strangers: what would run code or fill the memory is refused in one sentence."""

import json
import zipfile

import pytest

from digitbook.errors import ExperimentError
from digitbook.experiments import store
from digitbook.networks.backend import keras


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A network of Keras's own layers, as a file."""
    path = tmp_path_factory.mktemp("networks") / "whole.keras"
    layers = keras.layers
    keras.Sequential(
        [keras.Input((28, 28)), layers.Flatten(), layers.Dense(10, activation="softmax")]
    ).save(path)
    return path


def changed(whole, path, change=lambda name, content: content, **added):
    """Write a copy of a file of which `change` gives each member's new content."""
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in added.items():
            new.writestr(name, content)
    return path


def with_layer(**changes):
    """Change the first layer that has weights."""

    def change(name, content):
        if name != "config.json":
            return content
        config = json.loads(content)
        config["config"]["layers"][2].update(changes)
        return json.dumps(config).encode()

    return change


def test_a_whole_file_is_read(whole):
    assert store.load_network(whole)[0].count_params() == 7850


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"module": "os", "class_name": "system"}, r"os\.system"),
        ({"module": "kerasx.layers"}, r"kerasx\.layers\.Dense"),
        ({"module": "keras.utils", "class_name": "get_file"}, r"keras\.utils\.get_file"),
        ({"class_name": "TorchModuleWrapper"}, r"keras\.layers\.TorchModuleWrapper"),
        ({"class_name": "StringLookup"}, r"keras\.layers\.StringLookup"),
        ({"class_name": "Lambda"}, r"keras\.layers\.Lambda"),
        ({"config": {"activation": {"module": "builtins", "class_name": "eval"}}}, r"builtins\.eval"),
    ],
)
def test_code_from_elsewhere_is_named_and_not_run(whole, tmp_path, change, told):
    path = changed(whole, tmp_path / "strange.keras", with_layer(**change))
    with pytest.raises(ExperimentError, match=rf"names {told}, which may run code"):
        store.load_network(path)


def test_a_file_that_would_fill_the_memory_is_not_unpacked(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "MOST_BYTES", 100_000)
    path = changed(whole, tmp_path / "bomb.keras", **{"more.h5": b"\0" * 200_000})
    assert path.stat().st_size < 100_000
    with pytest.raises(ExperimentError, match=r"unpacks to more than 100,000 bytes"):
        store.load_network(path)


def test_a_path_that_climbs_out_writes_nothing(whole, tmp_path):
    folder = tmp_path / "one" / "two"
    folder.mkdir(parents=True)
    path = changed(whole, folder / "climbing.keras", **{"../../climbed": b"out"})
    store.load_network(path)
    assert not list(tmp_path.rglob("climbed"))


def test_keras_own_words_take_one_line(whole, tmp_path):
    path = changed(whole, tmp_path / "odd.keras", with_layer(class_name="Densest"))
    with pytest.raises(ExperimentError) as refused:
        store.load_network(path)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400
