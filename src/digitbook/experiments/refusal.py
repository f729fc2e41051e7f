"""Teach the guard, a network that tells digits from what is none, and record what it lets through.

It learns from digits, letters and what `digitbook.images.strangers` makes. It is compared with the
confidence of a network that was only ever shown digits, and with scores of how far an image lies from
the digits in its features. Each way but the confidence, which has its limit, refuses what scores less
than all but `REFUSED_SHARE` of the held-out digits; the test parts decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import logsumexp
from sklearn.neighbors import NearestNeighbors

from digitbook import data
from digitbook.data import Dataset
from digitbook.data.registry import REGISTRY, entry
from digitbook.experiments import records, store
from digitbook.experiments.ink import skeleton
from digitbook.experiments.records import Record
from digitbook.experiments.run import made
from digitbook.images import handwriting, strangers
from digitbook.images.prepare import prepare_drawing, scale
from digitbook.inference.network import CONFIDENCE_LIMIT
from digitbook.networks import evaluation, models, training
from digitbook.networks.backend import keras
from digitbook.networks.recipes import SMALL_MOVES
from digitbook.networks.training import Recipe

CLASSES = ("a digit", "several digits", "a part of a digit", "a letter", "something else")
"""What the guard takes an image for."""
TWINS = "OILSZ"
"""Letters that are written like digits: nothing is taught about them."""
REFUSED_SHARE = 0.007
"""The share of held-out digits that each way's limit refuses."""
RECIPE = Recipe(epochs=8, learning_rate=0.01, augmentation=SMALL_MOVES)
SAMPLES = {
    "redrawn": 8000,
    "outlined": 4000,
    "several": 24_000,
    "parts": 3000,
    "turned": 12_000,
    "drawn": 14_000,
    "scribbled": 12_000,
}
"""How many images of each kind the guard learns from, beside the digits and the letters."""
LETTER_COPIES, LETTER_PENS = 5, 3
"""How often each letter is among them as it is, and drawn along its middle with other pens."""
ASKED = 1000
"""Images of each kind that is made, to ask about; hands, of which there are fifty, write as many."""
ELSEWHERE = ("usps", "kannada", "devanagari", "bangla", "telugu")
"""Further sets whose test parts are asked about: other people's digits, and digits of other scripts."""
NEIGHBOUR = 10
"""Which of the nearest digits decides how far away an image is."""

build_guard = partial(models.build_cnn, len(CLASSES), (12, 20, 40))
"""Of the size of `cnn-small`: the drawing page loads it beside the network that reads."""

Scores = Callable[[np.ndarray], np.ndarray]
"""From images, uint8 `(N, 28, 28)`, to numbers that are higher the more they look like digits."""


def run(
    digits: Dataset,
    letters: Dataset,
    elsewhere: Sequence[Dataset],
    reader: Path,
    results: Path,
    say: Callable[[str], None] = print,
    seeds: Sequence[int] = range(5),
) -> Record:
    """Record which share of each kind of image every way to refuse lets through.

    Under `ways` the record holds for each, the guard of each seed among them, its `limit`, and by kind
    of image the share that it lets through (`answered`) and the share that `reader` then answers with
    at least `CONFIDENCE_LIMIT` (`sure`). The guard of the first seed becomes `guard.keras` beside it.
    Trained guards are kept in the cache: stopped, the same call goes on.

    Args:
        digits: the set whose digits are to be answered.
        letters: letters to learn from and to ask about.
        elsewhere: further sets whose test parts are asked about.
        reader: the network that reads the digits, a `.keras` file.
        results: the folder of the records.
        say: told as each way is done.
        seeds: those of the guards.
    """
    model, note = store.load_network(reader)
    temperature = note["temperature"] if note else 1.0

    def confidence(images: np.ndarray) -> np.ndarray:
        probabilities = evaluation.predict(model, images)
        return evaluation.with_temperature(probabilities, temperature).max(axis=1)

    about = {
        "data": digits.name,
        "sets": {each.name: each.sha256 for each in (digits, letters, *elsewhere)},
        "reader": store.weights_sha256(model),
        "limit": CONFIDENCE_LIMIT,
        "refused_share": REFUSED_SHARE,
        "recipe": asdict(RECIPE),
        "parameters": build_guard().count_params(),
    }
    found = records.begun("refusal", results, about, "ways")
    held = data.hold_out(digits)[1][0]
    asked = exam(digits, letters, elsewhere)
    found["images"] = {kind: len(images) for kind, images in asked.items()}
    sure = {kind: confidence(images) >= CONFIDENCE_LIMIT for kind, images in asked.items()}
    shares = {kind: float(each.mean()) for kind, each in sure.items()}
    found["ways"]["confidence"] = {"limit": CONFIDENCE_LIMIT, "answered": shares, "sure": shares}
    for name, score in _ways(digits, letters, model, seeds, results, say):
        limit = float(np.quantile(score(held), REFUSED_SHARE))
        let_through = {kind: score(images) >= limit for kind, images in asked.items()}
        found["ways"][name] = {
            "limit": limit,
            "answered": {kind: float(each.mean()) for kind, each in let_through.items()},
            "sure": {kind: float((each & sure[kind]).mean()) for kind, each in let_through.items()},
        }
        records.store("refusal", found | made(), results)
        say(f"{name}: {found['ways'][name]['sure'][letters.name]:.1%} of {letters.name} pass")
    return found


def table(record: Record) -> pd.DataFrame:
    """Return a row for each kind of image: the share that is answered with confidence, by each way.

    Guards stand together as their mean.
    """
    sure = pd.DataFrame({name: way["sure"] for name, way in record["ways"].items()})
    guards = [name for name in sure if name.startswith("guard")]
    sure["guard"] = sure[guards].mean(axis=1)
    return sure.drop(columns=guards).rename_axis("images").reset_index()


def exam(digits: Dataset, letters: Dataset, elsewhere: Sequence[Dataset], seed: int = 1) -> dict:
    """Return what is asked about, by kind: images uint8 `(N, 28, 28)`.

    Test parts, the letters without those that are digits' twins and these alone, digits written by
    hands, and `ASKED` of each kind that `strangers` makes, from test digits.
    """
    rng = np.random.default_rng(seed)
    twins = np.isin(np.array(letters.class_names)[letters.y_test], list(TWINS))
    written = [handwriting.draw(strokes, pen) for *_, strokes, pen in handwriting.drawings(ASKED // 50)]
    kinds = {
        digits.name: digits.x_test,
        "hands": np.stack([prepare_drawing(ink) for ink in written]),
        letters.name: letters.x_test[~twins],
        "twins": letters.x_test[twins],
        **{each.name: each.x_test for each in elsewhere},
        "several digits": strangers.several(digits.x_test, ASKED, rng),
        "parts of digits": strangers.parts(digits.x_test[digits.y_test != 1], ASKED, rng),
        "turned digits": strangers.turned(digits.x_test, digits.y_test, ASKED, rng),
    }
    shapes = strangers.SHAPES | strangers.UNSEEN
    return kinds | {name: strangers.drawn({name: make}, ASKED, rng) for name, make in shapes.items()}


# Ways to refuse


def _ways(
    digits: Dataset,
    letters: Dataset,
    reader: keras.Sequential,
    seeds: Sequence[int],
    results: Path,
    say: Callable[[str], None],
) -> Iterator[tuple[str, Scores]]:
    """Yield the name of each way to refuse, and its scores."""
    (x, y), (x_held, y_held) = data.hold_out(digits)
    yield from _feature_scores(reader, x, y)
    say("Drawing what is no digit")
    (x_letters, y_letters), (x_letters_held, y_letters_held) = data.hold_out(letters)
    names = np.array(letters.class_names)
    unlike = ~np.isin(names[y_letters], list(TWINS)), ~np.isin(names[y_letters_held], list(TWINS))
    learnt = examples((x, y), x_letters[unlike[0]], SAMPLES, seed=0)
    tenth = {kind: count // 10 for kind, count in SAMPLES.items()}
    held = examples((x_held, y_held), x_letters_held[unlike[1]], tenth, seed=1)
    for number, seed in enumerate(seeds):
        guard = _guard(learnt, held, seed)
        if number == 0:
            limit = float(np.quantile(_first(guard, x_held), REFUSED_SHARE))
            _store(guard, digits, seed, limit, results)
        yield f"guard {seed}", partial(_first, guard)


def _feature_scores(
    reader: keras.Sequential, x: np.ndarray, y: np.ndarray
) -> Iterator[tuple[str, Scores]]:
    """Yield ways to refuse by what a reader of digits makes of an image.

    Energy (Liu et al., "Energy-based out-of-distribution detection", 2020); the Mahalanobis
    distance to the nearest class in the features of the last layer but one (Lee et al., 2018); and the
    distance to the nearest digits in them (Sun et al., "Out-of-distribution detection with deep nearest
    neighbors", 2022).
    """
    inside = keras.Model(reader.inputs, reader.layers[-1].input)

    def features(images: np.ndarray) -> np.ndarray:
        return evaluation.predict(inside, images)

    kernel, bias = reader.layers[-1].get_weights()
    yield "energy", lambda images: logsumexp(features(images) @ kernel + bias, axis=1)

    known = features(x)
    means = np.stack([known[y == digit].mean(axis=0) for digit in np.unique(y)])
    whitening = np.linalg.cholesky(np.linalg.pinv(np.cov((known - means[y]).T)))

    def mahalanobis(images: np.ndarray) -> np.ndarray:
        away = (features(images)[:, None] - means) @ whitening
        return -(away**2).sum(axis=2).min(axis=1)

    yield "Mahalanobis", mahalanobis

    def directions(images: np.ndarray) -> np.ndarray:
        found = features(images)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    nearest = NearestNeighbors(n_neighbors=NEIGHBOUR).fit(directions(x))
    yield "neighbours", lambda images: -nearest.kneighbors(directions(images))[0][:, -1]


def _first(guard: keras.Sequential, images: np.ndarray) -> np.ndarray:
    """Return the probability that images show a digit."""
    return evaluation.predict(guard, images)[:, 0]


# The guard


def examples(
    digits: tuple[np.ndarray, np.ndarray], letters: np.ndarray, samples: dict[str, int], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return images to teach the guard with, uint8 `(N, 28, 28)`, and which of `CLASSES` they show.

    Some digits, and all letters, come drawn along their middle with other pens as well, so that the way
    in which a set was made tells nothing. Outlines are digits, too: of a broad stroke no more may be
    left once its ink was found on paper.

    Args:
        digits: images and their classes.
        letters: images, without the twins of digits.
        samples: how many of each kind, under the keys of `SAMPLES`.
        seed: decides everything.
    """
    x, y = digits
    rng = np.random.default_rng(seed)
    again, hollow = (x[rng.choice(len(x), samples[kind])] for kind in ("redrawn", "outlined"))
    parts = [
        (x, 0),
        (redrawn(again, seed), 0),
        (redrawn(hollow, seed, strangers.outlined), 0),
        (strangers.several(x, samples["several"], rng), 1),
        (strangers.parts(x[y != 1], samples["parts"], rng), 2),
        (np.repeat(letters, LETTER_COPIES, axis=0), 3),
        (redrawn(np.repeat(letters, LETTER_PENS, axis=0), seed + 1), 3),
        (strangers.drawn(strangers.SHAPES, samples["drawn"], rng), 4),
        (strangers.drawn({"scribble": strangers.SHAPES["scribble"]}, samples["scribbled"], rng), 4),
        (strangers.turned(x, y, samples["turned"], rng), 4),
    ]
    images = np.concatenate([images for images, _ in parts])
    return images, np.concatenate([np.full(len(images), kind) for images, kind in parts])


def redrawn(images: np.ndarray, seed: int, pen: Callable = strangers.written) -> np.ndarray:
    """Return images with what they show drawn along its middle with a pen of some other width.

    Args:
        images: uint8 `(N, 28, 28)`; blots, which have no middle line, are left out of what is returned.
        seed: decides the pens' widths.
        pen: `strangers.written` or `strangers.outlined`.
    """
    rng = np.random.default_rng(seed)
    middles = [path for path in map(skeleton, images) if len(path)]
    return np.stack([pen(list(path[:, None]), rng) for path in middles])


def _guard(
    learnt: tuple[np.ndarray, np.ndarray], held: tuple[np.ndarray, np.ndarray], seed: int
) -> keras.Sequential:
    """Return the guard of this seed, trained now or before, with the weights that exports carry."""
    scaled = (scale(learnt[0]), learnt[1]), (scale(held[0]), held[1])
    guard = training.fit_or_load(build_guard, *scaled[0], RECIPE, scaled[1], seed).model
    store.round_weights(guard)
    return guard


def _store(guard: keras.Sequential, digits: Dataset, seed: int, limit: float, results: Path) -> None:
    note = {
        "model": "guard",
        "kind": "guard",
        "guards": [name for name in REGISTRY if digits.name in (name, entry(name).drawn_from)],
        "data": digits.name,
        "data_sha256": digits.sha256,
        "seed": seed,
        "classes": CLASSES,
        "temperature": 1.0,
        "confidence_limit": limit,
    }
    store.write(guard, results / "guard.keras", note)
