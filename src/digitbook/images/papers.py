"""Photos and scans of single digits on the papers people write on, made by a program, to measure with.

Each of `PAPERS` is one kind of picture, in which paper, pen and light vary by the seed. What `ink` was
taught with, `practice`, shares no code with them: papers here are painted at a photo's full size with
Pillow's brushes, seen through a true perspective, and lit from four corners.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from digitbook.images import handwriting

WIDE, HIGH = 900, 1000
"""Columns and rows of a sheet in pixels."""
LINE, LONG = 0.9, 1.5
"""What is this much longer than high is a line of digits; it takes the first share of the sheet's width
at most."""

Rng = np.random.Generator
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Digit:
    """What is written: strokes with the pen, or the pixels of somebody's digit or digits, uint8."""

    strokes: list[np.ndarray] | None = None
    pixels: np.ndarray | None = None


@dataclass
class Sheet:
    """A sheet while it is made: what is printed and laid on it, and how it is lit and seen."""

    paper: Colour
    ink: Colour
    pen: float = 0.09
    """The pen's width as a share of the digit's height."""
    height: float = 0.4
    """The digit's height as a share of the sheet's."""
    print_under: Callable[[ImageDraw.ImageDraw, Rng, tuple[int, int, int, int]], None] | None = None
    lay_over: Callable[[ImageDraw.ImageDraw, Rng, tuple[int, int, int, int]], None] | None = None
    style: str = "solid"
    corners: tuple[float, float] = (0.9, 1.0)
    """The dimmest and the brightest light in a corner."""
    shadow: float = 0.0
    fibres: float = 0.0
    noise: float = 2.0
    blur: float = 0.8
    quality: int = 90
    tilt: float = 0.0
    """How far a corner may be off by perspective, as a share of the sheet."""
    tight: bool = False
    size: tuple[int, int] = (WIDE, HIGH)


def photograph(kind: str, digit: Digit, rng: Rng) -> Image.Image:
    """Return an RGB picture of a digit on a paper of one kind.

    Args:
        kind: a name in `PAPERS`.
        digit: what is written. `thin pen` and `outline` are drawn with a pen, and take strokes alone.
        rng: decides what varies within the kind.
    """
    sheet = PAPERS[kind](rng)
    wide, high = sheet.size
    cover, box = _written(digit, sheet, rng)
    picture = Image.new("RGB", sheet.size, sheet.paper)
    if sheet.fibres:
        picture = _with_fibres(picture, sheet.fibres, rng)
    if sheet.print_under:
        sheet.print_under(ImageDraw.Draw(picture), rng, box)
    picture.paste(Image.new("RGB", sheet.size, sheet.ink), mask=cover)
    if sheet.lay_over:
        sheet.lay_over(ImageDraw.Draw(picture), rng, box)
    if sheet.tilt:
        picture = _tilted(picture, sheet, rng)
    lit = np.asarray(picture, "float32") * _light(sheet, rng)[..., None]
    if sheet.noise:
        lit += sheet.noise * rng.standard_normal(lit.shape, "float32")
    picture = Image.fromarray(lit.clip(0, 255).astype("uint8"))
    if sheet.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(sheet.blur))
    if sheet.tight:
        margin = round(rng.uniform(0, 0.06) * high)
        left, top, right, bottom = box
        low = max(left - margin, 0), max(top - margin, 0)
        picture = picture.crop((*low, min(right + margin, wide), min(bottom + margin, high)))
    stored = io.BytesIO()
    picture.save(stored, "JPEG", quality=sheet.quality)
    return Image.open(stored)


# Writing


def _written(digit: Digit, sheet: Sheet, rng: Rng) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """Return how much of each place the pen covers, mode L, and the box around that."""
    wide, high = sheet.size
    tall = sheet.height * high
    if digit.strokes is not None:
        cover = _with_a_pen(digit.strokes, sheet, tall, rng)
    else:
        assert digit.pixels is not None
        cover = _enlarged(digit.pixels, sheet, tall, rng)
    if sheet.style == "pencil":  # graphite catches on the paper's grain
        grain = Image.fromarray(rng.integers(90, 256, (high // 2, wide // 2)).astype("uint8"))
        cover = ImageChops.multiply(cover, grain.resize(sheet.size, Image.Resampling.BILINEAR))
    if sheet.style == "chalk":
        grain = Image.fromarray(
            rng.choice([60, 255], (high // 3, wide // 3), p=[0.3, 0.7]).astype("uint8")
        )
        cover = ImageChops.multiply(cover, grain.resize(sheet.size, Image.Resampling.BILINEAR))
    box = cover.getbbox()
    assert box is not None
    return cover, box


def _place(extent: np.ndarray, sheet: Sheet, rng: Rng) -> np.ndarray:
    free = np.maximum(np.array(sheet.size) - extent, 0)
    return free * rng.uniform(0.3, 0.7, 2)


def _with_a_pen(strokes: list[np.ndarray], sheet: Sheet, tall: float, rng: Rng) -> Image.Image:
    width = max(sheet.pen * tall, 1.5)
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    factor = (tall - width) / max(extent[1], 0.6 * extent[0])
    corner = _place(extent * factor + width, sheet, rng) + width / 2
    placed = [(stroke - low) * factor + corner for stroke in strokes]
    cover = _drawn(placed, width, sheet.size)
    if sheet.style == "outline":
        return ImageChops.subtract(cover, _drawn(placed, width - 2 * rng.uniform(3, 6), sheet.size))
    return cover


def _drawn(strokes: list[np.ndarray], width: float, size: tuple[int, int]) -> Image.Image:
    fine = Image.new("L", (size[0] * 2, size[1] * 2))
    brush = ImageDraw.Draw(fine)
    for stroke in strokes:
        points = [(float(x) * 2, float(y) * 2) for x, y in stroke]
        brush.line(points, fill=255, width=max(round(width * 2), 1), joint="curve")
        for x, y in points:
            brush.ellipse((x - width, y - width, x + width, y + width), fill=255)
    return fine.reduce(2)


def _enlarged(pixels: np.ndarray, sheet: Sheet, tall: float, rng: Rng) -> Image.Image:
    """Enlarge a digit of 28x28 pixels until it has smooth edges at any size."""
    rows, columns = np.nonzero(pixels.max(axis=1) > 60)[0], np.nonzero(pixels.max(axis=0) > 60)[0]
    cut = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    cut = np.pad(cut, 1)
    factor = tall / cut.shape[0]
    if cut.shape[1] > LONG * cut.shape[0]:
        factor = min(factor, LINE * sheet.size[0] / cut.shape[1])
    size = (max(round(cut.shape[1] * factor), 4), round(cut.shape[0] * factor))
    smooth = Image.fromarray(cut).resize(size, Image.Resampling.BICUBIC)
    smooth = smooth.filter(ImageFilter.GaussianBlur(0.35 * factor))
    sharp = smooth.point(lambda level: min(max((level - 80) * 8, 0), 255))
    cover = Image.new("L", sheet.size)
    left, top = _place(np.array(size), sheet, rng)
    cover.paste(sharp, (round(left), round(top)))
    return cover


# Papers


def _with_fibres(picture: Image.Image, strength: float, rng: Rng) -> Image.Image:
    """Lay short fibres and a few stains onto the paper."""
    wide, high = picture.size
    layer = Image.new("L", picture.size, 128)
    brush = ImageDraw.Draw(layer)
    for _ in range(1500):
        x, y = rng.uniform(0, wide), rng.uniform(0, high)
        turn, length = rng.uniform(0, np.pi), rng.uniform(4, 30)
        end = (x + length * np.cos(turn), y + length * np.sin(turn))
        brush.line([(x, y), end], fill=int(rng.integers(60, 196)), width=int(rng.integers(1, 3)))
    for _ in range(rng.integers(0, 4)):
        x, y, r = rng.uniform(0, wide), rng.uniform(0, high), rng.uniform(40, 160)
        brush.ellipse((x - r, y - r * 0.7, x + r, y + r * 0.7), fill=int(rng.integers(70, 120)))
    change = (np.asarray(layer.filter(ImageFilter.GaussianBlur(2)), "float32") - 128) / 128
    mottled = np.asarray(picture, "float32") * (1 + strength * change[..., None])
    return Image.fromarray(mottled.clip(0, 255).astype("uint8"))


def _ruled(colour: Colour, spacing: tuple[int, int], width: int, margin: bool = False):
    def rule(brush: ImageDraw.ImageDraw, rng: Rng, box: tuple[int, int, int, int]) -> None:
        step = rng.integers(*spacing)
        slope = rng.uniform(-12, 12)
        for y in range(-20 + int(rng.integers(step)), HIGH + 20, step):
            brush.line([(0, y), (WIDE, y + slope)], fill=colour, width=width)
        if margin:
            x = box[0] - rng.uniform(10, 120) if rng.random() < 0.8 else rng.uniform(box[0], box[2])
            brush.line([(x, 0), (x - slope, HIGH)], fill=(200, 60, 70), width=int(rng.integers(2, 5)))

    return rule


def _squared(colour: Colour, spacing: tuple[int, int], width: int):
    def grid(brush: ImageDraw.ImageDraw, rng: Rng, box: tuple[int, int, int, int]) -> None:
        step = rng.integers(*spacing)
        for y in range(int(rng.integers(step)), HIGH, step):
            brush.line([(0, y), (WIDE, y)], fill=colour, width=width)
        for x in range(int(rng.integers(step)), WIDE, step):
            brush.line([(x, 0), (x, HIGH)], fill=colour, width=width)

    return grid


def _dotted(brush: ImageDraw.ImageDraw, rng: Rng, box: tuple[int, int, int, int]) -> None:
    step, radius = int(rng.integers(30, 80)), rng.uniform(1.5, 4)
    grey = int(rng.integers(90, 180))
    for y in range(int(rng.integers(step)), HIGH, step):
        for x in range(int(rng.integers(step)), WIDE, step):
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(grey, grey, grey))


def _boxed(brush: ImageDraw.ImageDraw, rng: Rng, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    gap = rng.uniform(12, 90, 4)
    grey = int(rng.integers(0, 170))
    outer = (left - gap[0], top - gap[1], right + gap[2], bottom + gap[3])
    brush.rectangle(outer, outline=(grey, grey, grey), width=int(rng.integers(2, 9)))


def _combed(brush: ImageDraw.ImageDraw, rng: Rng, box: tuple[int, int, int, int]) -> None:
    """Paint the cells of a form, with sides half as high as the digit, and the digit in one of them."""
    left, top, right, bottom = box
    cell, floor = (right - left) * rng.uniform(1.2, 1.7), bottom + rng.uniform(8, 40)
    first = (left + right) / 2 - cell / 2
    count = int(rng.integers(2, 6))
    start = first - cell * rng.integers(count)
    width, tooth = int(rng.integers(2, 6)), (bottom - top) * rng.uniform(0.2, 0.7)
    brush.line([(start, floor), (start + count * cell, floor)], fill=(60, 60, 70), width=width)
    for number in range(count + 1):
        x = start + number * cell
        brush.line([(x, floor - tooth), (x, floor)], fill=(60, 60, 70), width=width)


def _cut_neighbour(brush: ImageDraw.ImageDraw, rng: Rng, box: tuple[int, int, int, int]) -> None:
    """Paint the piece of a stroke that comes in from the left or the right."""
    inside = rng.uniform(15, 0.6 * max(min(box[0], WIDE - box[2]), 30))
    middle, radius = (box[1] + box[3]) / 2 + rng.uniform(-100, 100), rng.uniform(80, 200)
    center = inside - radius if rng.random() < 0.5 else WIDE - inside + radius
    circle = (center - radius, middle - radius, center + radius, middle + radius)
    brush.ellipse(circle, outline=(25, 25, 50), width=int(rng.integers(10, 30)))


def _specked(brush: ImageDraw.ImageDraw, rng: Rng, box: tuple[int, int, int, int]) -> None:
    """Paint specks beside the digit, and the holes of a punch."""
    for _ in range(rng.integers(2, 12)):
        x, y, r = rng.uniform(0, WIDE), rng.uniform(0, HIGH), rng.uniform(2, 12)
        if box[0] - 25 < x < box[2] + 25 and box[1] - 25 < y < box[3] + 25:
            continue
        brush.rectangle((x - r, y - r, x + r, y + r), fill=(40, 40, 45))
    if rng.random() < 0.5:
        for y in (0.3 * HIGH, 0.7 * HIGH):
            brush.ellipse((20, y - 28, 76, y + 28), fill=(30, 28, 26))


def _barred(light: bool):
    def bars(brush: ImageDraw.ImageDraw, rng: Rng, box: tuple[int, int, int, int]) -> None:
        wide, high = 600, 1200
        tone = (245, 245, 248) if light else (60, 60, 64)
        symbol = (30, 30, 30) if light else (230, 230, 230)
        top, bottom = int(rng.integers(40, 90)), int(rng.integers(80, 160))
        brush.rectangle((0, 0, wide, top), fill=tone)
        brush.rectangle((0, high - bottom, wide, high), fill=tone)
        brush.rectangle((24, top // 3, 110, 2 * top // 3), fill=symbol)
        brush.rectangle((wide - 70, top // 3, wide - 24, 2 * top // 3), fill=symbol)
        for number in range(int(rng.integers(3, 6))):
            x = 60 + number * 110
            y = high - bottom // 2
            brush.ellipse((x - 22, y - 22, x + 22, y + 22), fill=symbol)

    return bars


# Light and view


def _light(sheet: Sheet, rng: Rng) -> np.ndarray:
    """Return by what share of the light each place is lit, from four corners, with a shadow's edge."""
    wide, high = sheet.size
    low, top = sheet.corners
    corners = rng.uniform(low, top, (2, 2)).astype("float32")
    light = np.asarray(Image.fromarray(corners).resize(sheet.size, Image.Resampling.BILINEAR))
    if not sheet.shadow:
        return light
    mask = Image.new("L", sheet.size, 255)
    middle, lean = rng.uniform(0.25, 0.75) * wide, rng.uniform(-300, 300)
    area = [(middle + lean, -10), (wide + 10, -10), (wide + 10, high + 10), (middle - lean, high + 10)]
    ImageDraw.Draw(mask).polygon(area, fill=round(255 * (1 - sheet.shadow)))
    mask = mask.filter(ImageFilter.GaussianBlur(float(rng.choice([0.5, 2, 8]))))
    return light * np.asarray(mask, "float32") / 255


def _tilted(picture: Image.Image, sheet: Sheet, rng: Rng) -> Image.Image:
    """See the sheet from aside: perspective, and a turn of up to 8 degrees."""
    wide, high = sheet.size
    turned = picture.rotate(rng.uniform(-8, 8), Image.Resampling.BICUBIC, fillcolor=sheet.paper)
    target = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], float)
    source = target + rng.uniform(-sheet.tilt, sheet.tilt, (4, 2)) * np.array(sheet.size)
    equations = []
    for (x, y), (u, v) in zip(target, source, strict=True):
        equations += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    numbers = np.linalg.solve(np.array(equations), source.ravel())
    return turned.transform(
        sheet.size,
        Image.Transform.PERSPECTIVE,
        list(numbers),
        Image.Resampling.BICUBIC,
        fillcolor=sheet.paper,
    )


# Kinds

_PENS: list[Colour] = [(20, 20, 60), (25, 25, 25), (20, 50, 140), (60, 20, 30), (10, 60, 50)]


def _plain(rng: Rng, **changed) -> Sheet:
    tone = int(rng.integers(205, 250))
    values = {
        "paper": (tone, tone, tone - int(rng.integers(0, 12))),
        "ink": _PENS[rng.integers(len(_PENS))],
        "pen": rng.uniform(0.05, 0.12),
        "height": rng.uniform(0.15, 0.6),
    }
    return Sheet(**{**values, **changed})


def _equally_bright(rng: Rng) -> Sheet:
    """Choose two colours whose luma differs by less than 12 of 255, and whose colour differs by 100."""
    weights = np.array([0.299, 0.587, 0.114])
    while True:
        paper, ink = rng.integers(20, 236, (2, 3))
        if abs((paper - ink) @ weights) < 12 and np.abs(paper - ink).max() > 100:
            return _plain(rng, paper=tuple(map(int, paper)), ink=tuple(map(int, ink)))


def _pencilled(rng: Rng) -> Sheet:
    grey = int(rng.integers(110, 150))
    return _plain(rng, ink=(grey, grey, grey), pen=0.05, style="pencil")


def _screenshot(rng: Rng, paper: int, ink: int) -> Sheet:
    """Lay out a drawing program on a phone, without a camera's light, blur and noise."""
    return _plain(
        rng,
        paper=(paper, paper, paper),
        ink=(ink, ink, ink),
        lay_over=_barred(light=paper > ink),
        size=(600, 1200),
        height=0.25,
        noise=0.0,
        blur=0.0,
        corners=(1, 1),
    )


def _small(rng: Rng) -> float:
    return rng.uniform(0.12, 0.3)


PAPERS: dict[str, Callable[[Rng], Sheet]] = {
    "plain": _plain,
    "ruled, faint": lambda rng: _plain(
        rng, height=_small(rng), print_under=_ruled((200, 205, 225), (45, 110), 2), corners=(0.7, 1)
    ),
    "ruled": lambda rng: _plain(
        rng, height=_small(rng), print_under=_ruled((150, 160, 210), (45, 110), 3), corners=(0.7, 1)
    ),
    "ruled, dark": lambda rng: _plain(
        rng, height=_small(rng), print_under=_ruled((80, 90, 160), (45, 110), 4), corners=(0.7, 1)
    ),
    "margin": lambda rng: _plain(
        rng, height=_small(rng), print_under=_ruled((150, 160, 210), (45, 110), 3, margin=True)
    ),
    "squared": lambda rng: _plain(
        rng, height=_small(rng), print_under=_squared((165, 175, 210), (24, 60), 2), corners=(0.7, 1)
    ),
    "squared, dark": lambda rng: _plain(
        rng, height=_small(rng), print_under=_squared((95, 105, 160), (24, 60), 3), corners=(0.7, 1)
    ),
    "dotted": lambda rng: _plain(rng, height=_small(rng), print_under=_dotted),
    "box": lambda rng: _plain(rng, print_under=_boxed),
    "comb": lambda rng: _plain(rng, print_under=_combed, height=rng.uniform(0.15, 0.35)),
    "neighbour cut off": lambda rng: _plain(rng, lay_over=_cut_neighbour),
    "specks and holes": lambda rng: _plain(rng, lay_over=_specked),
    "hard shadow": lambda rng: _plain(rng, shadow=rng.uniform(0.3, 0.6)),
    "falling light": lambda rng: _plain(rng, corners=(0.25, 1)),
    "old paper": lambda rng: _plain(
        rng, paper=(214, 190, 140), ink=(70, 45, 30), fibres=0.25, corners=(0.6, 1)
    ),
    "thin pen": lambda rng: _plain(rng, pen=rng.uniform(0.004, 0.012), height=rng.uniform(0.4, 0.6)),
    "marker, cropped": lambda rng: _plain(
        rng, pen=rng.uniform(0.12, 0.2), height=0.7, corners=(0.5, 1), tight=True
    ),
    "pencil": _pencilled,
    "equally bright": _equally_bright,
    "blackboard": lambda rng: _plain(
        rng, paper=(35, 55, 45), ink=(225, 225, 215), style="chalk", fibres=0.3, corners=(0.6, 1)
    ),
    "screenshot, light": lambda rng: _screenshot(rng, paper=255, ink=0),
    "screenshot, dark": lambda rng: _screenshot(rng, paper=18, ink=240),
    "bad camera": lambda rng: _plain(
        rng, noise=rng.uniform(10, 25), blur=rng.uniform(2, 6), quality=int(rng.integers(8, 25))
    ),
    "tilted": lambda rng: _plain(rng, tilt=0.12, print_under=_ruled((170, 180, 215), (60, 140), 3)),
    "outline": lambda rng: _plain(rng, pen=rng.uniform(0.12, 0.2), height=0.6, style="outline"),
    "far away": lambda rng: _plain(rng, height=rng.uniform(0.04, 0.08), corners=(0.7, 1)),
}
"""What makes a sheet of each kind."""

PEN_ONLY = {"thin pen", "outline"}
"""Kinds whose pen decides about them: digits that are pixels already cannot be written with it."""


def exam(
    kind: str, count: int, digits: tuple[np.ndarray, np.ndarray], seed: int = 0
) -> Iterator[tuple[Image.Image, int]]:
    """Yield pictures of one kind and the digits on them: half by hands, half by `digits`.

    Args:
        kind: a name in `PAPERS`.
        count: how many.
        digits: images uint8 `(N, 28, 28)` and their labels, of which some are taken; for an exam
            those of MNIST's test part.
        seed: another one gives other pictures.

    Yields:
        An RGB picture, and the digit that it shows.
    """
    rng = np.random.default_rng([seed, list(PAPERS).index(kind)])
    images, labels = digits
    written = handwriting.hands()
    hands = list(written)
    for number in range(count):
        if number % 2 and kind not in PEN_ONLY:
            place = int(rng.integers(len(images)))
            yield photograph(kind, Digit(pixels=images[place]), rng), int(labels[place])
        else:
            digit, name = hands[rng.integers(len(hands))]
            strokes, _ = handwriting.vary(written[digit, name], (digit, number, seed + 1000))
            yield photograph(kind, Digit(strokes=strokes), rng), digit
