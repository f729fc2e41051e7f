"""Images of what is no digit: that they are images as networks take them, and show what they should."""

import numpy as np
import pytest

from digitbook.images import strangers
from digitbook.images.handwriting import draw, drawings
from digitbook.images.prepare import prepare_drawing

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def digits():
    """Ten digits by one hand, and their classes."""
    written = list(drawings(1))[::5]
    images = [prepare_drawing(draw(strokes, pen)) for *_, strokes, pen in written]
    return np.stack(images), np.array([digit for digit, *_ in written])


def makers(digits):
    images, classes = digits
    shapes = strangers.SHAPES | strangers.UNSEEN
    return {
        "several": lambda rng: strangers.several(images, 12, rng),
        "parts": lambda rng: strangers.parts(images[classes != 1], 12, rng),
        "turned": lambda rng: strangers.turned(images, classes, 12, rng),
        **{
            name: lambda rng, name=name, make=make: strangers.drawn({name: make}, 12, rng)
            for name, make in shapes.items()
        },
    }


def test_every_kind_makes_prepared_images_that_differ_and_come_again(digits):
    for name, make in makers(digits).items():
        images = make(np.random.default_rng(5))
        assert (images.shape, images.dtype) == ((12, 28, 28), np.dtype("uint8")), name
        assert (images.max(axis=(1, 2)) == 255).all(), name
        assert len({image.tobytes() for image in images}) > 4, name
        assert np.array_equal(images, make(np.random.default_rng(5))), name
        assert not np.array_equal(images, make(np.random.default_rng(6))), name


def test_several_digits_are_mostly_wider_than_high(digits):
    images = strangers.several(digits[0], 100, np.random.default_rng(0))
    high, wide = (
        np.array([np.ptp(np.flatnonzero(image.max(axis=axis))) for image in images]) for axis in (1, 0)
    )
    assert (wide > high).mean() > 0.7


def test_a_part_is_no_slim_stroke(digits):
    images, classes = digits
    for part in strangers.parts(images[classes != 1], 30, np.random.default_rng(0)):
        assert np.ptp(np.flatnonzero(part.max(axis=0))) >= 10


def test_only_digits_that_stay_none_are_turned(digits):
    images, classes = digits
    for digit in (0, 1, 8):
        assert digit not in strangers.TURNED + strangers.MIRRORED
    three = images[classes == 3]
    mirrored, *_ = strangers.turned(three, np.full(len(three), 3), 2, np.random.default_rng(0))[::-1]
    assert np.array_equal(mirrored, prepare_drawing(three[0][:, ::-1]))


def test_a_dash_lies_and_a_dot_is_full():
    rng = np.random.default_rng(0)
    for dash in strangers.drawn({"dash": strangers.SHAPES["dash"]}, 20, rng):
        assert np.ptp(np.flatnonzero(dash.max(axis=0))) >= 18
    for dot in strangers.drawn({"dot": strangers.SHAPES["dot"]}, 20, rng):
        assert dot[10:18, 10:18].mean() > 120
