"""Photos and scans, made from real digits, come back as the digits they were made from."""

import io

import numpy as np
import pytest
from PIL import Image
from test_prepare import difference

from digitbook.images.handwriting import draw, drawings
from digitbook.images.photo import clean_photo
from digitbook.images.prepare import prepare_drawing

pytestmark = pytest.mark.quick

PICKED = range(0, 200, 10)


def stroke_mask(digit, width, height, fill=0.5):
    """Lay a digit in the middle of an image: float64 from 0 to 1 of shape `(height, width)`."""
    side = int(min(width, height) * fill)
    digit = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    page = Image.new("L", (width, height))
    page.paste(digit, ((width - side) // 2, (height - side) // 2))
    return np.asarray(page, "float64") / 255


def photo(digit, width=600, height=400, paper=0.85, ink=0.2, light=0.0, noise=0.0, fill=0.5):
    """Photograph a digit on paper: the light falls off by the share `light` from corner to corner."""
    mask = stroke_mask(digit, width, height, fill)
    y, x = np.mgrid[:height, :width]
    reflected = paper + (ink - paper) * mask
    lit = reflected * (1 - light * (x / width + y / height) / 2)
    noisy = lit + np.random.default_rng(0).normal(0, noise, lit.shape) if noise else lit
    return np.uint8(255 * np.clip(noisy, 0, 1))


def apart(image, digit):
    return difference(prepare_drawing(clean_photo(image)), digit)


def check(digits, make_image, mean=16.0, worst=45.0):
    """Compare what comes back with the digits; unrelated digits are 40 to 60 grey levels apart."""
    found = [apart(make_image(digit), digit) for digit in digits.x_test[PICKED]]
    print(f"mean {np.mean(found):.1f}, largest {np.max(found):.1f} grey levels apart")
    assert np.mean(found) < mean
    assert np.max(found) < worst


def test_dark_ink_on_light_paper(digits):
    check(digits, photo)


def test_light_ink_on_dark_paper(digits):
    check(digits, lambda digit: photo(digit, paper=0.15, ink=0.8))


def test_uneven_light(digits):
    check(digits, lambda digit: photo(digit, light=0.6))


def test_uneven_light_on_a_blackboard(digits):
    check(digits, lambda digit: photo(digit, paper=0.3, ink=0.9, light=0.5))


def test_noise(digits):
    check(digits, lambda digit: photo(digit, noise=0.06))


def test_pencil(digits):
    check(digits, lambda digit: photo(digit, ink=0.6, noise=0.02, light=0.3))


def test_the_shadow_of_a_hand(digits):
    def shadowed(digit):
        image = photo(digit).astype(float)
        image[:, 250:] *= 1 - 0.4 * np.clip((np.arange(350) - 10) / 40, 0, 1)
        return image.astype("uint8")

    check(digits, shadowed)


def test_a_page_on_a_dark_table_with_specks(digits):
    def on_table(digit):
        image = photo(digit, light=0.3, noise=0.02)
        image[:, :45], image[360:] = 50, 40
        image[60:64, 100:104] = image[300:303, 500:503] = 30
        return image

    check(digits, on_table)


@pytest.mark.parametrize("size", [(3000, 2000), (1000, 1800), (90, 70), (40, 40)])
def test_any_size(digits, size):
    for digit in digits.x_test[:4]:
        assert apart(photo(digit, *size, light=0.3, noise=0.01, fill=0.6), digit) < 35


def test_a_small_digit_on_a_large_photo(digits):
    for digit in digits.x_test[:4]:
        assert apart(photo(digit, 3000, 2000, light=0.3, noise=0.03, fill=0.15), digit) < 40


def test_digits_of_mnist_are_photos_too(digits):
    check(digits, lambda digit: np.kron(digit, np.ones((10, 10), "uint8")))
    check(digits, lambda digit: np.kron(255 - digit, np.ones((10, 10), "uint8")))


def test_a_drawing_on_even_paper_is_read_as_the_page_reads_it():
    for *_, strokes, pen in drawings(1):
        ink = draw(strokes, pen)
        for paper, full in ((255, 0), (0, 255), (240, 20), (60, 200)):
            image = np.uint8(np.round(paper + (full - paper) * (ink / 255)))
            found = prepare_drawing(clean_photo(image)).astype(int)
            assert abs(found - prepare_drawing(ink)).max() <= (2 if full % 255 else 0)


def test_a_transparent_drawing(digits):
    for colour in (0, 255):

        def transparent(digit, colour=colour):
            alpha = np.uint8(255 * stroke_mask(digit, 300, 300, 0.8))
            return np.dstack([np.full((300, 300, 3), colour, "uint8"), alpha])

        check(digits, transparent)


def test_a_photo_taken_sideways(digits):
    digit = digits.x_test[3]
    sideways = Image.fromarray(np.rot90(photo(digit)))  # turned left; orientation 6 turns it right
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    sideways.save(file, "JPEG", quality=90, exif=exif)
    opened = Image.open(file)
    assert opened.size == (400, 600)
    upright = prepare_drawing(clean_photo(photo(digit)))
    assert difference(prepare_drawing(clean_photo(opened)), upright) < 3


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "I;16", "F"]
)
def test_every_mode_of_pillow(digits, mode):
    grey = photo(digits.x_test[3])
    image = Image.fromarray(grey.astype("uint16") * 257 if mode == "I;16" else grey)
    converted = image if mode == "I;16" else image.convert(mode, dither=Image.Dither.NONE)
    found = prepare_drawing(clean_photo(converted))
    assert difference(found, prepare_drawing(clean_photo(grey))) < (20 if mode == "1" else 6)


def test_arrays_in_colour_and_in_floats(digits):
    grey = photo(digits.x_test[3])
    expected = prepare_drawing(clean_photo(grey))
    for array in (grey / 255, np.dstack([grey] * 3), np.dstack([grey, grey // 2, grey // 3])):
        assert difference(prepare_drawing(clean_photo(array)), expected) < 2


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("light", [0.0, 0.6])
def test_empty_paper_has_no_ink(noise, light):
    empty = np.zeros((28, 28), "uint8")
    assert not clean_photo(photo(empty, light=light, noise=noise)).any()


def test_a_photo_of_one_pixel_has_no_ink():
    assert clean_photo(np.full((1, 1), 200, "uint8")).tolist() == [[0]]


def test_paper_is_exactly_zero_and_the_photo_stays(digits):
    image = photo(digits.x_test[3], noise=0.05)
    before = image.copy()
    ink = clean_photo(image)
    assert ink.dtype == "uint8"
    assert not ink[[0, -1]].any()
    assert not ink[:, [0, -1]].any()
    assert (ink == 0).mean() > 0.5
    np.testing.assert_array_equal(image, before)


def test_strokes_that_would_fade_are_widened():
    faded, widened = [], []
    for *_, strokes, _ in drawings(1):
        thin, bold = draw(strokes, 2.0), prepare_drawing(draw(strokes, 16.0))
        faded.append(difference(prepare_drawing(thin), bold))
        widened.append(difference(prepare_drawing(clean_photo(255 - thin)), bold))
    assert np.mean(widened) < 0.6 * np.mean(faded)


def test_ink_that_differs_in_colour_alone():
    *_, strokes, pen = next(drawings(1))
    ink = draw(strokes, pen)[..., None] / 255
    red, green = np.array([210, 70, 60]), np.array([60, 150, 40])
    picture = np.uint8(green + ink * (red - green))
    assert difference(prepare_drawing(clean_photo(picture)), prepare_drawing(draw(strokes, pen))) < 3


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((0, 5), "uint8"), r"not of shape \(0, 5\)"),
        (np.zeros((5, 5, 2), "uint8"), r"not of shape \(5, 5, 2\)"),
        (np.full((5, 5), np.nan), "NaN"),
        (np.full((5, 5), 255.0), "between 0 and 1"),
        (np.zeros((5, 5), "int32"), "not int32"),
    ],
)
def test_what_is_no_photo_is_refused_in_a_sentence(array, reason):
    with pytest.raises(ValueError, match=reason):
        clean_photo(array)
