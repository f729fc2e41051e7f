"""Read numbers: lines of digits, on a light runtime.

A network reads a line as a whole (`digitbook.networks.line` builds and teaches it) and so tells how
many digits there are and where. A digit whose ink stands alone is then shown by itself to the network
that reads single digits, and does that better; the two answers are multiplied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from digitbook._util.litert import LiteRT
from digitbook.images.composed import OTHER
from digitbook.images.lines import LONGEST, MARGIN, Piece, joined, lines_of, prepare_line
from digitbook.images.photo import thickened
from digitbook.images.prepare import prepare_drawing
from digitbook.images.read import NotReadable
from digitbook.inference import ctc
from digitbook.inference.network import Network, description_of
from digitbook.paths import RESULTS

LINE_NETWORK = RESULTS / "line.tflite"
"""The released network that reads lines, as it was exported for LiteRT."""
CLEAR = 0.5
"""A number with less confidence is not given."""
MOST_LINES = 30
"""Lines of ink in one image; a page of text has more."""
SHARED = 0.4
"""Two pieces belong to one digit, or touch, if they share this part of the narrower one's columns."""
Steps = Callable[[np.ndarray], np.ndarray]
"""From a prepared line, uint8 `(32, columns)`, to the probabilities of each step, `(T, 12)`."""


@dataclass(frozen=True)
class Found:
    """A line as it was read: its `classes`, and for each the probability and the box in the sheet.

    `boxes` is float `(N, 4)`: left, top, right and bottom. `confidence` is the whole line's: that there
    are so many digits and that each is what it was read as. `strange` is the share of the digits that
    stand alone of which the guard says that they are none: it is strict with single ones.
    """

    classes: ctc.Reading
    probabilities: tuple[float, ...]
    boxes: np.ndarray
    confidence: float
    strange: float


class LineReader:
    """Reads lines with a network for lines and one for single digits; several threads may ask it.

    Without `single` the network for lines reads everything. `temperature` divides its logits.
    """

    def __init__(self, steps: Steps, single: Network | None, temperature: float = 1.0):
        self.steps, self.single, self.temperature = steps, single, temperature

    @classmethod
    def load(cls, single: Network | None) -> LineReader:
        """Return the released one.

        Args:
            single: reads single digits; None leaves them to the network for lines.

        Raises:
            NetworkMissing: an exported network is missing or damaged.
        """
        description = description_of(LINE_NETWORK)
        network = LiteRT(LINE_NETWORK.read_bytes())

        def steps(line: np.ndarray) -> np.ndarray:
            return network(line[None, :, :, None] / np.float32(255))[0]

        return cls(steps, single, description["temperature"])

    def read(self, pieces: list[Piece]) -> Found:
        """Read a line, given as its pieces of ink from left to right.

        Raises:
            ValueError: it is more than 24 times as long as high.
        """
        line = joined(pieces)
        prepared = prepare_line(thickened(line.ink, len(line.ink)))
        log_steps = np.log(np.maximum(self.steps(prepared).astype("float64"), 1e-9)) / self.temperature
        log_steps -= np.logaddexp.reduce(log_steps, axis=1, keepdims=True)
        readings = ctc.neighbours(ctc.spelt(np.exp(log_steps)), OTHER + 1)
        found = dict(zip(readings, np.exp(ctc.log_probabilities(log_steps, readings)), strict=True))
        best = max(found, key=lambda reading: found[reading])
        if not best:
            return Found((), (), np.empty((0, 4)), found[best], 0.0)
        steps = (ctc.places(log_steps, best) + 0.5) / len(log_steps)
        columns = (steps * prepared.shape[1] - MARGIN) / (prepared.shape[1] - 2 * MARGIN)
        groups = _groups(pieces, line.left + columns * line.ink.shape[1])
        if OTHER in best:
            return Found(best, (found[best],) * len(best), _boxes(groups), found[best], 0.0)
        digits = np.array(
            [
                [found.get((*best[:n], d, *best[n + 1 :]), 0.0) for d in range(OTHER)]
                for n in range(len(best))
            ]
        )
        # The share of readings with as many digits that differ in one of them at most.
        so_many = min(found[best] + (digits.sum(axis=1) - found[best]).sum(), 1.0)
        digits /= digits.sum(axis=1, keepdims=True)
        strange = self._ask_alone(digits, groups)
        likeliest = digits.max(axis=1)
        return Found(
            tuple(map(int, digits.argmax(axis=1))),
            tuple(map(float, likeliest)),
            _boxes(groups),
            float(so_many * likeliest.prod()),
            strange,
        )

    def _ask_alone(self, digits: np.ndarray, groups: list[tuple[list[Piece], np.ndarray]]) -> float:
        """Multiply the probabilities of digits that stand alone with what the single reader says.

        Returns the share of them of which its guard says that they are no digits.
        """
        if self.single is None:
            return 0.0
        counts = [len(columns) for _, columns in groups]
        alone = [n for n, count in enumerate(counts) if count == 1]
        if not alone:
            return 0.0
        images = np.stack([prepare_drawing(thickened(joined(groups[n][0]).ink)) for n in alone])
        rows = np.cumsum([0, *counts])[alone]
        digits[rows] *= self.single.probabilities(images)
        digits[rows] /= digits[rows].sum(axis=1, keepdims=True)
        refused = self.single.guard.refusals(images) if self.single.guard else []
        return sum(why is not None for why in refused) / len(alone)


def numbers(reader: LineReader, ink: np.ndarray, part: np.ndarray) -> list[dict]:
    """Return the numbers on a sheet of ink, from top to bottom.

    Each is an object: `number`, its digits as text, or None where the line is none; `confidence`;
    `digits`, a list of objects with `digit`, `confidence` and `box`; the line's `box`; and `why`, a
    sentence that says why there is no number, else None. A box is left, top, right and bottom, as
    shares of the upright image's width and height.

    Args:
        reader: reads each line.
        ink: uint8 `(rows, columns)`, as `read_ink` returns it.
        part: the part of an image that it shows, as there.

    Raises:
        NotReadable: there are more than `MOST_LINES`, or more pieces of ink than `lines_of` takes.
    """
    lines = lines_of(ink)
    if len(lines) > MOST_LINES:
        raise NotReadable(
            f"There are more than {MOST_LINES} lines of ink in this image; "
            "cut out the part with the numbers."
        )
    to_shares = (part[2:] - part[:2]) / ink.shape[::-1]

    def shares(box: np.ndarray) -> list[float]:
        return [round(float(each), 4) for each in np.tile(part[:2], 2) + np.tile(to_shares, 2) * box]

    return [_number(reader, line, shares) for line in lines]


def number_of(reader: LineReader, line: list[Piece]) -> tuple[str | None, float]:
    """Return the number in a line of pieces of ink, or None where it is none, and the confidence.

    Raises:
        ValueError: as `LineReader.read`.
    """
    found = reader.read(line)
    return None if _why_not(found) else "".join(map(str, found.classes)), found.confidence


def _number(reader: LineReader, line: list[Piece], shares: Callable[[np.ndarray], list[float]]) -> dict:
    whole = joined(line)
    box = shares(np.array([whole.left, whole.top, whole.right, whole.bottom]))
    if whole.ink.shape[1] > LONGEST * whole.ink.shape[0]:
        why = "This is longer than a line of digits."
        return {"number": None, "confidence": 0.0, "digits": [], "box": box, "why": why}
    found = reader.read(line)
    digits = [
        {"digit": None if d == OTHER else str(d), "confidence": round(p, 6), "box": shares(around)}
        for d, p, around in zip(found.classes, found.probabilities, found.boxes, strict=True)
    ]
    reason = _why_not(found)
    return {
        "number": None if reason else "".join(map(str, found.classes)),
        "confidence": round(found.confidence, 6),
        "digits": digits,
        "box": box,
        "why": reason,
    }


def _why_not(found: Found) -> str | None:
    if not found.classes:
        return "There are no digits in this line."
    if OTHER in found.classes:
        place = found.classes.index(OTHER) + 1
        return f"Place {place} of {len(found.classes)} in this line is no digit but a sign or a letter."
    if found.strange == 1:
        return "What stands in this line does not look like digits."
    if found.confidence < CLEAR:
        return "The digits in this line cannot be told for certain."
    return None


def _groups(pieces: list[Piece], columns: np.ndarray) -> list[tuple[list[Piece], np.ndarray]]:
    """Sort pieces, from left to right, into groups that each hold one digit or several that touch.

    Returns each group with the `columns`, ascending, at which digits were seen that lie in it.
    """
    groups: list[list[Piece]] = []
    for piece in pieces:
        if groups and _overlap(joined(groups[-1]), piece) >= SHARED:
            groups[-1].append(piece)
        else:
            groups.append([piece])
    middles = [(joined(group).left + joined(group).right) / 2 for group in groups]
    away = [[_distance(joined(group), column) for group in groups] for column in columns]
    owners = [
        min(range(len(groups)), key=lambda n: (row[n], abs(middles[n] - column)))
        for row, column in zip(away, columns, strict=True)
    ]
    held = sorted(set(owners))
    for n, group in enumerate(groups):  # ink in which no digit was seen is a part of the nearest one
        if n not in held:
            nearest = min(held, key=lambda m: abs(middles[m] - middles[n]))
            groups[nearest].extend(group)
    return [(groups[n], columns[[m for m, owner in enumerate(owners) if owner == n]]) for n in held]


def _overlap(one: Piece, other: Piece) -> float:
    """Return which share of the narrower one's columns both have."""
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared / min(one.ink.shape[1], other.ink.shape[1])


def _distance(piece: Piece, column: float) -> float:
    return max(piece.left - column, column - piece.right, 0)


def _boxes(groups: list[tuple[list[Piece], np.ndarray]]) -> np.ndarray:
    """Return the box of each digit; where several touch, they are parted half way between columns."""
    boxes = []
    for parts, columns in groups:
        whole = joined(parts)
        cuts = [whole.left, *((columns[1:] + columns[:-1]) / 2), whole.right]
        for left, right in pairwise(cuts):
            boxes.append((left, whole.top, right, whole.bottom))
    return np.array(boxes)
