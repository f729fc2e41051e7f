"""Read drawings with an exported network, on a light runtime: no TensorFlow, no Keras.

`digitbook export` writes what is read here (see `digitbook.release.export`); `digitbook predict` and
`digitbook serve` answer with it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digitbook._util.stderr import silenced_stderr
from digitbook.errors import BadInput
from digitbook.images.prepare import scale
from digitbook.paths import RELEASED

CONFIDENCE_LIMIT = 0.8
"""An answer with less confidence is called unsure; chapter 11 tells what that keeps out."""


class NetworkMissing(BadInput):
    """There is no exported network where it was looked for, or it is damaged."""


class Network:
    """An exported network; several threads may ask it at once.

    `class_names` lists the classes in the order of the probabilities, `kind` says what they are
    ("digits", "letters" or "characters") and `noun` what one is, `temperature` divides the logits, and
    `description` holds what `NAME.json` says.
    """

    def __init__(self, description: dict, softmax: Callable[[np.ndarray], np.ndarray]):
        self.description = description
        self.kind: str = description.get("kind", "characters")
        self.noun: str = description.get("noun", "character")
        self.class_names: list[str] = description["classes"]
        self.temperature: float = description["temperature"]
        self._softmax = softmax

    @classmethod
    def load(cls, path: Path = RELEASED) -> Network:
        """Read `NAME.tflite` and the `NAME.json` beside it, as `digitbook export` wrote them.

        Raises:
            NetworkMissing: one of the two is missing or damaged, or they do not belong together.
        """
        description = _description(path)
        return cls(description, _LiteRT(path, len(description["classes"])))

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return each class's probability, the temperature applied, as float32 `(N, classes)`.

        Args:
            images: uint8 `(N, 28, 28)`, prepared as MNIST's digits are (`prepare_drawing`).

        Each image is asked about by itself, so that its answer does not depend on the others to the
        last bit; asking about many at once was no faster.

        Raises:
            ValueError: the images have another shape or type.
        """
        if images.dtype != "uint8" or images.shape[1:] != (28, 28):
            raise ValueError(
                f"Images are uint8 of shape (N, 28, 28), not {images.dtype} of shape {images.shape}."
            )
        # As evaluation.with_temperature does it; that module takes seconds to import.
        powers = np.clip(self._softmax(images).astype("float64"), 1e-12, 1) ** (1 / self.temperature)
        return (powers / powers.sum(axis=1, keepdims=True)).astype("float32")

    def answers(self, images: np.ndarray) -> list[dict]:
        """Return `label`, `confidence` and `probabilities` by class name for each of `images`.

        Probabilities are rounded to six decimals. `images` are those of `probabilities`.
        """
        return [
            self._answer([round(float(probability), 6) for probability in row])
            for row in self.probabilities(images)
        ]

    def _answer(self, row: list[float]) -> dict:
        confidence = max(row)
        return {
            "label": self.class_names[row.index(confidence)],
            "confidence": confidence,
            "probabilities": dict(zip(self.class_names, row, strict=True)),
        }


class _LiteRT:
    """One interpreter behind a lock, 13,000 images a second on two cores.

    One interpreter a thread answered a fifth more at best.
    """

    def __init__(self, path: Path, classes: int):
        with silenced_stderr():
            from ai_edge_litert.interpreter import Interpreter

            self._interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._classes = classes
        self._lock = threading.Lock()

    def __call__(self, images: np.ndarray) -> np.ndarray:
        found = np.empty((len(images), self._classes), "float32")
        scaled = scale(images)
        for place in range(len(images)):
            with self._lock:
                self._interpreter.set_tensor(self._input, scaled[place : place + 1])
                self._interpreter.invoke()
                found[place] = self._interpreter.get_tensor(self._output)
        return found


def _description(path: Path) -> dict:
    """Read `NAME.json` beside `path`, and check that it is about this very file."""
    beside = path.with_suffix(".json")
    for file in (path, beside):
        if not file.is_file():
            raise NetworkMissing(
                f"There is no file {file}; `digitbook export` writes it, given a .keras network."
            )
    try:
        description = json.loads(beside.read_bytes())
        expected = description["sha256"][".tflite"]
    except (ValueError, KeyError, TypeError):
        raise NetworkMissing(
            f"{beside} is not the description of an exported network; `digitbook export` writes one."
        ) from None
    if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise NetworkMissing(
            f"{path} is damaged or does not belong to {beside.name} beside it; "
            "`digitbook export` writes both anew."
        )
    return description
