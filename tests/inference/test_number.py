"""Reading numbers: what is found, where, how sure, and what is refused."""

import json

import numpy as np
import pytest
from PIL import Image

from digitbook import cli
from digitbook.images import handwriting, strangers
from digitbook.images.composed import compose, punctuation
from digitbook.images.lines import lines_of
from digitbook.images.prepare import prepare_drawing
from digitbook.images.read import NotReadable
from digitbook.inference.network import Network
from digitbook.inference.number import MOST_LINES, LineReader, numbers
from digitbook.paths import RESULTS

WHOLE = np.array([0.0, 0.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def reader():
    return LineReader.load(Network.load())


def strokes_of(text, size=120, gap=25, corner=(40, 40)):
    """What a hand writes on a wide canvas: the strokes of a number."""
    hands = handwriting.hands()
    x, y = corner
    strokes = []
    for character in text:
        (written, *_) = [hands[key] for key in hands if key[0] == int(character)]
        points = np.concatenate(written)
        strokes += [(stroke - points.min(axis=0)) * size + (x, y) for stroke in written]
        x += np.ptp(points, axis=0)[0] * size + gap
    return strokes


def drawn(*lines, gap=25, side=700):
    strokes = []
    for row, text in enumerate(lines):
        strokes += strokes_of(text, gap=gap, corner=(40, 40 + 200 * row))
    return handwriting.draw(strokes, 12, side)


def letter_like(seed):
    (shape,) = strangers.drawn({"star": strangers.UNSEEN["star"]}, 1, np.random.default_rng(seed))
    return shape


@pytest.mark.parametrize("text", ["2025", "7", "9041", "00700", "318462"])
def test_a_number_is_read_with_its_zeros(reader, text):
    (found,) = numbers(reader, drawn(text), WHOLE)
    assert found["number"] == text
    assert found["why"] is None
    assert [digit["digit"] for digit in found["digits"]] == list(text)
    assert 0.5 < found["confidence"] <= min(digit["confidence"] for digit in found["digits"])


def test_touching_digits_are_read(reader):
    ink = drawn("2025", gap=-4)
    assert len(lines_of(ink)[0]) < 4
    (found,) = numbers(reader, ink, WHOLE)
    assert found["number"] == "2025"


def test_lines_come_from_top_to_bottom(reader):
    assert [found["number"] for found in numbers(reader, drawn("417", "2025", "8"), WHOLE)] == [
        "417",
        "2025",
        "8",
    ]


def test_boxes_are_shares_of_the_picture_and_lie_around_the_digits(reader):
    ink = drawn("4071")
    (found,) = numbers(reader, ink, np.array([0.5, 0.0, 1.0, 0.5]))
    lefts = [digit["box"][0] for digit in found["digits"]]
    assert lefts == sorted(lefts)
    inked = np.flatnonzero((ink > 127).any(axis=0)) / ink.shape[1]
    assert found["box"][0] == pytest.approx(0.5 + inked[0] / 2, abs=0.01)
    assert found["box"][2] == pytest.approx(0.5 + inked[-1] / 2, abs=0.01)
    for digit in found["digits"]:
        left, top, right, bottom = digit["box"]
        assert found["box"][0] <= left < right <= found["box"][2]
        assert found["box"][1] <= top < bottom <= found["box"][3]


def test_a_sign_is_told_and_not_guessed(reader, digits):
    rng = np.random.default_rng(1)
    told = []
    for seed in range(20):
        images = list(digits.x_test[rng.integers(0, 1000, 3)])
        images.insert(1, punctuation(np.random.default_rng(seed)))
        line = compose(images, [0, 10, 0, 0], "wide", rng)
        (*_, found) = numbers(reader, line.ink, WHOLE)
        told.append(found["number"] is None and found["why"])
    assert np.mean([bool(why) for why in told]) >= 0.8
    assert "Place 2 of 4 in this line is no digit but a sign or a letter." in told


def test_what_is_no_digit_is_no_number(reader):
    (found,) = numbers(reader, letter_like(0), WHOLE)
    assert found["number"] is None
    assert found["why"].endswith(".")


def test_a_page_of_text_is_refused(reader):
    page = np.zeros((40 * (MOST_LINES + 2), 200), "uint8")
    for row in range(MOST_LINES + 2):
        page[40 * row + 5 : 40 * row + 25, 20:40] = 255
    with pytest.raises(NotReadable, match="more than 30 lines"):
        numbers(reader, page, WHOLE)


def test_a_long_stroke_is_longer_than_a_line(reader):
    ink = np.zeros((20, 600), "uint8")
    ink[8:12, 10:590] = 255
    (found,) = numbers(reader, ink, WHOLE)
    assert found["why"] == "This is longer than a line of digits."


def test_single_digits_are_read_as_their_own_reader_does(reader, digits):
    single = Network.load()
    images = digits.x_test[:60]
    alone = single.probabilities(images).argmax(axis=1)
    found = [numbers(reader, image, WHOLE) for image in images]
    same = [
        len(each) == 1 and each[0]["number"] == str(label)
        for each, label in zip(found, alone, strict=True)
    ]
    assert np.mean(same) >= 0.9


def test_the_network_for_lines_reads_alone_too(digits):
    whole = LineReader.load(None)
    rng = np.random.default_rng(2)
    right = 0
    for _ in range(30):
        chosen = rng.integers(0, 1000, 3)
        line = compose(list(digits.x_test[chosen]), list(digits.y_test[chosen]), "touching", rng)
        right += whole.read(lines_of(line.ink)[0]).classes == line.classes
    assert right >= 24


# On the command line


@pytest.fixture
def predict(capsys):
    def run(*arguments):
        code = cli.main(["predict", "--numbers", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(255 - drawn("417", "2025")).save(tmp_path / "two.png")
    return tmp_path / "two.png"


def test_the_command_reads_numbers(predict, photo, monkeypatch):
    code, out, err = predict(photo, "--json")
    assert (code, err) == (0, "")
    (item,) = json.loads(out)
    assert set(item) == {"file", "numbers"}
    assert [found["number"] for found in item["numbers"]] == ["417", "2025"]
    monkeypatch.chdir(photo.parent)
    _, out, _ = predict("two.png")
    assert "417" in out
    assert "2025" in out


def test_the_command_says_why_there_is_no_number(predict, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    star = Image.fromarray(255 - letter_like(0)).resize((280, 280), Image.Resampling.BICUBIC)
    star.save("star.png")
    Image.new("L", (100, 100), 255).save("blank.png")
    code, out, err = predict("star.png", "blank.png")
    assert code == 2
    assert "none" in out
    assert "star.png, line 1: " in out
    assert err == "digitbook: blank.png: There is no ink in this image.\n"


def test_a_network_for_letters_reads_no_numbers(predict, photo):
    code, _, err = predict(photo, "--model", RESULTS / "letters-cnn-short.tflite")
    assert code == 2
    assert err == "digitbook: --numbers reads digits, and this network reads letters.\n"


def test_a_prepared_digit_is_a_line_of_one(reader):
    seven = next(
        handwriting.draw(s, pen) for digit, *_, s, pen in handwriting.drawings(1) if digit == 7
    )
    (found,) = numbers(reader, prepare_drawing(seven), WHOLE)
    assert found["number"] == "7"
