"""From a drawing of any size to 28x28, as MNIST's authors did it."""

import json

import numpy as np
import pytest
from golden import make
from PIL import Image

from digitbook.images.prepare import prepare_drawing

pytestmark = pytest.mark.quick

GOLDEN = json.loads(make.FILE.read_text())


def on_canvas(digit, top, left, side=400):
    """Put a digit of five times its size somewhere on an empty canvas."""
    canvas = np.zeros((side, side), "uint8")
    canvas[top : top + 140, left : left + 140] = enlarged(digit, 5)
    return canvas


def enlarged(digit, factor):
    size = (factor * digit.shape[1], factor * digit.shape[0])
    return np.array(Image.fromarray(digit).resize(size, Image.Resampling.BICUBIC))


def difference(a, b):
    """Return the mean absolute difference of two uint8 images, in grey levels."""
    return np.abs(a.astype(int) - b.astype(int)).mean()


def extent(image):
    """Return how many rows and columns the ink spans."""
    return tuple(int(np.ptp(np.flatnonzero(image.any(axis=axis)))) + 1 for axis in (1, 0))


def disc(height, width):
    """Draw a filled ellipse in the middle of an image that is larger by 10 on each side."""
    y, x = np.mgrid[: height + 20, : width + 20]
    inside = ((2 * y - height - 19) / height) ** 2 + ((2 * x - width - 19) / width) ** 2 <= 1
    return 255 * inside.astype("uint8")


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["name"])
def test_golden_drawings(golden):
    ink = make.read(golden["ink"]).reshape(golden["height"], golden["width"])
    expected = make.read(golden["prepared"]).reshape(28, 28)
    np.testing.assert_array_equal(prepare_drawing(ink), expected)
    np.testing.assert_array_equal(prepare_drawing(ink / 255), expected)


def test_golden_file_is_what_the_command_writes():
    assert make.content() == make.FILE.read_text()


def test_place_on_the_canvas_does_not_matter(digits):
    for digit in digits.x_test[:20]:
        prepared = [
            prepare_drawing(on_canvas(digit, *place)) for place in ((0, 0), (131, 17), (260, 260))
        ]
        np.testing.assert_array_equal(prepared[0], prepared[1])
        np.testing.assert_array_equal(prepared[0], prepared[2])


def test_size_hardly_matters(digits):
    apart = [
        difference(prepare_drawing(enlarged(digit, 10)), prepare_drawing(enlarged(digit, 20)))
        for digit in digits.x_test[:100]
    ]
    assert np.median(apart) < 1.5  # 0.8 when this was written
    assert np.mean(apart) < 2.5  # 1.4; now and then a centre of mass moves to the next pixel


def test_digits_of_mnist_stay_as_they_are(digits):
    apart = [difference(prepare_drawing(digit), digit) for digit in digits.x_test]
    assert np.median(apart) == 0
    assert np.mean(apart) < 0.1


def test_enlarged_digits_of_mnist_come_back(digits):
    apart = [difference(prepare_drawing(enlarged(digit, 10)), digit) for digit in digits.x_test[:300]]
    zeros = np.mean([digit.mean() for digit in digits.x_test[:300]])
    assert np.mean(apart) < 9, f"an empty image would be {zeros:.0f} apart"


def test_ink_fits_a_box_of_20_in_its_own_proportions():
    assert extent(prepare_drawing(disc(100, 100))) == (20, 20)
    assert extent(prepare_drawing(disc(200, 100))) == (20, 10)
    assert extent(prepare_drawing(disc(96, 240))) == (8, 20)
    assert extent(prepare_drawing(disc(10, 10))) == (20, 20)


def test_centre_of_mass_is_within_half_a_pixel_of_pixel_14(digits):
    for digit in digits.x_test[:100]:
        prepared = prepare_drawing(on_canvas(digit, 30, 170)).astype(float)
        for axis in (0, 1):
            centre = prepared.sum(axis=1 - axis) @ np.arange(28) / prepared.sum()
            assert 13.5 < centre <= 14.5


def test_faint_ink_is_made_strong():
    strong, faint = disc(100, 60), disc(100, 60) // 255 * 3
    assert prepare_drawing(strong).max() == 255
    np.testing.assert_array_equal(prepare_drawing(faint), prepare_drawing(strong))


def test_ink_is_averaged_by_area():
    halves = np.zeros((40, 40), "uint8")
    halves[::2], halves[0] = 200, 100  # lines of 200 and 0, averaged in pairs
    prepared = prepare_drawing(halves)
    assert sorted(set(prepared.ravel().tolist())) == [0, 128, 255]


def test_empty_drawings_give_zeros_and_only_they_do():
    assert prepare_drawing(np.zeros((50, 80), "uint8")).tolist() == np.zeros((28, 28)).tolist()
    assert not prepare_drawing(np.zeros((3, 4))).any()
    assert prepare_drawing(np.eye(80, dtype="uint8")).any()


def test_result_is_bytes_of_its_own_and_the_drawing_stays(digits):
    drawing = digits.x_test[0].copy()
    prepared = prepare_drawing(drawing)
    assert (prepared.dtype, prepared.shape) == ("uint8", (28, 28))
    prepared[:] = 7
    np.testing.assert_array_equal(drawing, digits.x_test[0])


@pytest.mark.parametrize(
    ("drawing", "reason"),
    [
        (np.zeros((28, 28, 3), "uint8"), r"not of shape \(28, 28, 3\)"),
        (np.zeros(784), r"not of shape \(784,\)"),
        (np.zeros((0, 28)), r"not of shape \(0, 28\)"),
        (np.full((5, 5), np.nan), "between 0 and 1.*NaN"),
        (np.array([[0.0, np.inf]]), "between 0 and 1"),
        (np.array([[0.0, -0.1]]), "between 0 and 1"),
        (np.array([[0.0, 255.0]]), "between 0 and 1"),
        (np.zeros((5, 5), "int64"), "uint8 or floats, not int64"),
        ([["a", "b"]], "uint8 or floats, not"),
    ],
)
def test_what_is_no_drawing_is_refused_in_a_sentence(drawing, reason):
    with pytest.raises(ValueError, match=reason) as refused:
        prepare_drawing(drawing)
    assert str(refused.value).endswith(".")
