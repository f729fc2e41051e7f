import io
import json
import os
import subprocess
import sys
from string import ascii_uppercase

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from digitbook import cli
from digitbook.images import strangers
from digitbook.paths import RELEASED


@pytest.fixture(scope="module")
def drawings(digits, tmp_path_factory):
    """A folder with a drawing of each digit: enlarged, dark on light; its name is the digit."""
    folder = tmp_path_factory.mktemp("drawings")
    for digit in range(10):
        pixels = digits.x_test[np.flatnonzero(digits.y_test == digit)[0]]
        image = Image.fromarray(255 - pixels).resize((280, 280), Image.Resampling.BICUBIC)
        image.save(folder / f"{digit}.png")
    return folder


@pytest.fixture
def predict(capsys):
    """Run `digitbook predict` and return its exit code, its output and its complaints."""

    def run(*arguments):
        code = cli.main(["predict", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def blank(path):
    Image.new("L", (100, 100), 255).save(path)
    return path


def test_every_digit_in_a_folder_is_read_in_order(predict, drawings):
    code, out, err = predict(drawings, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert [item["file"] for item in found] == [str(drawings / f"{digit}.png") for digit in range(10)]
    assert [item["label"] for item in found] == list("0123456789")
    for item in found:
        assert set(item) == {"file", "label", "confidence", "probabilities", "why"}
        assert set(item["probabilities"]) == set("0123456789")
        assert sum(item["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        assert item["confidence"] == max(item["probabilities"].values())


def test_table_names_the_file_the_digit_and_the_confidence(predict, drawings):
    code, out, err = predict(drawings / "3.png", drawings / "8.png")
    assert (code, err) == (0, "")
    lines = [line for line in out.splitlines() if ".png" in line]
    for line, digit in zip(lines, "38", strict=True):
        assert f"{digit}.png" in line
        assert line.split("│")[2].strip() == digit
        assert line.split("│")[3].strip().endswith("%")


def test_what_is_no_digit_is_read_as_none_with_the_reason(predict, drawings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # short names, which the table shows whole
    (image,) = strangers.drawn({"face": strangers.SHAPES["face"]}, 1, np.random.default_rng(0))
    Image.fromarray(255 - image).resize((280, 280)).save(tmp_path / "face.png")
    code, out, err = predict(drawings / "3.png", tmp_path / "face.png", "--json")
    three, face = json.loads(out)
    assert (code, err) == (0, "")
    assert (three["label"], three["why"]) == ("3", None)
    assert (face["label"], face["why"]) == (None, "This looks like something else, not like a digit.")
    for more in ((), ("--top", "3")):
        _, out, _ = predict(drawings / "3.png", "face.png", *more)
        row = next(line for line in out.splitlines() if "face.png" in line)
        assert row.split("│")[2].strip() == "none"
        assert "face.png: This looks like something else, not like a digit.\n" in out


def test_top_shows_as_many_classes_the_likeliest_first(predict, drawings):
    _, out, _ = predict(drawings / "3.png", "--top", "3", "--json")
    _, everything, _ = predict(drawings / "3.png", "--json")
    shown = json.loads(out)[0]["probabilities"]
    known = json.loads(everything)[0]["probabilities"]
    assert list(shown) == sorted(known, key=known.get, reverse=True)[:3]
    _, out, _ = predict(drawings / "3.png", "--top", "3")
    row = next(line for line in out.splitlines() if "3.png" in line)
    others = list(shown)[1:]
    assert row.index(f" {others[0]} ") < row.index(f" {others[1]} ")


def test_standard_input_is_read(predict, drawings, monkeypatch):
    content = io.BytesIO((drawings / "5.png").read_bytes())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    code, out, _ = predict("-", "--json")
    assert code == 0
    assert [(item["file"], item["label"]) for item in json.loads(out)] == [("-", "5")]


def test_unreadable_files_are_named_and_the_rest_is_answered(predict, drawings, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no picture")
    cut = tmp_path / "cut.png"
    cut.write_bytes((drawings / "7.png").read_bytes()[:1500])
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no picture either")
    complaints = {
        text: "not an image",
        cut: "cannot be read",
        tmp_path / "absent.png": "no such file",
        tmp_path / "empty": "no images in this folder",
        blank(tmp_path / "blank.png"): "no ink",
    }
    code, out, err = predict(*complaints, drawings / "7.png")
    assert code == 2
    assert "7.png" in out
    lines = err.splitlines()
    for line, (path, complaint) in zip(lines, complaints.items(), strict=True):
        assert line.startswith(f"digitbook: {path}: ")
        assert complaint in line
    code, out, err = predict(*complaints, drawings / "7.png", "--json", "--top", "1")
    assert (code, err) == (2, "")
    *failed, last = json.loads(out)
    for item, (path, complaint) in zip(failed, complaints.items(), strict=True):
        assert set(item) == {"file", "error"}
        assert item["file"] == str(path)
        assert complaint in item["error"]
    assert last["label"] == "7"


def test_where_nothing_can_be_read_there_is_no_table(predict, tmp_path):
    code, out, err = predict(blank(tmp_path / "blank.png"))
    assert (code, out) == (2, "")
    assert "no ink" in err


def test_strange_names_are_printed_as_they_are(predict, drawings, tmp_path):
    odd = [tmp_path / "[bold]7[", tmp_path / os.fsdecode(b"\xff7")]
    for path in odd:
        path.write_bytes((drawings / "7.png").read_bytes())
    code, out, _ = predict(*odd)
    assert code == 0
    assert "[bold]7[" in out


def test_keras_network_gives_the_answers_of_its_export(predict, drawings):
    _, out, _ = predict(drawings, "--json")
    code, kerases, _ = predict(drawings, "--json", "--model", RELEASED.with_suffix(".keras"))
    assert code == 0
    for ours, theirs in zip(json.loads(out), json.loads(kerases), strict=True):
        assert theirs["label"] == ours["label"]
        assert theirs["probabilities"] == pytest.approx(ours["probabilities"], abs=1e-5)


def test_answers_carry_the_names_of_the_network_s_classes(predict, drawings, letters):
    _, out, _ = predict(drawings, "--model", letters / "letters-cnn.tflite", "--json")
    assert [item["label"] for item in json.loads(out)] == list("ABCDEFGHIJ")
    assert list(json.loads(out)[0]["probabilities"]) == list(ascii_uppercase)
    _, out, _ = predict(drawings / "3.png", "--model", letters / "letters-cnn.keras", "--top", "2")
    row = next(line for line in out.splitlines() if "3.png" in line)
    assert row.split("│")[2].strip() == "D"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("absent.tflite", "no file"), ("absent.keras", "no file"), ("pyproject.toml", "no file")],
)
def test_bad_network_is_one_sentence_and_exit_2(name, reason, predict, drawings):
    code, out, err = predict(drawings, "--model", ROOT / name)
    assert (code, out) == (2, "")
    assert reason in err
    assert err.count("\n") == 1


def in_a_process(*arguments):
    """Run the command and print in the end which large libraries it has imported."""
    program = (
        "import sys; from digitbook import cli; code = cli.main(sys.argv[1:]);"
        "print(sorted({'tensorflow', 'keras', 'pandas', 'sklearn'} & set(sys.modules))); sys.exit(code)"
    )
    command = [sys.executable, "-c", program, "predict", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_command_starts_without_tensorflow(drawings):
    result = in_a_process(drawings / "4.png")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("[]\n")


def test_too_large_an_image_is_one_sentence(tmp_path):
    Image.new("1", (10_000, 10_000)).save(tmp_path / "bomb.png")
    result = in_a_process(tmp_path / "bomb.png")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "more than the 50,331,648 pixels" in result.stderr


def test_without_a_file_the_command_says_what_it_needs(capsys):
    assert cli.main(["predict"]) == 2
    assert "Missing argument 'FILE...'" in capsys.readouterr().err
