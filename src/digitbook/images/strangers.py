"""Images of what is no digit, made by a program: several digits, parts of one, dots, dashes, scribbles.

Each function returns images uint8 `(count, 28, 28)`, prepared as digits are (`prepare_drawing`), and
draws at random by the generator that it is given.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import make_interp_spline

from digitbook.images.handwriting import CANVAS_SIDE, draw
from digitbook.images.prepare import SIDE, prepare_drawing

TURNED = (2, 3, 4, 5, 6, 7, 9)
"""Digits that are none when they lie on their side: 0 and 8 still look like digits, 1 like a dash."""
MIRRORED = (3, 4, 6, 7, 9)
"""Digits that are none in a mirror, where 2 and 5 become each other."""

Rng = np.random.Generator
Strokes = list[np.ndarray]


def several(digits: np.ndarray, count: int, rng: Rng) -> np.ndarray:
    """Return two or three digits beside each other, from apart to overlapping.

    Args:
        digits: uint8 `(N, 28, 28)`.
        count: how many images.
        rng: decides everything.
    """
    return np.stack([_side_by_side(digits, rng) for _ in range(count)])


def _side_by_side(digits: np.ndarray, rng: Rng) -> np.ndarray:
    number = 2 if rng.random() < 0.75 else 3
    wide = np.zeros((SIDE + 12, number * (SIDE + 12)), "uint8")
    right = 0
    for place in rng.integers(len(digits), size=number):
        columns = np.flatnonzero(digits[place].max(axis=0) > 60)
        digit = digits[place][:, columns[0] : columns[-1] + 1]
        left = max(right + int(rng.integers(-3, 9)), 0)
        top = int(rng.integers(0, 13)) if rng.random() < 0.3 else 6 + int(rng.integers(-2, 3))
        box = np.s_[top : top + SIDE, left : left + digit.shape[1]]
        wide[box] = np.maximum(wide[box], digit)
        right = left + digit.shape[1]
    return prepare_drawing(wide)


def parts(digits: np.ndarray, count: int, rng: Rng) -> np.ndarray:
    """Return what a straight cut leaves of digits: from a third to two thirds of the ink.

    Slim ones, which may well be taken for a 1, are left out.

    Args:
        digits: uint8 `(N, 28, 28)`, without those whose parts are digits again, as half a 1 is.
        count: how many images.
        rng: decides everything.
    """
    found: list[np.ndarray] = []
    while len(found) < count:
        part = _cut(digits[rng.integers(len(digits))], rng)
        if np.ptp(np.flatnonzero(part.max(axis=0))) >= 10:
            found.append(part)
    return np.stack(found)


def _cut(digit: np.ndarray, rng: Rng) -> np.ndarray:
    angle = rng.choice([0, 90, 180, 270]) + rng.normal(0, 15)
    y, x = np.mgrid[:SIDE, :SIDE]
    along = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    order = np.argsort(along.ravel())
    ink = np.cumsum(digit.ravel()[order].astype(int))
    limit = along.ravel()[order][np.searchsorted(ink, rng.uniform(1 / 3, 2 / 3) * ink[-1])]
    return prepare_drawing(np.where(along <= limit, digit, 0))


def turned(digits: np.ndarray, classes: np.ndarray, count: int, rng: Rng) -> np.ndarray:
    """Return digits turned by a right angle, or mirrored, where that makes no digit of them.

    Args:
        digits: uint8 `(N, 28, 28)`.
        classes: their classes, `(N,)`.
        count: how many images.
        rng: decides everything.
    """
    onto_side, mirrored = (np.flatnonzero(np.isin(classes, each)) for each in (TURNED, MIRRORED))
    half = count // 2
    images = [np.rot90(digits[n], int(rng.choice([1, 3]))) for n in rng.choice(onto_side, count - half)]
    images += [digits[n][:, ::-1] for n in rng.choice(mirrored, half)]
    return np.stack(list(map(prepare_drawing, images)))


def drawn(shapes: dict[str, Callable[[Rng], Strokes]], count: int, rng: Rng) -> np.ndarray:
    """Return drawings of shapes, as many of each, in any size and with pens from thin to thick.

    Args:
        shapes: functions that return strokes, arrays `(points, 2)` of about unit size.
        count: how many images.
        rng: decides everything.
    """
    makers = list(shapes.values())
    return np.stack([written(makers[n % len(makers)](rng), rng) for n in range(count)])


def written(strokes: Strokes, rng: Rng) -> np.ndarray:
    """Return strokes as a pen of some width leaves them, uint8 `(28, 28)`.

    Args:
        strokes: arrays `(points, 2)`, x to the right and y down, in any unit.
        rng: decides the pen's width, from 3 % to 16 % of the longer side.
    """
    return prepare_drawing(_inked(strokes, rng.uniform(0.03, 0.16)))


def outlined(strokes: Strokes, rng: Rng) -> np.ndarray:
    """Return the outline of strokes as a broad pen leaves them, uint8 `(28, 28)`.

    Args:
        strokes: arrays `(points, 2)`, x to the right and y down, in any unit.
        rng: decides the pen's width, from 11 % to 20 % of the longer side, and the line's.
    """
    pen = rng.uniform(0.11, 0.2)
    whole, heart = _inked(strokes, pen), _inked(strokes, pen, pen * rng.uniform(0.55, 0.85))
    return prepare_drawing(whole - np.minimum(heart, whole))


def _inked(strokes: Strokes, room: float, pen: float | None = None) -> np.ndarray:
    """Draw with a pen, by default as wide as there is room for; shares of the longer side."""
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), max(np.ptp(points, axis=0).max(), 1e-6)
    side = CANVAS_SIDE // 2
    margin = room * side / 2 + 1
    placed = [(stroke - low) / extent * (side - 2 * margin) + margin for stroke in strokes]
    return draw(placed, (pen or room) * side, side)


# Shapes


def _wobbling(path: np.ndarray, rng: Rng, strength: float = 0.015) -> np.ndarray:
    turn = np.radians(rng.normal(0, 6))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    along = np.linspace(0, 1, len(path))[:, None]
    waves = np.sin(2 * np.pi * (rng.uniform(0.5, 3, 2) * along + rng.uniform(0, 1, 2)))
    return path @ matrix.T + strength * waves


def _line(*corners: tuple[float, float]) -> np.ndarray:
    points = np.array(corners, float)
    steps = np.linspace(0, len(points) - 1, 24 * (len(points) - 1) + 1)
    return np.stack([np.interp(steps, range(len(points)), points[:, axis]) for axis in (0, 1)], axis=1)


def _ellipse(
    x: float, y: float, wide: float, high: float, part: tuple[float, float] = (0, 1)
) -> np.ndarray:
    angle = 2 * np.pi * np.linspace(*part, 60)
    return np.stack([x + wide * np.cos(angle), y + high * np.sin(angle)], axis=1)


def _dot(rng: Rng) -> Strokes:
    return [_ellipse(0, 0, size * rng.uniform(0.7, 1.4), size) for size in np.arange(0.02, 1, 0.08)]


def _dots(rng: Rng) -> Strokes:
    count = int(rng.integers(2, 5))
    if rng.random() < 0.6:  # in a row, as an ellipsis, a colon or the dots of a die
        turn = rng.choice([0, np.pi / 2, np.pi / 4])
        places = np.arange(count)[:, None] * np.array([np.cos(turn), np.sin(turn)])
    else:
        places = rng.uniform(0, count, (count, 2))
    size = rng.uniform(0.05, 0.25)
    return [_ellipse(x, y, r * size, r * size) for x, y in places for r in (0.2, 0.6, 1)]


def _dash(rng: Rng) -> Strokes:
    tilt = rng.normal(0, 0.18)
    lines = [_wobbling(_line((0, 0), (1, tilt)), rng)]
    if rng.random() < 0.2:  # two of them: an equals sign
        lines.append(lines[0] + [0, rng.uniform(0.2, 0.5)])
    return lines


def _scribble(rng: Rng) -> Strokes:
    knots = rng.uniform(0, 1, (rng.integers(8, 20), 2))
    curve = make_interp_spline(range(len(knots)), knots, k=int(rng.choice([1, 3])))
    return [curve(np.linspace(0, len(knots) - 1, 40 * len(knots)))]


def _hatching(rng: Rng) -> Strokes:
    steps = int(rng.integers(4, 10))
    zigzag = [(n / steps, float(n % 2)) for n in range(steps + 1)]
    turned = _line(*zigzag)
    return [_wobbling(turned[:, ::-1] if rng.random() < 0.5 else turned, rng, 0.04)]


def _wave(rng: Rng) -> Strokes:
    x = np.linspace(0, 1, 80)
    y = 0.2 * np.sin(2 * np.pi * rng.uniform(1.5, 4) * x + rng.uniform(0, 6))
    return [np.stack([x, y], axis=1)]


def _face(rng: Rng) -> Strokes:
    eye = rng.uniform(0.05, 0.15)
    smile = (0.1, 0.4) if rng.random() < 0.7 else (0.6, 0.9)
    mouth = rng.uniform(0.25, 0.45), rng.uniform(0.15, 0.35)
    face = [_ellipse(x, -0.3, eye, eye * rng.uniform(0.8, 1.8)) for x in (-0.35, 0.35)]
    face.append(_ellipse(0, 0.25 if smile[0] < 0.5 else 0.55, *mouth, part=smile))
    if rng.random() < 0.8:
        face.append(_ellipse(0, 0, 1, rng.uniform(0.85, 1.15)))
    if rng.random() < 0.3:
        face.append(_line((0, -0.1), (rng.normal(0, 0.08), 0.15)))
    return [_wobbling(stroke, rng) for stroke in face]


def _cross(rng: Rng) -> Strokes:
    if rng.random() < 0.5:
        lines = [_line((0, 0), (1, 1)), _line((1, 0), (0, 1))]
    else:
        lines = [_line((0.5, 0), (0.5, 1)), _line((0, 0.5), (1, 0.5))]
    if rng.random() < 0.3:
        lines.append(_line((0, 0.5), (1, 0.5)))
    return [_wobbling(line, rng) for line in lines]


def _polygon(rng: Rng) -> Strokes:
    corners = int(rng.integers(3, 6))
    turn = rng.uniform(0, 2 * np.pi)
    angles = 2 * np.pi * np.arange(corners + 1) / corners + turn
    return [_wobbling(_line(*zip(np.cos(angles), np.sin(angles), strict=True)), rng)]


def _check(rng: Rng) -> Strokes:
    return [_wobbling(_line((0, 0.6), (rng.uniform(0.2, 0.4), 1), (1, 0)), rng)]


SHAPES: dict[str, Callable[[Rng], Strokes]] = {
    "dot": _dot,
    "dots": _dots,
    "dash": _dash,
    "scribble": _scribble,
    "hatching": _hatching,
    "wave": _wave,
    "face": _face,
    "cross": _cross,
    "polygon": _polygon,
    "check mark": _check,
}
"""Shapes to learn from, and to be asked about."""


def _star(rng: Rng) -> Strokes:
    step, reach = 4 * np.arange(6), np.ones(6)
    if rng.random() < 0.5:  # its outline alone
        step = np.arange(11)
        reach = np.where(step % 2, rng.uniform(0.35, 0.55), 1)
    angles = np.pi * (step / 5 - 0.5)
    corners = zip(reach * np.cos(angles), reach * np.sin(angles), strict=True)
    return [_wobbling(_line(*corners), rng)]


def _heart(rng: Rng) -> Strokes:
    t = np.linspace(0, 2 * np.pi, 80)
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return [_wobbling(np.stack([16 * np.sin(t), y], axis=1) / 16, rng)]


def _arrow(rng: Rng) -> Strokes:
    head = rng.uniform(0.2, 0.35)
    return [
        _wobbling(line, rng)
        for line in (_line((0, 0), (1, 0)), _line((1 - head, -head), (1, 0), (1 - head, head)))
    ]


def _spiral(rng: Rng) -> Strokes:
    t = np.linspace(0.1, rng.uniform(2.2, 4), 160)
    return [_wobbling(np.stack([t * np.cos(2 * np.pi * t), t * np.sin(2 * np.pi * t)], axis=1), rng)]


def _house(rng: Rng) -> Strokes:
    roof = rng.uniform(0.3, 0.6)
    lines = [_line((0, 0), (0, 1), (1, 1), (1, 0), (0, 0)), _line((0, 0), (0.5, -roof), (1, 0))]
    return [_wobbling(line, rng) for line in lines]


def _hash(rng: Rng) -> Strokes:
    lean = rng.uniform(0, 0.25)
    lines = [_line((x + lean, 0), (x - lean, 1)) for x in (0.33, 0.67)]
    lines += [_line((0, y), (1, y)) for y in (0.33, 0.67)]
    return [_wobbling(line, rng) for line in lines]


UNSEEN: dict[str, Callable[[Rng], Strokes]] = {
    "star": _star,
    "heart": _heart,
    "arrow": _arrow,
    "spiral": _spiral,
    "house": _house,
    "hash": _hash,
}
"""Shapes that nothing learns from: what is refused of them tells of other shapes never seen."""
