import json
import shutil
from string import ascii_uppercase

import numpy as np
import pytest
from conftest import ROOT

from digitbook import cli
from digitbook.experiments import store
from digitbook.images.prepare import scale
from digitbook.inference.network import Network, NetworkMissing
from digitbook.networks import evaluation
from digitbook.networks.backend import keras
from digitbook.release import export

layers = keras.layers
RELEASED = ROOT / "results" / "cnn.keras"


def stored(path, *middle, rounded=True):
    """A small network with random weights, stored without a note."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((28, 28)), *middle, layers.Flatten(), layers.Dense(3, activation="softmax")]
    )
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([np.random.uniform(0.5, 2, len(array)) for array in layer.get_weights()])
    if rounded:
        store.round_weights(model)
    model.save(path)
    return model


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    export.export(RELEASED, folder)
    return folder


def test_released_exports_are_those_of_the_released_network(released, digits):
    for suffix in (".json", ".bin"):
        committed = RELEASED.with_suffix(suffix).read_bytes()
        assert (released / f"cnn{suffix}").read_bytes() == committed, (
            f"run `digitbook export`: {suffix}"
        )
    images = digits.x_test[:200]
    network = Network.load(RELEASED.with_suffix(".tflite"))
    network.temperature = 1
    model, _ = store.load_network(RELEASED)
    expected = evaluation.predict(model, images)
    assert np.abs(network.probabilities(images) - expected).max() < 1e-5


def test_description_says_what_is_on_record(released):
    description = json.loads((released / "cnn.json").read_text())
    record = json.loads((ROOT / "results" / "runs" / "mnist-cnn-16d9062b-1.json").read_text())
    for key in ("data", "data_sha256", "temperature", "examples", "weights_sha256"):
        assert description[key] == record[key]
    assert description["accuracy"] == record["metrics"]["accuracy"]
    assert description["classes"] == list("0123456789")
    assert description["kind"] == "digits"


def test_a_network_for_letters_is_called_one(letters):
    network = Network.load(letters / "letters-cnn.tflite")
    assert network.description["name"] == "letters-cnn"
    assert (network.kind, network.class_names) == ("letters", list(ascii_uppercase))


def patches(x, size, strides, padding, fill):
    """All windows of `(N, rows, columns, channels)`, as `(N, rows, columns, channels, *size)`."""
    around = [(0, 0)]
    for length, window, step in zip(x.shape[1:3], size, strides, strict=True):
        missing = max((-(-length // step) - 1) * step + window - length, 0) * (padding == "same")
        around.append((missing // 2, missing - missing // 2))
    x = np.pad(x, [*around, (0, 0)], constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2))
    return windows[:, :: strides[0], :: strides[1]]


def activated(x, activation):
    if activation == "softmax":
        x = np.exp(x - x.max(axis=-1, keepdims=True))
        return x / x.sum(axis=-1, keepdims=True)
    return np.maximum(x, 0) if activation == "relu" else x


def read(folder, name, x):
    """Compute a network's answers from NAME.json and NAME.bin alone, with nothing but NumPy."""
    description = json.loads((folder / f"{name}.json").read_text())
    values = np.frombuffer((folder / f"{name}.bin").read_bytes(), "<f2").astype("float64")
    for layer in description["layers"]:
        w = {
            key: values[place["offset"] :][: np.prod(place["shape"])].reshape(place["shape"])
            for key, place in layer.get("weights", {}).items()
        }
        match layer["type"]:
            case "reshape":
                x = x.reshape(-1, *layer["shape"])
            case "flatten":
                x = x.reshape(len(x), -1)
            case "relu":
                x = np.maximum(x, 0)
            case "average_pooling":
                x = x.mean(axis=(1, 2))
            case "max_pooling":
                windows = patches(x, layer["size"], layer["strides"], layer["padding"], -np.inf)
                x = windows.max(axis=(-2, -1))
            case "normalisation":
                spread = np.sqrt(w["variance"] + layer["epsilon"])
                x = w["gamma"] * (x - w["mean"]) / spread + w["beta"]
            case "convolution":
                windows = patches(x, w["kernel"].shape[:2], layer["strides"], layer["padding"], 0)
                x = np.einsum("nrcikl,klio->nrco", windows, w["kernel"], optimize=True)
                x = activated(x + w.get("bias", 0), layer["activation"])
            case "dense":
                x = activated(x @ w["kernel"] + w.get("bias", 0), layer["activation"])
    return x


def test_a_reader_that_knows_the_format_alone_answers_as_keras_does(released, digits):
    images = digits.x_test[:50]
    expected = evaluation.predict(store.load_network(RELEASED)[0], images)
    assert np.abs(read(released, "cnn", scale(images)) - expected).max() < 1e-5


def test_every_kind_of_layer_is_written(tmp_path, digits):
    model = stored(
        tmp_path / "all.keras",
        layers.Reshape((28, 28, 1)),
        layers.Conv2D(4, (5, 3), strides=2, padding="same", activation="relu"),
        layers.BatchNormalization(epsilon=0.01),
        layers.Conv2D(6, 3, use_bias=False),
        layers.ReLU(),
        layers.MaxPooling2D(3, strides=2, padding="same"),
        layers.Dropout(0.5),
        layers.Flatten(),
        layers.Dense(8, activation="relu", use_bias=False),
        layers.Dense(8),
    )
    with pytest.warns(UserWarning, match="does not name its classes"):
        written = export.export(tmp_path / "all.keras", tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(
        path.name for path in written
    )
    images = digits.x_test[:20]
    expected = evaluation.predict(model, images)
    assert np.abs(read(tmp_path / "new", "all", scale(images)) - expected).max() < 1e-5
    network = Network.load(tmp_path / "new" / "all.tflite")
    assert (network.kind, network.class_names) == ("characters", ["0", "1", "2"])
    assert np.abs(network.probabilities(images) - expected).max() < 1e-5


def no_softmax(path):
    keras.Sequential([keras.Input((28, 28)), layers.Flatten(), layers.Dense(10)]).save(path)


def two_branches(path):
    pixels = keras.Input((28, 28))
    flat = layers.Flatten()(pixels)
    both = layers.Add()([layers.Dense(4)(flat), layers.Dense(4)(flat)])
    keras.Model(pixels, layers.Dense(10, activation="softmax")(both)).save(path)


def damaged(path):
    path.write_bytes(RELEASED.read_bytes()[:-1000])


@pytest.mark.filterwarnings("ignore:.*does not name its classes")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "no file"),
        (damaged, "not a whole .keras file"),
        (no_softmax, "does not end with a softmax"),
        (two_branches, "not a keras.Sequential"),
        (lambda path: stored(path, rounded=False), "not exactly float16"),
        (lambda path: stored(path, layers.LayerNormalization()), "type LayerNormalization"),
        (lambda path: stored(path, layers.Dense(4, activation="tanh")), "an activation that"),
        (
            lambda path: stored(
                path, layers.Reshape((28, 28, 1)), layers.Conv2D(2, 3, dilation_rate=2)
            ),
            "dilation_rate=(2, 2)",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused_in_a_sentence(make, reason, tmp_path, capsys):
    path = tmp_path / "network.keras"
    make(path)
    assert cli.main(["export", str(path), "--output", str(tmp_path / "new")]) == 2
    said = capsys.readouterr().err
    assert reason in said
    assert str(path) in said
    assert "Traceback" not in said
    assert not (tmp_path / "new").exists()


@pytest.mark.filterwarnings("ignore:.*does not name its classes")
def test_an_export_that_stops_midway_leaves_nothing_that_is_read(released, tmp_path, monkeypatch):
    folder = tmp_path / "new"
    shutil.copytree(released, folder)
    stored(tmp_path / "cnn.keras")
    whole = export.atomic_write

    def stopped(path):
        if path.suffix == ".json":
            raise KeyboardInterrupt
        return whole(path)

    monkeypatch.setattr(export, "atomic_write", stopped)
    with pytest.raises(KeyboardInterrupt):
        export.export(tmp_path / "cnn.keras", folder)
    assert sorted(path.name for path in folder.iterdir()) == ["cnn.bin", "cnn.json", "cnn.tflite"]
    with pytest.raises(NetworkMissing, match="does not belong to cnn.json"):
        Network.load(folder / "cnn.tflite")


def test_command_writes_beside_the_network_and_says_where(tmp_path, capsys):
    shutil.copy(RELEASED, tmp_path)
    assert cli.main(["export", str(tmp_path / "cnn.keras")]) == 0
    said = capsys.readouterr().out
    for suffix in (".tflite", ".bin", ".json"):
        assert str(tmp_path / f"cnn{suffix}") in said
    assert Network.load(tmp_path / "cnn.tflite").temperature == pytest.approx(0.528, abs=1e-3)
