"""The place of a live figure in a chapter."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np


def packed(images: np.ndarray) -> str:
    """Return uint8 images `(N, 28, 28)` as text, which `unpacked` of `book/figures` reads."""
    return base64.b64encode(zlib.compress(images.tobytes(), 9)).decode()


class Live:
    """A place that the page fills with the live figure `book/figures/NAME.js`.

    Elsewhere, on paper, in a notebook or without scripts, it is empty: what the figure shows must be
    said beside it, or drawn in the cell before, which gives way to it if it is tagged `still`.

    Args:
        name: of the figure.
        told: what the figure is to know of this run; anything that JSON can say.
    """

    def __init__(self, name: str, /, **told: object):
        self.name, self.told = name, told

    def _repr_html_(self) -> str:
        # "</" would end the script early, whatever it stands in.
        told = json.dumps(self.told, separators=(",", ":")).replace("</", "<\\/")
        script = f'<script type="application/json">{told}</script>' if self.told else ""
        return f'<div class="live" data-figure="{self.name}">{script}</div>'

    def __repr__(self) -> str:
        return f"The live figure “{self.name}” stands here in the book's page."
