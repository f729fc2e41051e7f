"""Pictures of ideas as SVG, drawn from the numbers and networks at hand.

They take the colour of the text around them, by day and by night.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

BLUE, ORANGE = "#3b7bb0", "#c2572e"
"""For and against, legible on paper and on dark."""
OUTLINED = 'fill="none" stroke="currentColor" stroke-width="1.5"'
SIDE = 84
"""Pixels of the largest map's side."""
ROOM, GAP = 66, 14
"""Pixels that a layer takes at least, for the words under it, and from one to the next."""
MOST_SHEETS = 6
"""Maps that are drawn of a layer, one behind the other."""


class Diagram:
    """An SVG with its text alternative; a notebook shows it."""

    def __init__(self, width: float, height: float, content: str, alt: str):
        self.alt = alt
        self._svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="diagram" role="img" '
            f'aria-label="{escape(alt)}" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'style="display:block;width:100%;max-width:{width:.0f}px;margin:1rem auto;'
            f'font-family:inherit;font-size:13px;fill:currentColor;stroke:none">{content}</svg>'
        )

    def _repr_html_(self) -> str:
        return self._svg

    def __repr__(self) -> str:
        return f"<Diagram: {self.alt}>"


def neuron(values: Sequence[float], weights: Sequence[float], bias: float) -> Diagram:
    """Draw one unit at work: inputs, weights, the sum and what ReLU makes of it.

    Args:
        values: the inputs, a handful.
        weights: one for each input; blue lines are positive, orange ones negative, thicker ones larger.
        bias: added to the sum.
    """
    total = float(np.dot(values, weights) + bias)
    out = max(0.0, total)
    rows = [34 + 46 * row for row in range(len(values))]
    middle, strongest = float(np.mean(rows)), max(map(abs, weights)) or 1.0
    parts = []
    for y, value, weight in zip(rows, values, weights, strict=True):
        colour = BLUE if weight >= 0 else ORANGE
        parts += [
            _line((70, y), (270, middle), colour, 1 + 4 * abs(weight) / strongest),
            _circle(50, y, 20),
            _text(50, y, _number(value)),
            _text(135, y + (middle - y) * 0.33 - 9, f"× {_number(weight)}"),
        ]
    parts += [
        _circle(295, middle, 27),
        _text(295, middle - 7, "sum"),
        _text(295, middle + 10, _number(total)),
        _text(295, middle + 46, f"bias {_number(bias)}"),
        _line((322, middle), (382, middle)),
        f'<path d="M386 {middle + 18:.0f}h26l24 -36" {OUTLINED}/>',
        _text(411, middle + 40, "ReLU"),
        _line((440, middle), (492, middle)),
        _circle(515, middle, 23),
        _text(515, middle, _number(out)),
    ]
    alt = (
        f"A unit. Its inputs {', '.join(map(_number, values))} are multiplied by the weights "
        f"{', '.join(map(_number, weights))}; with the bias {_number(bias)} the sum is "
        f"{_number(total)}, and ReLU makes {_number(out)} of it."
    )
    return Diagram(545, rows[-1] + 40, "".join(parts), alt)


def shapes(model: keras.Model) -> Diagram:
    """Draw the layers of a sequential model that learn, or change the shape of what they are given.

    Maps are sheets, one behind the other, as large as they are high; a row of numbers is a bar, the
    longer the more. Under each stand its shape and the layer's parameters, those of a batch
    normalisation with the layer before it.
    """
    steps = [("image", tuple(model.input_shape[1:]), 0)]
    for layer in model.layers:
        shape, name = tuple(layer.output.shape[1:]), type(layer).__name__
        if layer.count_params() and name == "BatchNormalization":
            steps[-1] = (*steps[-1][:2], steps[-1][2] + layer.count_params())
        elif name != "Reshape" and (shape != steps[-1][1] or layer.count_params()):
            steps.append((NAMES.get(name, name), shape, layer.count_params()))
    largest = max(shape[0] for _, shape, _ in steps if len(shape) > 1)
    longest = max(shape[0] for _, shape, _ in steps if len(shape) == 1)
    parts, left, middle = [], ROOM / 4, 24 + SIDE / 2
    for name, shape, parameters in steps:
        width = 12.0
        if len(shape) > 1:
            side, sheets = (
                SIDE * shape[0] / largest,
                1 if len(shape) == 2 else min(MOST_SHEETS, shape[2]),
            )
            width = side + 5 * (sheets - 1)
            place = left + max(width, ROOM) / 2
            parts += [
                _sheet(place - width / 2 + 5 * (sheets - 1 - k), middle - side / 2 - 3 * k, side)
                for k in reversed(range(sheets))
            ]
        else:
            place, height = left + ROOM / 2, max(6.0, SIDE * (shape[0] / longest) ** 0.5)
            parts.append(_sheet(place - width / 2, middle - height / 2, height, width))
        told = [name, " × ".join(map(str, shape)), f"{parameters:,}" if parameters else ""]
        parts += [
            _text(place, middle + SIDE / 2 + 22 + 17 * row, each) for row, each in enumerate(told)
        ]
        left += max(width, ROOM) + GAP
    alt = "Layers, with the shape that each gives out and its parameters: " + "; ".join(
        f"{name}, {' by '.join(map(str, shape))}" + (f", {parameters:,}" if parameters else "")
        for name, shape, parameters in steps
    )
    return Diagram(left, middle + SIDE / 2 + 68, "".join(parts), alt)


NAMES = {
    "Conv2D": "convolution",
    "MaxPooling2D": "pooling",
    "GlobalAveragePooling2D": "means",
    "Flatten": "one row",
    "Dense": "dense",
}
"""What layers are called in the text."""


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".").replace("-", "−") or "0"


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{escape(text)}</text>'


def _circle(x: float, y: float, radius: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {OUTLINED}/>'


def _line(
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str = "currentColor",
    width: float = 1.5,
) -> str:
    (x1, y1), (x2, y2) = start, end
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width:.1f}"/>'
    )


def _sheet(x: float, y: float, height: float, width: float | None = None) -> str:
    """A rectangle that hides what lies behind it, whatever the page's colour."""
    across = height if width is None else width
    size = f'x="{x:.1f}" y="{y:.1f}" width="{across:.1f}" height="{height:.1f}"'
    ground = f'<rect {size} rx="2" style="fill:var(--pst-color-background, white)"/>'
    return f'{ground}<rect {size} rx="2" fill="{BLUE}" fill-opacity="0.18" stroke="{BLUE}"/>'
