"""Teach the network that finds ink in pictures, and store it as `results/ink.keras` and `ink.tflite`.

It learns from pictures made by a program (`digitbook.images.practice`), with the skeletons of training
digits and scribbles written on them. What it is good for is measured apart, by `paper_reading`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.morphology import skeletonize

from digitbook._util.files import atomic_write, cache_dir
from digitbook.data import Dataset, hold_out
from digitbook.experiments import store
from digitbook.images import practice
from digitbook.networks.ink import STEPS, teach

PICTURES, CHUNK = 12_000, 250
"""Pictures to learn from, and how many are made and stored at a time."""
DIGITS, SCRIBBLES = 6000, 1200
"""Digits whose skeletons are written on them, and lines that are none."""
FINE = 224
"""Rows and columns that a digit is enlarged to before its skeleton is taken."""


def store_ink_network(
    dataset: Dataset,
    results: Path,
    seed: int = 0,
    pictures: int = PICTURES,
    steps: int = STEPS,
    say: Callable[[str], None] = print,
) -> list[Path]:
    """Make the pictures, teach the network with them and store it; return what was written.

    Pictures and what was learnt so far are kept in the cache: stopped, the same call goes on.
    """
    folder = _folder(dataset, seed, pictures, steps)
    folder.mkdir(parents=True, exist_ok=True)
    skeletons = map(skeleton, hold_out(dataset)[0][0][:DIGITS])
    paths = [path for path in skeletons if len(path)] + practice.scribbles(SCRIBBLES, seed)
    model = teach(*_pictures(paths, folder, seed, pictures, say), folder, seed, steps, say)
    return store.write_with_lite(model, results / "ink")


def skeleton(digit: np.ndarray) -> np.ndarray:
    """Return the middle of a digit's strokes: points `(N, 2)` in the unit square; none for a blot.

    Args:
        digit: uint8 `(28, 28)`.
    """
    enlarged = Image.fromarray(digit).resize((FINE, FINE), Image.Resampling.BICUBIC)
    smooth = ndimage.gaussian_filter(np.asarray(enlarged, "float32"), FINE / 56)
    points = np.argwhere(skeletonize(smooth > 100))[:, ::-1].astype("float32")
    if len(points) < FINE / 15:
        return points[:0]
    points -= points.min(axis=0)
    return points / points.max()


def _folder(dataset: Dataset, seed: int, pictures: int, steps: int) -> Path:
    """Return where all of this is kept, apart from what other code or other numbers made."""
    sources = [Path(file).read_bytes() for file in (__file__, practice.__file__)]
    facts = repr((dataset.sha256, seed, pictures, steps)).encode()
    return cache_dir() / "ink" / hashlib.sha256(b"".join([facts, *sources])).hexdigest()[:16]


def _pictures(
    paths: list[np.ndarray], folder: Path, seed: int, count: int, say: Callable[[str], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pictures and their ink, made now or before."""
    chunks = [range(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    make = partial(_make, paths=paths, folder=folder, seed=seed)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for chunk, _ in zip(chunks, pool.map(make, chunks), strict=True):
            say(f"{chunk.stop:,}/{count:,} pictures")
    stored = [np.load(_stored(folder, chunk)) for chunk in chunks]
    shown, inks = (np.concatenate([each[name] for each in stored]) for name in ("pictures", "inks"))
    return shown, inks


def _stored(folder: Path, chunk: range) -> Path:
    return folder / f"{chunk.start:06}.npz"


def _make(chunk: range, paths: list[np.ndarray], folder: Path, seed: int) -> None:
    if _stored(folder, chunk).exists():
        return
    made = [practice.picture(paths, np.random.default_rng([seed, number])) for number in chunk]
    shown, inks = zip(*made, strict=True)
    with atomic_write(_stored(folder, chunk)) as fresh, fresh.open("wb") as file:
        np.savez(file, pictures=np.stack(shown), inks=np.uint8(np.round(255 * np.stack(inks))))
