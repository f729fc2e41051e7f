"""The pictures that the network for ink is taught with."""

import numpy as np
import pytest

from digitbook.images import practice

pytestmark = pytest.mark.quick

PATHS = practice.scribbles(20, seed=0)


def made(number, side=64):
    return practice.picture(PATHS, np.random.default_rng([0, number]), side)


def test_a_picture_and_its_ink_have_one_size_and_depend_on_the_seed_alone():
    picture, ink = made(2)
    assert (picture.shape, picture.dtype) == ((64, 64, 3), "uint8")
    assert (ink.shape, ink.dtype) == ((64, 64), "float32")
    assert (ink.min(), ink.max()) == (0, 1)
    np.testing.assert_array_equal(picture, made(2)[0])
    assert not np.array_equal(picture, made(3)[0])


def test_ink_shows_in_the_picture():
    """Where ink is meant, most pictures differ from their surroundings."""
    apart = []
    for number in range(40):
        picture, ink = made(number)
        if ink.max() == 1:
            inside, outside = picture[ink > 0.9], picture[ink == 0]
            apart.append(np.abs(np.median(inside, axis=0) - np.median(outside, axis=0)).max())
    assert np.mean(np.array(apart) > 15) > 0.8


def test_some_pictures_are_empty_and_few_are_full():
    shares = np.array([made(number)[1].mean() for number in range(100)])
    assert 2 <= np.sum(shares == 0) <= 20
    assert np.median(shares) < 0.2


def test_scribbles_lie_in_the_unit_square_without_gaps():
    for path in PATHS:
        assert path.min() >= 0
        assert path.max() <= 1
        steps = np.hypot(*np.diff(path, axis=0).T)
        assert np.median(steps) < 0.03
