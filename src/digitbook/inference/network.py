"""Read drawings with an exported network, on a light runtime: no TensorFlow, no Keras.

`digitbook export` writes what is read here (see `digitbook.release.export`); `digitbook predict` and
`digitbook serve` answer with it.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digitbook._util.litert import LiteRT
from digitbook.errors import BadInput
from digitbook.images.prepare import scale
from digitbook.paths import RELEASED, RESULTS

CONFIDENCE_LIMIT = 0.8
"""An answer with less confidence is called unsure; chapter 11 tells what that keeps out."""
GUARD = RESULTS / "guard.tflite"
"""The released network that refuses what is no digit, as it was exported for LiteRT."""


class NetworkMissing(BadInput):
    """There is no exported network where it was looked for, or it is damaged."""


class Network:
    """An exported network; several threads may ask it at once.

    `class_names` lists the classes in the order of the probabilities, `kind` says what they are
    ("digits", "letters" or "characters") and `noun` what one is, `temperature` divides the logits, and
    `description` holds what `NAME.json` says. `guard` is the network that says which images to refuse.
    """

    def __init__(
        self,
        description: dict,
        softmax: Callable[[np.ndarray], np.ndarray],
        guard: Network | None = None,
    ):
        self.description = description
        self.guard = guard
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
        description = description_of(path)
        return cls(description, _softmax(path, len(description["classes"])), guard_of(description))

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
        """Return `label`, `confidence`, `probabilities` by class name, and `why`, for each of `images`.

        What the guard refuses has the label None, and a `why`: a sentence that says what it looks like.
        Its other values tell what the answer would be. Where there is a label, `why` is None.

        Probabilities are rounded to six decimals. `images` are those of `probabilities`.
        """
        reasons = self.guard.refusals(images) if self.guard else [None] * len(images)
        return [
            self._answer([round(float(probability), 6) for probability in row], why)
            for row, why in zip(self.probabilities(images), reasons, strict=True)
        ]

    def _answer(self, row: list[float], why: str | None) -> dict:
        confidence = max(row)
        return {
            "label": None if why else self.class_names[row.index(confidence)],
            "confidence": confidence,
            "probabilities": dict(zip(self.class_names, row, strict=True)),
            "why": why,
        }

    def refusals(self, images: np.ndarray) -> list[str | None]:
        """Return, as a guard, why each image is refused, in a sentence; None where it is not.

        `images` are those of `probabilities`.
        """
        meant, *others = self.class_names
        limit = self.description["confidence_limit"]
        return [
            f"This looks like {others[row[1:].argmax()]}, not like {meant}." if row[0] < limit else None
            for row in self.probabilities(images)
        ]


def guard_of(description: dict) -> Network | None:
    """Return the released guard for a network that is described so, or None if there is none for it."""
    guard = _released_guard()
    if guard is None or description.get("kind") == "guard":
        return None
    return guard if description.get("data") in guard.description["guards"] else None


@functools.cache
def _released_guard() -> Network | None:
    if not GUARD.is_file():
        return None
    description = description_of(GUARD)
    return Network(description, _softmax(GUARD, len(description["classes"])))


def _softmax(path: Path, classes: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return what an exported network makes of images, one probability a class."""
    network = LiteRT(path.read_bytes())

    def softmax(images: np.ndarray) -> np.ndarray:
        if not len(images):
            return np.empty((0, classes), "float32")
        return np.concatenate([network(image[None]) for image in scale(images)])

    return softmax


def description_of(path: Path) -> dict:
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
