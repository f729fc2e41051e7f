"""Fifty hands of writing the digits, and seeded variations of them to draw with the mouse.

`hands.json` beside this module holds the paths: digit, name of the hand, strokes in writing order,
each a list of `[x, y]` points. The digit is 1 high, as wide as it was written; x runs right and y
down. The paths were drawn before any model had read them and are not edited after.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

FILE = Path(__file__).with_name("hands.json")
CANVAS_SIDE = 280  # the canvas, in pixels
VARIATIONS = 20  # of each hand: 50 hands make 1,000 drawings


def hands() -> dict[tuple[int, str], list[np.ndarray]]:
    """(digit, name) -> strokes, in the file's order: arrays (points, 2), the digit's height being 1."""
    digits = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        (int(digit), name): [np.array(stroke, dtype=float) for stroke in strokes]
        for digit, named in digits.items()
        for name, strokes in named.items()
    }


def drawings(variations: int = VARIATIONS) -> Iterator[tuple[int, str, int, list[np.ndarray], float]]:
    """Every drawing of the test: digit, name of the hand, variation, strokes and pen width in pixels.

    The seed is (digit, number of the hand within the digit from 0, variation from 0).
    """
    written = hands()
    for digit, name in written:
        number = [other for d, other in written if d == digit].index(name)
        for variation in range(variations):
            yield digit, name, variation, *vary(written[digit, name], (digit, number, variation))


def vary(strokes: list[np.ndarray], seed: tuple[int, int, int]) -> tuple[list[np.ndarray], float]:
    """One variation of a hand on a canvas of `CANVAS_SIDE` by `CANVAS_SIDE` pixels.

    Args:
        strokes: arrays (points, 2) in units of the digit's height, as `hands` returns them.
        seed: (digit, number of the hand, variation); the same seed gives the same drawing.

    Returns:
        The strokes as float arrays (points, 2) in canvas pixels, and the pen's width in pixels. All the
        ink, half a pen's width around the path, stays on the canvas.

    Drawn evenly from: slant ±12° and turn ±5°; width ±15 %; longer side of the path 45 to 85 % of the
    canvas; pen 10 to 22 pixels; place anywhere it fits. On top, in units of the digit's height: each
    stroke set off by about 1 %, a slow wobble along it of about 1 %, and a tremor of 0.2 % a point.
    """
    rng = np.random.default_rng(list(seed))
    slant, turn = np.radians(rng.uniform([-12, -5], [12, 5]))
    stretch = np.diag([rng.uniform(0.85, 1.15), 1.0])
    shear = np.array([[1.0, -np.tan(slant)], [0.0, 1.0]])  # y runs down: a positive slant leans right
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    longer = rng.uniform(0.45, 0.85) * CANVAS_SIDE
    pen = rng.uniform(10.0, 22.0)

    moved = [_jitter(stroke, rng) @ (rotation @ shear @ stretch).T for stroke in strokes]
    points = np.concatenate(moved)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = longer / extent.max()
    margin = pen / 2 + 1
    corner = rng.uniform(margin, CANVAS_SIDE - margin - extent * scale)
    return [(stroke - low) * scale + corner for stroke in moved], pen


def _jitter(stroke: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The stroke set off, bent by three slow waves along its length, and with a tremor (height = 1)."""
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])[:, None, None]  # length of path up to each point
    waves = rng.uniform(0.3, 1.5, size=(1, 2, 3))  # per unit of path
    phases = rng.uniform(0.0, 1.0, size=(1, 2, 3))
    wobble = np.sin(2 * np.pi * (waves * along + phases)).sum(axis=2)
    return stroke + rng.normal(0, 0.01, 2) + 0.008 * wobble + rng.normal(0, 0.002, stroke.shape)


def draw(strokes: list[np.ndarray], width: float, side: int = CANVAS_SIDE) -> np.ndarray:
    """The drawing as uint8 (side, side), white on black, round caps and joins, edges smoothed.

    Strokes and width are in pixels of a canvas of `side` by `side`.
    """
    fine = 4  # each pixel is the mean of 4 by 4
    image = Image.new("L", (side * fine, side * fine))
    brush = ImageDraw.Draw(image)
    radius = width * fine / 2
    for stroke in strokes:
        points = [(x * fine, y * fine) for x, y in np.asarray(stroke)]
        if len(points) > 1:
            brush.line(points, fill=255, width=round(width * fine))
        for x, y in points:
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(image.reduce(fine))
