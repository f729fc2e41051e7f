"""Lines put together from digits: what is in them, how far apart, and that the seed decides."""

import numpy as np
import pytest

from digitbook.images import composed
from digitbook.images.composed import INKED, SPACINGS, compose, punctuation

pytestmark = pytest.mark.quick


def bar(width=4, height=20):
    digit = np.zeros((28, 28), "uint8")
    digit[(28 - height) // 2 : (28 + height) // 2, (28 - width) // 2 : (28 + width) // 2] = 255
    return digit


def line(spacing, seed=0, count=4):
    digits = [bar(width) for width in (4, 8, 12, 6)[:count]]
    return compose(digits, list(range(count)), spacing, np.random.default_rng(seed))


@pytest.mark.parametrize("spacing", ["wide", "narrow"])
def test_digits_that_are_apart_do_not_touch(spacing):
    for seed in range(20):
        made = line(spacing, seed)
        inked = (made.ink >= INKED).any(axis=0)
        left, right = made.boxes[0, 0], made.boxes[-1, 2]
        assert not inked[:left].any()
        assert not inked[right:].any()
        assert (np.diff(made.boxes[:, 0]) > 0).all()


def test_spacings_are_in_their_order():
    lengths = [
        np.mean([np.ptp(line(spacing, seed).boxes[:, [0, 2]]) for seed in range(30)])
        for spacing in SPACINGS
    ]
    assert lengths == sorted(lengths, reverse=True)


def test_touching_digits_touch():
    from scipy import ndimage

    pieces = [
        ndimage.label(line("touching", seed).ink >= INKED, np.ones((3, 3)))[1] for seed in range(20)
    ]
    assert np.mean(pieces) < 2.5
    assert max(pieces) < 4


def test_boxes_are_around_the_digits_and_the_seed_decides():
    made, again, other = line("wide", 5), line("wide", 5), line("wide", 6)
    np.testing.assert_array_equal(made.ink, again.ink)
    assert made.ink.shape != other.ink.shape or (made.ink != other.ink).any()
    assert made.classes == (0, 1, 2, 3)
    for left, top, right, bottom in made.boxes:
        assert (made.ink[top:bottom, left:right] >= INKED).any(axis=1).all()
        assert bottom - top > 10


def test_a_mark_is_ink_in_28_by_28():
    shapes = [punctuation(np.random.default_rng(seed)) for seed in range(40)]
    assert all(shape.shape == (28, 28) and shape.max() > composed.INKED for shape in shapes)
    amounts = [int((shape > INKED).sum()) for shape in shapes]
    assert min(amounts) < 20 < 50 < max(amounts)
