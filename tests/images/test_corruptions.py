import numpy as np
import pytest

from digitbook.images.corruptions import CORRUPTIONS, corrupt

pytestmark = pytest.mark.quick

ALL = pytest.mark.parametrize("name", CORRUPTIONS)


@pytest.fixture
def few(digits):
    return digits.x_test[:40]


def centre(images):
    """The centre of mass of each image, as rows of (row, column)."""
    ink = images.astype(float)
    places = np.indices(images.shape[1:]).reshape(2, -1)
    return ink.reshape(len(ink), -1) @ places.T / ink.sum(axis=(1, 2))[:, None]


def extent(images):
    """The rows and columns that hold ink, counted in each image."""
    return np.stack([images.any(axis=2).sum(axis=1), images.any(axis=1).sum(axis=1)], axis=1)


def blocks(rows, columns, count=60):
    """Images with a block of full ink, so many rows high and columns wide, in the middle."""
    images = np.zeros((count, 28, 28), "uint8")
    top, left = 14 - rows // 2, 14 - columns // 2
    images[:, top : top + rows, left : left + columns] = 255
    return images


@ALL
def test_each_strength_changes_more_and_nothing_else_about_the_arrays(name, few):
    before = few.copy()
    changes = []
    for strength in range(6):
        images = corrupt(few, name, strength)
        assert (images.dtype, images.shape) == ("uint8", few.shape)
        changes.append(np.abs(images.astype(float) - few).mean())
    assert changes[0] == 0
    assert changes == sorted(set(changes))
    assert np.array_equal(few, before)


@ALL
def test_the_seed_decides_all_that_is_random(name, few):
    images = corrupt(few, name, 3)
    assert np.array_equal(images, corrupt(few, name, 3))
    by_luck = name in {"shift", "rotation", "noise", "occlusion"}
    assert np.array_equal(images, corrupt(few, name, 3, seed=1)) != by_luck


def test_shift_moves_each_way_by_its_pixels_and_further_that_way_when_stronger():
    images = blocks(10, 6)
    moves = [centre(corrupt(images, "shift", strength)) - centre(images) for strength in (1, 4)]
    assert {tuple(move) for move in moves[1].round(9)} == {(4, 0), (-4, 0), (0, 4), (0, -4)}
    assert moves[1] == pytest.approx(4 * moves[0])


def test_rotation_turns_by_its_angle_both_ways_about_the_middle():
    turned = corrupt(blocks(20, 4), "rotation", 3)
    assert centre(turned) == pytest.approx(np.full((60, 2), 13.5), abs=0.05)
    rows, columns = np.indices((28, 28)) - 13.5
    moments = [(turned * weight).sum(axis=(1, 2), dtype=float) for weight in (rows * columns, rows**2)]
    angles = np.degrees(np.arctan(moments[0] / moments[1]))
    assert np.unique(angles.round()).tolist() == [-29, 29]  # the bar's width takes a degree off


def test_scale_shrinks_to_its_share_about_the_middle():
    shrunk = corrupt(blocks(20, 12), "scale", 5)
    assert extent(shrunk > 127).tolist() == [[10, 6]] * 60
    assert centre(shrunk) == pytest.approx(np.full((60, 2), 13.5), abs=0.01)
    assert shrunk.sum() == pytest.approx(blocks(20, 12).sum() / 4, rel=0.02)


@pytest.mark.parametrize(("name", "sign"), [("thinner", -1), ("thicker", 1)])
@pytest.mark.parametrize(("strength", "pixels"), [(1, 0.5), (2, 1), (4, 2)])
def test_lines_become_thinner_and_thicker_by_their_pixels(name, sign, strength, pixels):
    for images, axis in ((blocks(20, 6), 0), (blocks(6, 20), 1)):
        (line,) = np.moveaxis(corrupt(images[:1], name, strength), axis + 1, 1)[:, 14]
        assert line.sum() / 255 == pytest.approx(6 + sign * pixels, abs=0.02)


def test_blur_spreads_the_ink_and_keeps_it():
    point = np.zeros((1, 28, 28), "uint8")
    point[0, 10:18, 10:18] = 255
    blurred = corrupt(point, "blur", 4)[0].astype(float)
    assert blurred.sum() == pytest.approx(point.sum(), rel=0.01)
    variances = [
        np.average((np.arange(28) - 13.5) ** 2, weights=image.sum(axis=0))
        for image in (point[0], blurred)
    ]
    assert variances[1] - variances[0] == pytest.approx(2**2, rel=0.05)


def test_noise_has_its_deviation_and_stays_within_the_grey_levels():
    grey = np.full((20, 28, 28), 128, "uint8")
    assert corrupt(grey, "noise", 1).std() == pytest.approx(25, rel=0.03)
    strong = corrupt(blocks(20, 20), "noise", 5)
    assert (strong[:, :4] == 0).mean() == pytest.approx(0.5, abs=0.02)
    assert (strong[:, 10:18, 10:18] == 255).mean() == pytest.approx(0.5, abs=0.02)


def test_occlusion_empties_one_square_anywhere_within_the_box():
    missing = corrupt(np.full((2000, 28, 28), 255, "uint8"), "occlusion", 2) == 0
    assert (extent(missing) == 6).all()
    assert (missing.sum(axis=(1, 2)) == 36).all()
    assert np.flatnonzero(missing.any(axis=(0, 2)))[[0, -1]].tolist() == [4, 23]
    assert np.flatnonzero(missing.any(axis=(0, 1)))[[0, -1]].tolist() == [4, 23]


def test_contrast_keeps_its_share_between_paper_and_ink():
    assert sorted(np.unique(corrupt(blocks(6, 6), "contrast", 4))) == [102, 153]


@pytest.mark.parametrize("strength", [-1, 6, 2.5])
def test_another_strength_is_refused(strength, few):
    with pytest.raises(ValueError, match="one of 0 to 5"):
        corrupt(few, "blur", strength)
