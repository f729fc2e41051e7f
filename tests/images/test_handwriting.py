"""The stroke paths that test the drawing page: fifty hands, and their variations."""

import hashlib
from itertools import combinations

import numpy as np
import pytest

from digitbook.images.handwriting import CANVAS_SIDE, FILE, draw, drawings, hands, vary

pytestmark = pytest.mark.quick

# The hands were drawn before any model had read them. Whoever edits one afterwards fits the test to the
# model: the rate of drawings read right, and every page that reports it, would no longer mean anything.
SHA256 = "1efa72b7ceff1ed4a9c536561b1a08ff22ff1126dcfcdc32c4511c17d638475c"


@pytest.fixture(scope="module")
def few():
    """Five variations of each hand."""
    return list(drawings(5))


def test_hands_are_as_they_were_drawn():
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == SHA256


def test_five_hands_a_digit():
    digits = [digit for digit, _ in hands()]
    assert len(digits) == 50
    assert all(digits.count(digit) == 5 for digit in range(10))
    assert len({name for _, name in hands()}) == 50


def test_hands_are_one_high_and_smooth():
    for (_, name), strokes in hands().items():
        points = np.concatenate(strokes)
        np.testing.assert_allclose(points.min(axis=0), 0, atol=1e-9, err_msg=name)
        assert points[:, 1].max() == pytest.approx(1), name
        assert points[:, 0].max() < 1.1, name
        assert all(10 <= len(stroke) <= 40 for stroke in strokes), name
        steps = np.concatenate([np.hypot(*np.diff(stroke, axis=0).T) for stroke in strokes])
        assert 0 < steps.min() <= steps.max() < 0.15, name


def test_hands_of_a_digit_differ():
    drawn = {}
    for (digit, name), strokes in hands().items():
        drawn.setdefault(digit, []).append((name, draw([20 + 240 * s for s in strokes], 12) > 127))
    for alike in drawn.values():
        for (one, a), (other, b) in combinations(alike, 2):
            assert (a & b).sum() < 0.8 * (a | b).sum(), f"{one} and {other}"


def test_variations_stay_on_the_canvas(few):
    for _, name, variation, strokes, pen in few:
        points = np.concatenate(strokes)
        assert 10 <= pen <= 22
        assert points.min() >= pen / 2, (name, variation)
        assert points.max() <= CANVAS_SIDE - pen / 2, (name, variation)
        assert 0.449 < np.ptp(points, axis=0).max() / CANVAS_SIDE < 0.851, (name, variation)


def test_variations_are_deterministic_and_differ(few):
    strokes = hands()[7, "crossed seven"]
    one, again, other = (vary(strokes, seed) for seed in [(7, 1, 3), (7, 1, 3), (7, 1, 4)])
    assert one[1] == again[1] != other[1]
    assert all(np.array_equal(a, b) for a, b in zip(one[0], again[0], strict=True))
    assert not np.allclose(one[0][0], other[0][0])
    assert len({strokes[0].tobytes() for *_, strokes, _ in few}) == len(few) == 250


def test_drawing_leaves_ink(few):
    for _, name, variation, strokes, pen in few[::5]:
        image = draw(strokes, pen)
        assert image.shape == (CANVAS_SIDE, CANVAS_SIDE)
        assert image.dtype == np.uint8
        length = sum(np.hypot(*np.diff(stroke, axis=0).T).sum() for stroke in strokes)
        ink = image.sum() / 255
        assert 0.5 * length * pen < ink < 1.1 * (length + pen * len(strokes)) * pen, (name, variation)
        edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        assert not edge.any(), (name, variation)


def test_a_tap_is_a_round_dot():
    dot = draw([np.array([[140.0, 140.0]])], 20)
    assert dot.sum() / 255 == pytest.approx(np.pi * 10**2, rel=0.05)
