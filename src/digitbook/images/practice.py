"""Pictures of ink on papers, made by a program, with the ink of each known, to teach `ink` with.

Everything about a picture is drawn at random and apart from everything else: what is written and with
which pen, the paper and what is printed on it, what else lies about, the light, and what the camera
makes of it. `papers`, which it is examined with, has papers, pens and lights of its own.

Pictures are made at twice their size and shrunk, as a photo is.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.interpolate import make_interp_spline

FINE = 2
"""Rows and columns that are drawn for one of the finished picture."""

Rng = np.random.Generator


def picture(paths: list[np.ndarray], rng: Rng, side: int = 192) -> tuple[np.ndarray, np.ndarray]:
    """Make a picture, and the ink that is to be found in it.

    Args:
        paths: what may be written, for instance the skeletons of digits: arrays of points `(N, 2)`,
            x to the right and y down, each within the unit square, close enough to make a line.
        rng: decides everything.
        side: rows and columns of the picture.

    Returns:
        The picture, uint8 `(side, side, 3)`, and how much of each pixel is ink that is meant, float32
        `(side, side)` from 0 to 1. What is cut off by the picture's edge, specks, frames and lines are
        not meant. One picture in twelve has no ink.
    """
    fine = side * FINE
    paper, ink_colour = _colours(rng)
    scene = np.broadcast_to(paper, (fine, fine, 3)).copy()
    scene += _texture(rng, fine)
    page = _Page(rng, fine)
    meant, shown, boxes = _written(paths, rng, page)
    for printed in _printed(rng, page, boxes):
        _lay(scene, printed, _line_colour(rng, paper, ink_colour))
    _lay(scene, shown, ink_colour)
    for litter in _litter(paths, rng, page):
        colour = ink_colour if rng.random() < 0.6 else rng.uniform(0, 1, 3)
        _lay(scene, litter * (1 - meant), colour)
    if rng.random() < 0.25:
        meant = _surround(scene, rng, page, meant)
    scene *= _light(rng, fine)
    return _photographed(scene, rng), _shrunk(meant).astype("float32")


def scribbles(count: int, seed: int) -> list[np.ndarray]:
    """Return random curved lines, of one to three strokes each, as `picture` takes them."""
    rng = np.random.default_rng(seed)
    return [_scribble(rng) for _ in range(count)]


def _scribble(rng: Rng) -> np.ndarray:
    strokes = []
    for _ in range(rng.integers(1, 4)):
        knots = rng.uniform(0, 1, (rng.integers(2, 7), 2))
        curve = make_interp_spline(range(len(knots)), knots, k=min(3, len(knots) - 1))
        strokes.append(curve(np.linspace(0, len(knots) - 1, 300)))
    path = np.concatenate(strokes).astype("float32")
    path -= path.min(axis=0)
    return path / path.max()


class _Page:
    """The places of `fine` by `fine` pixels, on a sheet that is turned and bent a little."""

    def __init__(self, rng: Rng, fine: int):
        self.fine = fine
        y, x = np.mgrid[:fine, :fine].astype("float32")
        self.x, self.y = x, y
        turn = np.radians(rng.normal(0, 3))
        bend = rng.normal(0, 0.03) / fine
        widening = rng.normal(0, 0.06) / fine  # towards one end, as when seen from below
        middle = fine / 2
        across = (x - middle) * np.cos(turn) + (y - middle) * np.sin(turn)
        down = (y - middle) * np.cos(turn) - (x - middle) * np.sin(turn)
        self.across = across * (1 + widening * down)
        self.down = down * (1 + widening * down) + bend * across**2


def _colours(rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Return the colours of the paper and of the ink, from 0 to 1, that can be told from each other."""
    kind = rng.random()
    while True:
        if kind < 0.68:  # ink on light paper, white or yellowed
            tint = rng.uniform(0.97, 1, 3) if kind < 0.4 else rng.uniform([1, 0.9, 0.7], 1)
            paper = rng.uniform(0.65, 1) * tint
            ink = rng.uniform(0, 0.5) + rng.uniform(0, 0.12, 3)
            if rng.random() < 0.5:  # a coloured pen
                ink[rng.integers(3)] += rng.uniform(0.1, 0.6)
        elif kind < 0.88:  # chalk, or a screen in the dark
            paper = rng.uniform(0, 0.3) + rng.uniform(0, 0.1, 3)
            ink = rng.uniform(0.35, 1) * (1 - rng.uniform(0, 0.5, 3) * (rng.random() < 0.5))
        else:
            paper, ink = rng.uniform(0, 1, (2, 3))
        ink = ink.clip(0, 1)
        if np.abs(paper - ink).max() > 0.16:
            return paper.astype("float32"), ink.astype("float32")


def _line_colour(rng: Rng, paper: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Return the colour of what is printed: near the paper's, of the ink's, or any."""
    strength = rng.uniform(0.08, 1)
    printed = ink if rng.random() < 0.3 else rng.uniform(0, 0.7, 3)
    if paper.mean() < 0.4:
        printed = printed + 0.5
    return paper + strength * (printed.clip(0, 1) - paper)


def _lay(scene: np.ndarray, cover: np.ndarray, colour: np.ndarray) -> None:
    """Cover the scene with a colour, in place."""
    scene += cover[..., None] * (colour - scene)


def _smooth_noise(rng: Rng, fine: int, cells: int) -> np.ndarray:
    """Return noise of about standard deviation 1 with `cells` bumps along each side."""
    coarse = Image.fromarray(rng.standard_normal((cells + 2, cells + 2)).astype("float32"))
    return np.asarray(coarse.resize((fine, fine), Image.Resampling.BICUBIC))


def _texture(rng: Rng, fine: int) -> np.ndarray:
    """Return what a paper's fibres, its stains and its age add to it, `(fine, fine, 1 or 3)`."""
    grain = np.zeros((fine, fine, 1), "float32")
    for cells in (rng.integers(2, 8), rng.integers(8, 40), rng.integers(40, fine // 2)):
        if rng.random() < 0.5:
            strength = min(rng.exponential(0.015), 0.06)
            grain[..., 0] += strength * _smooth_noise(rng, fine, int(cells))
    for _ in range(rng.integers(1, 4) if rng.random() < 0.12 else 0):
        place, radius = rng.uniform(0, fine, 2), fine * rng.uniform(0.04, 0.2)
        y, x = np.mgrid[:fine, :fine].astype("float32")
        away = np.hypot((x - place[0]) * rng.uniform(0.6, 1), y - place[1])
        grain[..., 0] -= rng.uniform(0.03, 0.15) * np.clip((radius - away) / rng.uniform(1, 12), 0, 1)
    if rng.random() < 0.15:
        stain = np.maximum(_smooth_noise(rng, fine, 4) - 0.5, 0) * rng.uniform(0.05, 0.2)
        return grain - stain[..., None] * rng.uniform(0.2, 1, 3)
    return grain


# What is written


def _written(
    paths: list[np.ndarray], rng: Rng, page: _Page
) -> tuple[np.ndarray, np.ndarray, list[tuple[float, float, float, float]]]:
    """Write a digit, or a few beside each other.

    Returns:
        The ink that is meant, the ink as it shows, and the box of each: left, top, width, height.
    """
    fine = page.fine
    meant = np.zeros((fine, fine), "float32")
    shown = np.zeros((fine, fine), "float32")
    boxes: list[tuple[float, float, float, float]] = []
    if rng.random() < 1 / 12:
        return meant, shown, boxes
    count = 1 if rng.random() < 0.7 else int(rng.integers(2, 6))
    height = fine * (rng.uniform(0.45, 0.97) if rng.random() < 0.5 else rng.uniform(0.1, 0.5))
    step = rng.uniform(0.6, 1.1)
    height = min(height, 0.97 * fine / (step * (count - 1) + 1))
    step *= height
    width = height * rng.choice(
        [rng.uniform(0.02, 0.06), rng.uniform(0.04, 0.14), rng.uniform(0.12, 0.26)], p=[0.4, 0.35, 0.25]
    )
    pen = _Pen(rng, max(width, 0.8))
    left = rng.uniform(0, max(fine - step * (count - 1) - height, 1))
    top = rng.uniform(0, fine - height)
    for number in range(count):
        path = _moved(paths[rng.integers(len(paths))], rng)
        size = height * rng.uniform(0.85, 1)
        corner = np.array([left + number * step, top + rng.normal(0, 0.04) * height])
        placed = path * (size - pen.width) + corner + pen.width / 2
        box = (*placed.min(axis=0), *np.ptp(placed, axis=0))
        boxes.append(box)
        pen.write(placed, meant, shown)
    return meant, shown, boxes


def _moved(path: np.ndarray, rng: Rng) -> np.ndarray:
    """Turn, slant and stretch a path a little, and lay it into the unit square again."""
    turn, slant = np.radians(rng.normal(0, 6)), rng.normal(0, 0.12)
    bent = path + 0.02 * np.sin(rng.uniform(3, 9) * path[:, ::-1] + rng.uniform(0, 6, 2))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    found = bent @ (matrix @ np.array([[rng.uniform(0.8, 1.2), slant], [0, 1]])).T
    found -= found.min(axis=0)
    return found / found.max()


class _Pen:
    """A pen of one width in pixels: ballpoint, pencil, chalk, marker, or one that draws outlines."""

    def __init__(self, rng: Rng, width: float):
        self.rng, self.width = rng, width
        self.kind = rng.choice(["even", "pressed", "grainy", "outline"], p=[0.5, 0.2, 0.24, 0.06])
        self.opacity = rng.uniform(0.75, 1)
        if self.kind == "outline":
            self.width = max(self.width, 14.0)

    def write(self, path: np.ndarray, meant: np.ndarray, shown: np.ndarray) -> None:
        """Add what the pen leaves along a path to two pictures."""
        reach = int(self.width / 2 + 4)
        low = np.maximum(path.min(axis=0).astype(int) - reach, 0)
        high = np.minimum(path.max(axis=0).astype(int) + reach + 1, meant.shape[0])
        if (high <= low).any():
            return
        box = np.s_[low[1] : high[1], low[0] : high[0]]
        away = _distances(path - low, tuple(high[::-1] - low[::-1]))
        # A line of less than a pixel of the finished picture still counts as one.
        body = np.clip(max(self.width, 1.2 * FINE) / 2 - away + 0.5, 0, 1)
        meant[box] = np.maximum(meant[box], body)
        shown[box] = np.maximum(shown[box], self._trace(away))

    def _trace(self, away: np.ndarray) -> np.ndarray:
        rng, radius = self.rng, self.width / 2
        if self.kind == "outline":
            line = rng.uniform(0.6, 2.5)
            return np.clip(line - np.abs(away - radius + line) + 0.5, 0, 1)
        if self.kind == "pressed":  # thicker here, thinner there
            noise = ndimage.zoom(rng.standard_normal((4, 4)), np.array(away.shape) / 4, order=1)
            radius = radius * np.clip(1 + 0.3 * noise[: away.shape[0], : away.shape[1]], 0.4, 1.5)
        cover = np.clip(radius - away + 0.5, 0, 1)
        if self.width < 1:
            cover *= self.width
        if self.kind == "grainy":
            grain = rng.standard_normal(away.shape)
            grain = ndimage.gaussian_filter(grain, rng.uniform(0.6, 1.5))
            cover *= np.clip(rng.uniform(0.55, 1) + rng.uniform(0.2, 0.6) * grain / grain.std(), 0.1, 1)
        return (cover * self.opacity).astype("float32")


def _distances(path: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return how far each pixel is from the nearest point of a path, in pixels, float32 `shape`."""
    free = np.ones((shape[0] + 64, shape[1] + 64), bool)  # points just outside count as well
    rows, columns = np.round(path[:, 1]).astype(int) + 32, np.round(path[:, 0]).astype(int) + 32
    kept = (rows >= 0) & (columns >= 0) & (rows < free.shape[0]) & (columns < free.shape[1])
    free[rows[kept], columns[kept]] = False
    away = ndimage.distance_transform_edt(free)[32:-32, 32:-32].astype("float32")
    return ndimage.uniform_filter(away, 3)  # smooths the steps of whole pixels


# What is printed on the paper, and what lies on it


def _printed(rng: Rng, page: _Page, boxes: list) -> list[np.ndarray]:
    """Return the lines, grids, dots, margins and frames that are printed on the paper."""
    layers = []
    kind = rng.random()
    spacing = page.fine * np.exp(rng.uniform(np.log(0.035), np.log(0.4)))
    width = min(rng.uniform(0.6, 4), spacing / 5)
    rows = _stripes(page.down, spacing, width, rng)
    if kind < 0.25:
        layers.append(rows)
    elif kind < 0.42:
        columns = _stripes(page.across, spacing * rng.choice([1, 1, 1, 2]), width, rng)
        layers.append(np.maximum(rows, columns))
    elif kind < 0.5:
        wide = max(width, 2.0)
        dots = _stripes(page.across, spacing, wide, rng) * _stripes(page.down, spacing, wide, rng)
        layers.append(dots)
    if rng.random() < 0.15:
        layers.append(_line(page.across - rng.uniform(-0.5, 0.5) * page.fine, rng.uniform(0.6, 3)))
    if boxes and rng.random() < 0.25:
        layers.append(_frames(rng, page, boxes))
    return layers


def _line(away: np.ndarray, width: float) -> np.ndarray:
    return np.clip(width / 2 - np.abs(away) + 0.5, 0, 1) * min(width, 1)


def _stripes(place: np.ndarray, spacing: float, width: float, rng: Rng) -> np.ndarray:
    """Return lines at every `spacing` pixels."""
    offset = rng.uniform(0, spacing)
    return _line((place + offset) % spacing - spacing / 2, width)


def _frames(rng: Rng, page: _Page, boxes: list) -> np.ndarray:
    """Return a printed box around each digit, a comb open at the top, or one frame around all."""
    cover = np.zeros_like(page.x)
    width = rng.uniform(0.8, 5)
    style = rng.choice(["box", "comb", "frame", "rounded"])
    if style in ("box", "comb") and len(boxes) == 1 and rng.random() < 0.6:
        # Beside it are cells that nobody wrote into.
        left, top, wide, high = boxes[0]
        pitch = wide + rng.uniform(0.1, 0.8) * high
        empty = [(left + pitch * k, top, wide, high) for k in (-3, -2, -1, 1, 2, 3)]
        boxes = [boxes[0], *empty[rng.integers(3) : rng.integers(3, 7)]]
    if style == "frame":
        low = np.min([box[:2] for box in boxes], axis=0)
        high = np.max([np.add(box[:2], box[2:]) for box in boxes], axis=0)
        boxes = [(*low, *(high - low))]
    tallest = max(max(box[2:]) for box in boxes)
    gap = rng.uniform(0.02, 0.5) * tallest
    skew = rng.normal(0, 0.02)
    for left, top, wide, high in boxes:
        x = page.x - (left + wide / 2) + skew * (page.y - top)
        y = page.y - (top + high / 2) - skew * (page.x - left)
        half = (wide / 2 + gap, high / 2 + gap)
        if style == "rounded":
            corner = min(half) * rng.uniform(0.2, 1)
            outside = np.hypot(
                np.maximum(np.abs(x) - half[0] + corner, 0), np.maximum(np.abs(y) - half[1] + corner, 0)
            )
            cover = np.maximum(cover, _line(outside - corner, width))
            continue
        within_x, within_y = np.abs(x) <= half[0] + width / 2, np.abs(y) <= half[1] + width / 2
        sides = _line(np.abs(x) - half[0], width) * within_y
        ends = _line(np.abs(y) - half[1], width) * within_x
        if style == "comb":
            sides, ends = sides * (y > rng.uniform(-0.5, 0.8) * half[1]), ends * (y > 0)
        cover = np.maximum(cover, np.maximum(sides, ends))
    return cover


def _litter(paths: list[np.ndarray], rng: Rng, page: _Page) -> list[np.ndarray]:
    """Return what is dark and not meant: specks, punch holes, bars, strokes that the edge cuts off."""
    fine, layers = page.fine, []
    if rng.random() < 0.3:
        specks = np.zeros_like(page.x)
        for _ in range(rng.integers(1, 8)):
            x, y = rng.uniform(0, fine, 2)
            radius = fine * rng.uniform(0.003, 0.018)
            shape = np.hypot if rng.random() < 0.6 else lambda a, b: np.maximum(np.abs(a), np.abs(b))
            specks = np.maximum(specks, np.clip(radius - shape(page.x - x, page.y - y) + 0.5, 0, 1))
        layers.append(specks)
    if rng.random() < 0.08:
        hole, radius = np.zeros_like(page.x), fine * rng.uniform(0.02, 0.06)
        x = rng.choice([0.06, 0.94]) * fine
        for y in rng.uniform(0.05, 0.95, rng.integers(1, 3)) * fine:
            hole = np.maximum(hole, np.clip(radius - np.hypot(page.x - x, page.y - y) + 0.5, 0, 1))
        layers.append(hole)
    if rng.random() < 0.1:
        layers.append(_symbols(rng, page))
    for _ in range(rng.choice([0, 1, 2], p=[0.7, 0.2, 0.1])):
        layers.append(_neighbour(paths, rng, page))
    return layers


def _symbols(rng: Rng, page: _Page) -> np.ndarray:
    """Return a row of discs or bars of equal size along an edge, as programs have them."""
    fine, count = page.fine, rng.integers(2, 7)
    size = fine * rng.uniform(0.008, 0.03)
    along, depth = page.x, page.y
    if rng.random() < 0.3:
        along, depth = depth, along
    if rng.random() < 0.7:
        depth = fine - depth
    wide = size * rng.uniform(1, 3)
    step = max(3 * wide, rng.uniform(0.08, 0.2) * fine)
    place = (along - rng.uniform(0.05, 0.3) * fine) / step
    nearest = np.clip(np.round(place), 0, count - 1)
    x, y = (place - nearest) * step * size / wide, depth - rng.uniform(1.5, 3.5) * size
    away = np.hypot(x, y) if rng.random() < 0.5 else np.maximum(np.abs(x), np.abs(y))
    return np.clip(size - away + 0.5, 0, 1)


def _neighbour(paths: list[np.ndarray], rng: Rng, page: _Page) -> np.ndarray:
    """Return a stroke of something that is written beyond the edge and reaches in by a little."""
    fine = page.fine
    size = fine * rng.uniform(0.2, 0.9)
    inside = rng.uniform(0.02, 0.25) * size
    along = rng.uniform(-0.3, 1) * fine
    corner = [(along, inside - size), (along, fine - inside), (inside - size, along)]
    corner.append((fine - inside, along))
    path = _moved(paths[rng.integers(len(paths))], rng) * size + corner[rng.integers(4)]
    cover = np.zeros_like(page.x)
    _Pen(rng, size * rng.uniform(0.03, 0.2)).write(path, np.zeros_like(cover), cover)
    return cover


def _surround(scene: np.ndarray, rng: Rng, page: _Page, meant: np.ndarray) -> np.ndarray:
    """Put a table beside the sheet, or a program's bars around it, where nothing is written."""
    fine = page.fine
    inked = np.argwhere(meant > 0.1)
    low, high = np.full(2, fine), np.zeros(2)
    if len(inked):
        low, high = inked.min(axis=0), inked.max(axis=0)
    side = rng.integers(4)
    place = page.down if side < 2 else page.across
    limit = low[side // 2] if side % 2 == 0 else fine - high[side // 2]
    if limit < 0.05 * fine:
        return meant
    depth = rng.uniform(0.02, 1) * min(limit - 0.02 * fine, 0.35 * fine)
    away = place + fine / 2 if side % 2 == 0 else fine / 2 - place
    cover = np.clip(depth - away + 0.5, 0, 1)
    if rng.random() < 0.5:  # a bar with buttons, straight
        along, across = (page.x, page.y) if side < 2 else (page.y, page.x)
        inwards = across if side % 2 == 0 else fine - across
        cover = np.clip(depth - inwards + 0.5, 0, 1)
        _lay(scene, cover, rng.uniform(0, 1, 3))
        buttons = _stripes(along, rng.uniform(0.08, 0.5) * fine, depth / 2, rng)
        inset = np.abs(inwards - depth / 2) < depth / 4
        _lay(scene, buttons * inset * cover * (rng.random() < 0.7), rng.uniform(0, 1, 3))
    else:
        _lay(scene, cover, rng.uniform(0, 0.9, 3) + 0.1 * _texture(rng, fine))
    return meant * (1 - cover)


# Light and camera


def _light(rng: Rng, fine: int) -> np.ndarray:
    """Return by what share of the light each place is lit, `(fine, fine, 1)`."""
    y, x = np.mgrid[:fine, :fine].astype("float32") / fine - 0.5
    light = np.ones((fine, fine), "float32")
    if rng.random() < 0.6:
        angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.9)
        slope = np.clip(0.5 + x * np.cos(angle) + y * np.sin(angle), 0, 1)
        light *= 1 - fall * slope ** rng.uniform(0.7, 2)
    if rng.random() < 0.25:
        light *= 1 - rng.uniform(0, 0.8) * (x**2 + y**2)
    for _ in range(rng.choice([0, 1, 2], p=[0.6, 0.33, 0.07])):
        angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(-0.4, 0.4)
        bend = rng.normal(0, 0.5) if rng.random() < 0.4 else 0
        edge = x * np.cos(angle) + y * np.sin(angle) - place + bend * x**2
        softness = rng.choice([0.0005, 0.002, 0.01, 0.05, 0.15])
        light *= 1 - rng.uniform(0.2, 0.7) / (1 + np.exp(-np.clip(edge / softness, -30, 30)))
    return light[..., None] * rng.uniform(0.7, 1)


def _shrunk(image: np.ndarray) -> np.ndarray:
    rows, columns = image.shape[:2]
    return image.reshape(rows // FINE, FINE, columns // FINE, FINE, -1).mean(axis=(1, 3)).squeeze()


def _photographed(scene: np.ndarray, rng: Rng) -> np.ndarray:
    """Return what a camera and its JPEG make of a scene: blur, noise, a tint, blocks."""
    seen = _shrunk(scene)
    if rng.random() < 0.5:
        seen = ndimage.gaussian_filter(seen, (*[rng.uniform(0.3, 1.3)] * 2, 0))
    seen = seen * rng.uniform(0.85, 1.1, 3)
    if rng.random() < 0.7:
        seen = seen + rng.normal(0, min(rng.exponential(0.02), 0.07), seen.shape)
    pixels = (255 * np.clip(seen, 0, 1)).astype("uint8")
    if rng.random() < 0.6:
        stored = io.BytesIO()
        Image.fromarray(pixels).save(stored, "JPEG", quality=int(rng.integers(15, 96)))
        pixels = np.asarray(Image.open(stored))
    return pixels
