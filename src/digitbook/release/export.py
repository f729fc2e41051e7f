"""Write a stored network for those who read drawings without Keras: a server, a browser.

A network called NAME becomes three files:

- `NAME.tflite`: the network for LiteRT, float32 (see `digitbook.inference.network`).
- `NAME.bin`: all weights, little-endian float16, one after the other.
- `NAME.json`: one object that describes both. `name`; `kind`, what the network reads: "digits",
  "letters", "characters" where that is not known, or "guard"; `noun`, one of what is read; `classes`, a list of names in the order of the
  probabilities; `temperature`, by which the logits are divided before probabilities are shown;
  `confidence_limit`, the probability below which an answer is called unsure, or, of a guard, that of
  its first class below which an image is refused; `guards`, of a guard alone, the data sets for whose
  networks it does so; where
  they are on record, `data` and `data_sha256` (what the network was trained on) and `accuracy` of
  `examples` test digits; `weights_sha256`, as in the run's record; `sha256` of the two files by
  suffix; and `layers`, in the order of computation. Networks take images of shape `(28, 28)`, values
  from 0 to 1; places are rows, columns and channels, in this order.

Each of `layers` has a `type` and, where there are any, `weights`: by name their `shape` and their
`offset` in `NAME.bin`, counted in float16 values, the last axis running fastest.

| type | its other keys | weights |
| --- | --- | --- |
| `reshape` | `shape`, without the batch | |
| `convolution` | `padding` ("same", "valid"), `strides`, `activation` | `kernel` [rows, columns, in, out], `bias` where there is one |
| `normalisation` | `epsilon` | `gamma`, `beta`, `mean`, `variance`, one a channel |
| `relu` | | |
| `max_pooling` | `size`, `strides`, `padding` | |
| `average_pooling` | over all places | |
| `flatten` | | |
| `dense` | `activation` | `kernel` [in, out], `bias` where there is one |

An `activation` is "relu", "softmax" or null. Normalised values are
`gamma * (x - mean) / sqrt(variance + epsilon) + beta`. Dropout does nothing outside training and is
left out.
"""  # noqa: E501

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import warnings
from pathlib import Path

import numpy as np

from digitbook._util.files import atomic_write
from digitbook.data.registry import entry
from digitbook.errors import BadInput
from digitbook.experiments import store
from digitbook.inference.network import CONFIDENCE_LIMIT, Network, guard_of
from digitbook.networks import evaluation
from digitbook.networks.backend import keras

layers = keras.layers

# For each layer: its type, what is written of its configuration under which key, and what the rest
# of it has to be, since the format has no word for it.
FORMS: dict[type, tuple[str, dict[str, str], dict[str, object]]] = {
    layers.Reshape: ("reshape", {"shape": "target_shape"}, {}),
    layers.Conv2D: (
        "convolution",
        {"padding": "padding", "strides": "strides", "activation": "activation"},
        {"data_format": "channels_last", "dilation_rate": (1, 1), "groups": 1},
    ),
    layers.BatchNormalization: (
        "normalisation",
        {"epsilon": "epsilon"},
        {"axis": -1, "center": True, "scale": True},
    ),
    layers.ReLU: ("relu", {}, {"max_value": None, "negative_slope": 0, "threshold": 0}),
    layers.MaxPooling2D: (
        "max_pooling",
        {"size": "pool_size", "strides": "strides", "padding": "padding"},
        {"data_format": "channels_last"},
    ),
    layers.GlobalAveragePooling2D: (
        "average_pooling",
        {},
        {"data_format": "channels_last", "keepdims": False},
    ),
    layers.Flatten: ("flatten", {}, {}),
    layers.Dense: ("dense", {"activation": "activation"}, {}),
}
ACTIVATIONS = {"linear": None, "relu": "relu", "softmax": "softmax"}


class ExportError(BadInput):
    """A network that the format of the exported files cannot hold."""


def export(model_path: Path, folder: Path) -> list[Path]:
    """Write `NAME.tflite`, `NAME.bin` and `NAME.json` from `NAME.keras`, and return their paths.

    Each file is replaced whole. The description comes last and carries the hashes of the others, so
    that after an export that was stopped between them a reader refuses what does not belong together.

    Raises:
        ExperimentError: the file is missing or damaged, or does not take 28×28 images.
        ExportError: a weight is not exactly a float16, or a layer is none of the format's.
    """
    model, description = read_network(model_path)
    values, described = _layers(model, model_path)
    files = {".tflite": _lite(model), ".bin": values.tobytes()}
    description["sha256"] = {
        suffix: hashlib.sha256(content).hexdigest() for suffix, content in files.items()
    }
    description["layers"] = described
    files[".json"] = json.dumps(description, indent=1).encode() + b"\n"
    written = [folder / f"{model_path.stem}{suffix}" for suffix in files]
    for path, content in zip(written, files.values(), strict=True):
        with atomic_write(path) as fresh:
            fresh.write_bytes(content)
    return written


def as_exported(model_path: Path) -> Network:
    """Return a `.keras` network that answers as its export does, if more slowly.

    Raises:
        ExperimentError: the file is missing or damaged, or does not take 28×28 images.
        ExportError: it does not give probabilities.
    """
    model, description = read_network(model_path)
    lock = threading.Lock()  # Keras's predict is made for one thread at a time

    def softmax(images: np.ndarray) -> np.ndarray:
        with lock:
            return evaluation.predict(model, images)

    return Network(description, softmax, guard_of(description))


def read_network(model_path: Path) -> tuple[keras.Sequential, dict]:
    """Read a `.keras` file and return the network and its description, up to `weights_sha256`.

    Without a note in the file it warns, counts the classes from "0" and takes the temperature 1.

    Raises:
        ExperimentError: the file is missing or damaged, or does not take 28×28 images.
        ExportError: it does not give probabilities.
    """
    model, note = store.load_network(model_path)
    if getattr(model.layers[-1], "activation", None) is not keras.activations.softmax:
        raise ExportError(f"{model_path} gives no probabilities: it does not end with a softmax.")
    note = note or {}
    if not {"classes", "temperature"} <= note.keys():
        warnings.warn(
            f"{model_path} does not name its classes or its temperature; they are taken to be numbers "
            "from 0, and 1.",
            stacklevel=2,
        )
    source = entry(note.get("data", ""))
    keys = ("guards", "data", "data_sha256", "accuracy", "examples")
    known = {key: note[key] for key in keys if key in note}
    return model, {
        "name": model_path.stem,
        "kind": note.get("kind", source.kind),
        "noun": source.noun,
        "classes": note.get("classes", [str(number) for number in range(model.output_shape[-1])]),
        "temperature": note.get("temperature", 1.0),
        "confidence_limit": note.get("confidence_limit", CONFIDENCE_LIMIT),
        **known,
        "weights_sha256": store.weights_sha256(model),
    }


def _layers(model: keras.Sequential, path: Path) -> tuple[np.ndarray, list[dict]]:
    """Return all weights as one float16 array, and the descriptions of the layers."""
    if not isinstance(model, keras.Sequential):
        raise ExportError(f"{path} is not a keras.Sequential, which exported files are about.")
    described, arrays, offset = [], [], 0
    for layer in model.layers:
        if isinstance(layer, layers.Dropout):
            continue
        form = _form(layer, path)
        for weight in layer.weights:
            exact = weight.numpy()
            with np.errstate(over="ignore"):
                rounded = exact.astype("<f2")
            if not np.array_equal(rounded, exact):
                raise ExportError(
                    f"{path} has weights that are not exactly float16 numbers; the networks that "
                    "`digitbook train` stores have been rounded to such."
                )
            name = weight.name.removeprefix("moving_")
            form.setdefault("weights", {})[name] = {"offset": offset, "shape": list(exact.shape)}
            arrays.append(rounded.ravel())
            offset += exact.size
        described.append(form)
    return np.concatenate(arrays), described


def _form(layer: keras.Layer, path: Path) -> dict:
    """Return a layer's type and numbers, without its weights."""
    if type(layer) not in FORMS:
        raise ExportError(
            f"{path} has a layer of the type {type(layer).__name__}, which exported files do not know."
        )
    name, written, required = FORMS[type(layer)]
    config = layer.get_config()
    if config.get("activation", "linear") not in list(ACTIVATIONS):  # may be an unhashable dict
        raise ExportError(f"{path} has a layer with an activation that exported files do not know.")
    for key, value in required.items():
        if config[key] != value:
            raise ExportError(
                f"{path} has a {type(layer).__name__} with {key}={config[key]!r}, which exported files "
                f"do not know; they know {value!r}."
            )
    form = {"type": name, **{key: config[source] for key, source in written.items()}}
    if "activation" in form:
        form["activation"] = ACTIVATIONS[form["activation"]]
    return form


def _lite(model: keras.Sequential) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.tflite"
        model.export(path, format="litert", verbose=False)
        return path.read_bytes()
