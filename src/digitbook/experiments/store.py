"""Trained networks as files: `.keras` with a note inside of what they are and were trained on."""

from __future__ import annotations

import hashlib
import json
import tempfile
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path

from digitbook._util.files import atomic_write, cache_dir
from digitbook.errors import ExperimentError
from digitbook.experiments.records import RunRecord
from digitbook.networks.backend import keras

NOTE = "digitbook.json"
"""The file inside a `.keras` archive that says what the network is and was trained on."""
MOST_BYTES = 2**29
"""What a `.keras` file may unpack to: thirty times the largest network of this book."""
PARTS = {
    *("keras", "keras.models", "keras.layers", "keras.activations", "keras.initializers"),
    *("keras.regularizers", "keras.constraints", "keras.dtype_policies", "keras.src.models.functional"),
}
"""Where in Keras the parts of a network come from. A file that names other functions, of Keras or of
anybody, could have them called (CVE-2025-1550, CVE-2025-8747)."""
ACTIVE = {"Lambda", "TorchModuleWrapper", "StringLookup", "IntegerLookup", "TextVectorization"}
"""Layers that bring code (CVE-2024-3660), pickles (CVE-2025-49655) or names of files to be read
(CVE-2025-12058)."""
MOST_TOLD = 200
"""Characters of Keras's own words on why a file cannot be read."""
NEWER_OPTIONS = {
    "input_axes": None,
    "output_axes": None,
    "quantization_config": None,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
}
"""What Keras 3.15 writes of layers that make no use of it, and Keras 3.13, which Colab has, refuses."""


def round_weights(model: keras.Sequential) -> None:
    """Round every weight to the nearest float16, the precision that exports carry."""
    model.set_weights([array.astype("float16").astype(array.dtype) for array in model.get_weights()])


def weights_sha256(model: keras.Sequential) -> str:
    """Return the SHA-256 of all weights in their order, as 64 hexadecimal digits."""
    return hashlib.sha256(b"".join(array.tobytes() for array in model.get_weights())).hexdigest()


def name_of(record: RunRecord) -> str:
    """Return the name of a recorded run, as `Run.name` has it."""
    return "-".join(str(record[key]) for key in ("data", "model", "configuration", "seed"))


def model_path(run_name: str) -> Path:
    """Return where the trained network of a run is kept on this machine."""
    return cache_dir() / "runs" / f"{run_name}.keras"


def save(model: keras.Sequential, path: Path, record: RunRecord) -> None:
    """Store a network as `.keras`, with a note inside of what it is, was trained on and scored."""
    heading = ("model", "data", "data_sha256", "seed", "configuration", "commit")
    note = {
        **{key: value for key, value in record.items() if key in heading},
        "classes": list(record["per_class"]),
        "temperature": record["temperature"],
        "accuracy": record["metrics"]["accuracy"],
        "examples": record["examples"],
    }
    write(model, path, note)


def write(model: keras.Sequential, path: Path, note: dict) -> None:
    """Store a network as `.keras`, with this note inside."""
    # A compiled network would take its optimiser's state along, twice the size of its weights.
    bare = keras.Sequential.from_config(model.get_config())
    bare.set_weights(model.get_weights())
    with atomic_write(path) as fresh:
        bare.save(fresh)
        with zipfile.ZipFile(fresh, "a") as archive:
            archive.writestr(NOTE, json.dumps(note, indent=1))


def write_with_lite(model: keras.Model, stem: Path) -> list[Path]:
    """Store a network of any form as `STEM.keras` and `STEM.tflite`, and return their paths."""
    written = [stem.with_suffix(".keras"), stem.with_suffix(".tflite")]
    with tempfile.TemporaryDirectory() as scratch:
        for path in written:
            made = Path(scratch) / path.name
            if path.suffix == ".keras":
                model.save(made)
            else:
                model.export(made, format="litert", verbose=False)
            with atomic_write(path) as fresh:
                fresh.write_bytes(made.read_bytes())
    return written


def _without_newer_options(config: dict) -> dict:
    return {key: value for key, value in config.items() if NEWER_OPTIONS.get(key, config) != value}


def load_network(path: Path) -> tuple[keras.Sequential, dict | None]:
    """Read a `.keras` file and its note, which is None in a file that `save` did not write.

    Raises:
        ExperimentError: the file is missing or damaged, holds code of its maker, unpacks to more than
            `MOST_BYTES`, or does not take 28×28 images.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
                raise ExperimentError(
                    f"{path} unpacks to more than {MOST_BYTES:,} bytes; it is not read."
                )
            note = json.loads(archive.read(NOTE)) if NOTE in archive.namelist() else None
            config = json.loads(archive.read("config.json"), object_hook=_without_newer_options)
        config.pop("compile_config", None)  # how it was trained, which nothing here needs
        for part in _parts(config):
            _refuse_code(part, path)
        model = keras.saving.deserialize_keras_object(config)
        model.load_weights(path)
    except FileNotFoundError:
        raise ExperimentError(f"There is no file {path}.") from None
    except ExperimentError:
        raise
    except Exception as error:  # Keras passes on whatever its parts raise, in many lines
        told = textwrap.shorten(str(error), MOST_TOLD, placeholder=" …")
        raise ExperimentError(f"{path} is not a whole .keras file: {told}") from error
    if model.input_shape != (None, 28, 28):
        raise ExperimentError(
            f"{path} takes inputs of shape {model.input_shape[1:]}, not images of 28 by 28."
        )
    return model, note


def _parts(config: dict | list) -> Iterator[dict]:
    """Yield every object in a configuration, however deep it lies."""
    if isinstance(config, dict):
        yield config
    for value in config.values() if isinstance(config, dict) else config:
        if isinstance(value, dict | list):
            yield from _parts(value)


def _refuse_code(part: dict, path: Path) -> None:
    """Refuse what might run or fetch something: all but the parts that networks are made of."""
    module, name = part.get("module"), part.get("class_name")
    if module is not None and (module not in PARTS or name in ACTIVE):
        raise ExperimentError(
            f"{path} names {module}.{name}, which may run code or read files of its maker's choice: "
            "only plain layers of Keras are read."
        )


def recorded(record: RunRecord) -> keras.Sequential:
    """Return the network of a recorded run, as it was kept where it was trained.

    Raises:
        ExperimentError: it is not on this machine, or is not the network that was recorded.
    """
    path = model_path(name_of(record))
    model, _ = load_network(path)
    if weights_sha256(model) != record["weights_sha256"]:
        raise ExperimentError(f"{path} is not the network that was recorded; train it again.")
    return model
