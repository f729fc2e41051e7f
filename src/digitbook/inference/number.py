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
TALL, SURE = 0.5, 0.9
"""Ink of this share of the line's height or more, not wider than high, in which no digit was seen is
one if the reader of single digits is so sure; what was seen as none is one if its guard is so sure."""

Steps = Callable[[np.ndarray], np.ndarray]
"""From a prepared line, uint8 `(32, columns)`, to the probabilities of each step, `(T, 12)`."""


@dataclass(frozen=True)
class Found:
    """A line as it was read: its `classes`, and for each the probability and the box in the sheet.

    `boxes` is float `(N, 4)`: left, top, right and bottom. `confidence` is the whole line's: that there
    are so many digits and that each is what it was read as. `strange` is the share of them that stand
    alone and of which the guard says that they are none: it is strict with single ones.
    """

    classes: ctc.Reading
    probabilities: tuple[float, ...]
    boxes: np.ndarray
    confidence: float
    strange: float

    @property
    def why(self) -> str | None:
        """A sentence that says why the line is no number, or None if it is one."""
        if not self.classes:
            return "There are no digits in this line."
        if OTHER in self.classes:
            place = self.classes.index(OTHER) + 1
            return (
                f"Place {place} of {len(self.classes)} in this line is no digit but a sign or a letter."
            )
        if self.strange == 1:
            return "What stands in this line does not look like digits."
        if self.confidence < CLEAR:
            return "The digits in this line cannot be told for certain."
        return None

    @property
    def number(self) -> str | None:
        """Its digits, or None where it is no number."""
        return None if self.why else "".join(map(str, self.classes))


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
        steps = (ctc.places(log_steps, best) + 0.5) / len(log_steps)
        columns = (steps * prepared.shape[1] - MARGIN) / (prepared.shape[1] - 2 * MARGIN)
        shares = np.array(
            [
                [found.get((*best[:n], c, *best[n + 1 :]), 0.0) for c in range(OTHER + 1)]
                for n in range(len(best))
            ]
        ).reshape(len(best), OTHER + 1)
        # That there are so many: readings as long that differ in one class at most.
        so_many = min(float(found[best] + (shares.sum(axis=1) - found[best]).sum()), 1.0)
        shares /= shares.sum(axis=1, keepdims=True)
        groups = _groups(pieces, line.left + columns * line.ink.shape[1], shares)
        strange = 0
        if self.single:
            so_many *= _with_what_was_missed(groups, self.single, len(line.ink))
            strange = _with_single_answers(groups, self.single)
        groups = [group for group in groups if len(group.shares)]
        shares = np.concatenate([group.shares for group in groups] or [np.empty((0, OTHER + 1))])
        likeliest = shares.max(axis=1)
        return Found(
            tuple(map(int, shares.argmax(axis=1))),
            tuple(map(float, likeliest)),
            _boxes(groups),
            so_many * float(likeliest.prod()),
            strange / max(len(shares), 1),
        )


@dataclass
class _Group:
    """Ink that hangs together or overlaps; where digits were seen in it, and each one's shares.

    `shares` are the probabilities of ten digits and of what is none, float `(N, 11)`.
    """

    parts: list[Piece]
    columns: np.ndarray
    shares: np.ndarray

    @property
    def middle(self) -> float:
        """The column half way between its ends."""
        return (joined(self.parts).left + joined(self.parts).right) / 2

    def image(self) -> np.ndarray:
        """Return its ink as a network for single digits takes it."""
        return prepare_drawing(thickened(joined(self.parts).ink))


def _with_what_was_missed(groups: list[_Group], single: Network, height: int) -> float:
    """Let the single reader say what a group is in which the network for lines has seen nothing.

    What is no digit to it, too, becomes a part of the nearest group. Returns how sure all that is.
    """
    sure = 1.0
    seen = [group for group in groups if len(group.columns)]
    for group in groups:
        if len(group.columns):
            continue
        rows, columns = joined(group.parts).ink.shape
        answer = single.probabilities(group.image()[None])[0]
        if rows >= TALL * height and columns <= rows and answer.max() >= SURE:
            group.columns, group.shares = np.array([group.middle]), np.append(answer, 0)[None]
            sure *= float(answer.max())
        elif seen:
            min(seen, key=lambda other: abs(other.middle - group.middle)).parts.extend(group.parts)
    return sure


def _with_single_answers(groups: list[_Group], single: Network) -> int:
    """Multiply the shares of digits that stand alone by what the single reader says.

    What is no digit to the network for lines is one if the guard is sure of that. Returns how many the
    guard takes for none.
    """
    alone = [group for group in groups if len(group.columns) == 1]
    if not alone:
        return 0
    images = np.stack([group.image() for group in alone])
    answers = single.probabilities(images)
    digit, least = np.ones(len(images)), 0.0
    if single.guard:
        digit = single.guard.probabilities(images)[:, 0]
        least = single.guard.description["confidence_limit"]
    for group, answer, is_one in zip(alone, answers, digit, strict=True):
        if group.shares[0].argmax() == OTHER:
            if is_one >= SURE:
                group.shares = np.append(answer * is_one, 1 - is_one)[None]
            continue
        together = np.append(answer, 1) * group.shares[0]
        group.shares = together[None] / together.sum()
    return int((digit < least).sum())


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
    return found.number, found.confidence


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
    return {
        "number": found.number,
        "confidence": round(found.confidence, 6),
        "digits": digits,
        "box": box,
        "why": found.why,
    }


def _groups(pieces: list[Piece], columns: np.ndarray, shares: np.ndarray) -> list[_Group]:
    """Sort pieces, from left to right, into groups that each hold one digit or several that touch.

    Each gets the columns, ascending, at which digits were seen that lie in it, and their shares.
    """
    parts: list[list[Piece]] = []
    for piece in pieces:
        if parts and _overlap(joined(parts[-1]), piece) >= SHARED:
            parts[-1].append(piece)
        else:
            parts.append([piece])
    groups = [_Group(each, np.empty(0), shares[:0]) for each in parts]
    wholes = [joined(each) for each in parts]
    for column, share in zip(columns, shares, strict=True):
        owner = min(
            zip(groups, wholes, strict=True),
            key=lambda pair: (_distance(pair[1], column), abs(pair[0].middle - column)),
        )[0]
        owner.columns = np.append(owner.columns, column)
        owner.shares = np.concatenate([owner.shares, share[None]])
    return groups


def _overlap(one: Piece, other: Piece) -> float:
    """Return which share of the narrower one's columns both have."""
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared / min(one.ink.shape[1], other.ink.shape[1])


def _distance(piece: Piece, column: float) -> float:
    return max(piece.left - column, column - piece.right, 0)


def _boxes(groups: list[_Group]) -> np.ndarray:
    """Return the box of each digit; where several touch, they are parted half way between columns."""
    boxes = []
    for group in groups:
        whole = joined(group.parts)
        cuts = [whole.left, *((group.columns[1:] + group.columns[:-1]) / 2), whole.right]
        for left, right in pairwise(cuts):
            boxes.append((left, whole.top, right, whole.bottom))
    return np.array(boxes).reshape(-1, 4)
