"""Teach the network that reads lines of digits, and store it as `results/line.keras` and `line.tflite`.

It learns from lines put together from training digits. What it is good for is measured apart, by
`line_reading`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.optimize import minimize_scalar

from digitbook._util.files import atomic_write, cache_dir
from digitbook.data import Dataset, hold_out
from digitbook.experiments import store
from digitbook.experiments.refusal import TWINS
from digitbook.images import composed, lines
from digitbook.inference import ctc
from digitbook.networks import line
from digitbook.networks.backend import keras

MARKED, LETTERED = 0.12, 0.08
"""The shares of lines in which there is a mark, or a letter."""
HELD = 1000
"""Lines of held-out digits that the temperature is fitted to."""


def store_line_network(
    digits: Dataset,
    letters: Dataset,
    results: Path,
    seed: int = 0,
    steps: int = line.STEPS,
    say: Callable[[str], None] = print,
) -> list[Path]:
    """Teach the network, fit its temperature and store it; return what was written.

    What it has learnt so far is kept in the cache: stopped, the same call goes on.
    """
    (x, y), (x_held, y_held) = hold_out(digits)
    (x_letters, y_letters), _ = hold_out(letters)
    unlike = ~np.isin(np.array(letters.class_names)[y_letters], list(TWINS))
    model = _taught(
        Composer(x, y, x_letters[unlike]), (digits.sha256, letters.sha256), seed, steps, say
    )
    temperature = fitted_temperature(model, Composer(x_held, y_held, x_letters[:0]), seed)
    written = store.write_with_lite(model, results / "line")
    description = {
        "name": "line",
        "kind": "lines of digits",
        "data": digits.name,
        "data_sha256": digits.sha256,
        "seed": seed,
        "parameters": model.count_params(),
        "temperature": round(temperature, 4),
        "weights_sha256": store.weights_sha256(model),
        "sha256": {".tflite": hashlib.sha256(written[1].read_bytes()).hexdigest()},
    }
    path = results / "line.json"
    with atomic_write(path) as fresh:
        fresh.write_text(json.dumps(description, indent=1) + "\n")
    return [*written, path]


class Composer:
    """Makes lines to learn from, of the digits given; `letters`, where there are any, are no digits.

    Args:
        images: uint8 `(N, 28, 28)`.
        labels: `(N,)`, from 0 to 9.
        letters: uint8 `(M, 28, 28)`, those that look like digits left out.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, letters: np.ndarray):
        self.images, self.labels, self.letters = images, labels, letters

    def __call__(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return a prepared line of so many digits, and perhaps a mark or a letter; and the classes."""
        chosen = rng.integers(0, len(self.images), count)
        digits, classes = list(self.images[chosen]), list(map(int, self.labels[chosen]))
        lettered = LETTERED if len(self.letters) else 0
        for share, other in ((MARKED, composed.punctuation), (lettered, self._letter)):
            if rng.random() < share:
                place = int(rng.integers(0, len(digits) + 1))
                digits.insert(place, other(rng))
                classes.insert(place, composed.OTHER)
        spacing = str(rng.choice(list(composed.SPACINGS)))
        made = composed.compose(digits, classes, spacing, rng)
        return lines.prepare_line(_penned(made.ink, rng)), made.classes

    def _letter(self, rng: np.random.Generator) -> np.ndarray:
        return self.letters[rng.integers(0, len(self.letters))]


def fitted_temperature(model: keras.Model, make: Composer, seed: int) -> float:
    """Return the temperature at which the readings of held-out lines are likeliest."""
    rng = np.random.default_rng([seed, 1])
    made = [make(rng, int(rng.integers(1, line.LONGEST + 1))) for _ in range(HELD)]
    steps = [
        np.log(model(line.side_by_side([image])).numpy()[0] + 1e-9)[
            : -(-image.shape[1] // line.PER_STEP)
        ]
        for image, _ in made
    ]

    def unlikely(temperature: float) -> float:
        tempered = [each / temperature for each in steps]
        return -sum(
            ctc.log_probabilities(each - np.logaddexp.reduce(each, axis=1, keepdims=True), [truth])[0]
            for each, (_, truth) in zip(tempered, made, strict=True)
        )

    return float(minimize_scalar(unlikely, (0.5, 4), method="bounded", bounds=(0.5, 4)).x)


def _taught(
    make: Composer, data: tuple[str, str], seed: int, steps: int, say: Callable[[str], None]
) -> keras.Model:
    modules = (__file__, composed.__file__, lines.__file__, line.__file__)
    sources = b"".join(Path(file).read_bytes() for file in modules)
    facts = repr((data, seed, steps)).encode()
    folder = cache_dir() / "line" / hashlib.sha256(facts + sources).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return line.teach(make, folder, seed, steps, say)


def _penned(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the line as in another pen: a third each are thinner, broader, and as they are."""
    pen = rng.integers(0, 3)
    if pen == 0:
        thinner = ndimage.grey_erosion(ink, (2, 2))
        return thinner if thinner.max() >= composed.INKED else ink
    if pen == 1:
        return ndimage.grey_dilation(ink, (2, 2))
    return ink
