import numpy as np
import pytest

from digitbook.networks.augmentation import Augmentation

pytestmark = pytest.mark.quick


def middle(images):
    """The centre of mass of each image, as (x, y) in pixels."""
    rows, columns = np.indices(images.shape[1:])
    ink = images.sum(axis=(1, 2))
    return np.stack([(images * columns).sum((1, 2)), (images * rows).sum((1, 2))]) / ink


def spread(images):
    """The standard deviation of the ink along x and y, in pixels."""
    rows, columns = np.indices(images.shape[1:])
    x, y = middle(images)[:, :, None, None]
    ink = images.sum(axis=(1, 2))
    return np.sqrt(
        np.stack([(images * (columns - x) ** 2).sum((1, 2)), (images * (rows - y) ** 2).sum((1, 2))])
        / ink
    )


@pytest.fixture
def blocks():
    """200 copies of a block of ink, 6 wide and 10 high, in the middle of the image."""
    images = np.zeros((200, 28, 28), "float32")
    images[:, 9:19, 11:17] = 1
    return images


def varied(images, seed=0, **limits):
    return Augmentation(**limits)(images, np.random.default_rng(seed))


def test_no_limits_change_nothing(blocks):
    assert np.array_equal(varied(blocks), blocks)


def test_shift_reaches_its_limit_both_ways_and_goes_no_further(blocks):
    moves = middle(varied(blocks, shift=3)) - middle(blocks)
    assert abs(moves).max() == pytest.approx(3, abs=0.1)
    assert moves.min() == pytest.approx(-3, abs=0.1)
    assert abs(moves[0] - moves[1]).max() > 3


def test_zoom_changes_width_and_height_apart(blocks):
    ratios = spread(varied(blocks, zoom=0.2)) / spread(blocks)
    assert ratios.min() == pytest.approx(0.8, abs=0.03)
    assert ratios.max() == pytest.approx(1.2, abs=0.05)
    assert abs(ratios[0] - ratios[1]).max() > 0.2
    assert middle(varied(blocks, zoom=0.2)) == pytest.approx(middle(blocks), abs=0.01)


def test_rotation_turns_about_the_middle(blocks):
    turned = varied(blocks, rotation=90)
    assert middle(turned) == pytest.approx(middle(blocks), abs=0.01)
    width, height = spread(turned)
    assert width.max() == pytest.approx(height.max(), abs=0.1)
    assert turned.sum(axis=(1, 2)) == pytest.approx(blocks.sum(axis=(1, 2)), rel=0.02)


def test_shear_slants_and_keeps_the_height(blocks):
    slanted = varied(blocks, shear=30)
    width, height = spread(slanted)
    assert height == pytest.approx(spread(blocks)[1], abs=0.01)
    assert width.max() > spread(blocks)[0].max() * 1.3
    assert middle(slanted) == pytest.approx(middle(blocks), abs=0.01)


def test_each_image_is_varied_in_its_own_way_which_the_seed_decides(blocks):
    limits = dict(rotation=10, shear=10, zoom=0.1, shift=2)
    once = varied(blocks, **limits)
    assert np.array_equal(once, varied(blocks, **limits))
    assert not np.array_equal(once, varied(blocks, seed=1, **limits))
    assert len(np.unique(once, axis=0)) == len(once)
    assert once.dtype == np.float32
    assert 0 <= once.min() <= once.max() <= 1
