"""The record of lines of digits, cutting them, and teaching the network for them."""

import json

import numpy as np
import pytest

from digitbook.experiments import line_reader, line_reading, records, segmentation
from digitbook.images.composed import OTHER, SPACINGS, compose
from digitbook.images.lines import joined, lines_of
from digitbook.inference.network import Network
from digitbook.networks import cycle, line


def composed(digits, count, spacing, seed=0):
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, 1000, count)
    return compose(list(digits.x_test[chosen]), list(map(int, digits.y_test[chosen])), spacing, rng)


def test_fragments_make_up_the_line_and_are_more_than_its_digits(digits):
    for seed in range(10):
        pieces = lines_of(composed(digits, 4, "touching", seed).ink)[0]
        fragments = segmentation.fragments(pieces)
        assert len(fragments) >= 4
        np.testing.assert_array_equal(joined(fragments).ink, joined(pieces).ink)


def test_lines_of_separate_digits_are_read_by_cutting(digits):
    reader = Network.load()
    right = 0
    for seed in range(20):
        made = composed(digits, 3, "wide", seed)
        number, confidence = segmentation.read_by_cutting(lines_of(made.ink)[0], reader)
        right += number == "".join(map(str, made.classes))
        assert 0 <= confidence <= 1
    assert right >= 16


@pytest.fixture
def few_kinds(monkeypatch):
    monkeypatch.setattr(line_reading, "LENGTHS", (1, 4))
    monkeypatch.setattr(line_reading, "PAPERS", {"plain": line_reading.PAPERS["plain"]})


def test_what_is_on_record_is_not_asked_again(digits, tmp_path, few_kinds):
    told = []
    asked = {"count": 2, "many": 3, "on_paper": 1}
    record = line_reading.run(digits, tmp_path, told.append, **asked)
    assert records.load("numbers", tmp_path) == record
    assert len(told) == len(record["lines"]) == 4 * 2 + 4 + 2
    assert set(record["lines"]["mnist5k, wide, 4"]["ways"]) == {"released", "whole", "cutting"}
    assert set(record["lines"]["mnist5k, plain, narrow, 4"]["ways"]) == {"released"}
    assert record["lines"]["hands, touching, 4"]["count"] == 3
    for kind in record["lines"].values():
        for found in kind["ways"].values():
            assert found["right"] + found["refused"] + found["sure_errors"] <= kind["count"]
            assert found["milliseconds"] > 0
    told.clear()
    stored = dict(record, lines=dict(list(record["lines"].items())[:-1]))
    records.store("numbers", stored, tmp_path)
    again = line_reading.run(digits, tmp_path, told.append, **asked)
    assert len(told) == 1
    assert list(again["lines"]) == list(record["lines"])
    table = line_reading.table(again)
    assert list(table["lines"]) == list(record["lines"])
    assert {"released: right", "released: wrong and sure"} <= {*table.columns}


def test_the_books_record_is_about_the_released_networks():
    record = records.load("numbers")
    described = json.loads(line_reading.LINE_NETWORK.with_suffix(".json").read_text())
    assert record["line_network"] == described["weights_sha256"]
    assert record["network"] == Network.load().description["weights_sha256"]
    assert {kind["spacing"] for kind in record["lines"].values()} == set(SPACINGS)


def test_lines_to_learn_from_hold_digits_and_sometimes_what_is_none(digits):
    letters = np.full((5, 28, 28), 0, "uint8")
    letters[:, 4:24, 12:16] = 255
    make = line_reader.Composer(digits.x_train, digits.y_train, letters)
    rng = np.random.default_rng(0)
    others = 0
    for _ in range(200):
        image, classes = make(rng, 3)
        assert image.shape[0] == 32
        assert image.max() == 255
        assert sum(each != OTHER for each in classes) == 3
        others += OTHER in classes
    assert 15 < others < 80


def test_the_network_for_lines_is_taught_and_stored(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(cycle, "EPOCH", 2)
    monkeypatch.setattr(line, "BATCH", 2)
    monkeypatch.setattr(line_reader, "HELD", 10)
    monkeypatch.setenv("DIGITBOOK_CACHE", str(tmp_path / "cache"))
    told = []
    letters = digits  # any images do: their classes are not asked
    written = line_reader.store_line_network(digits, letters, tmp_path, steps=4, say=told.append)
    assert [path.name for path in written] == ["line.keras", "line.tflite", "line.json"]
    assert told[-1].startswith("4/4 batches")
    described = json.loads(written[2].read_text())
    assert 0.5 <= described["temperature"] <= 4
    assert described["data_sha256"] == digits.sha256
