"""The record of digits on papers."""

from functools import partial

from digitbook.experiments import paper_reading, records
from digitbook.experiments.ink import skeleton, store_ink_network
from digitbook.images.papers import PAPERS
from digitbook.networks import cycle, ink

ASKED = ("plain", "box")


def test_what_is_on_record_is_not_asked_again(digits, tmp_path):
    told = []
    record = paper_reading.run(digits, tmp_path, told.append, papers=ASKED[:1], count=4)
    assert list(record["papers"]) == ["plain"]
    assert records.load("papers", tmp_path) == record
    for tally in record["papers"]["plain"].values():
        assert 0 <= tally["right"] + tally["refused"] + tally["sure_errors"] <= 4
    assert record["papers"]["plain"]["network"]["right"] >= 3
    told.clear()
    record = paper_reading.run(digits, tmp_path, told.append, papers=ASKED, count=4)
    assert len(told) == 1
    assert told[0].startswith("1/1: box")
    assert list(record["papers"]) == ["plain", "box"]
    table = paper_reading.table(record)
    assert list(table["paper"]) == ["plain", "box"]
    assert {f"{way}: right" for way in paper_reading.WAYS} <= {*table.columns}


def test_other_pictures_begin_a_record_anew(digits, tmp_path):
    paper_reading.run(digits, tmp_path, print, papers=ASKED[:1], count=2)
    record = paper_reading.run(digits, tmp_path, print, papers=ASKED[1:], count=2, seed=1)
    assert list(record["papers"]) == ["box"]


def test_the_books_record_is_about_every_paper_and_the_released_networks(digits):
    record = records.load("papers")
    assert list(record["papers"]) == list(PAPERS)
    setting = paper_reading.setting_of(record["count"], record["seed"])
    assert setting == {key: record[key] for key in setting}


def test_the_network_for_ink_is_taught_and_stored(digits, tmp_path, monkeypatch):
    monkeypatch.setattr("digitbook.experiments.ink.DIGITS", 20)
    monkeypatch.setattr("digitbook.experiments.ink.SCRIBBLES", 20)
    monkeypatch.setattr(ink, "build_ink", partial(ink.build_ink, widths=(2, 3)))
    monkeypatch.setattr(cycle, "EPOCH", 1)
    monkeypatch.setattr(ink, "BATCH", 2)
    monkeypatch.setenv("DIGITBOOK_CACHE", str(tmp_path / "cache"))
    told = []
    written = store_ink_network(digits, tmp_path, pictures=4, steps=2, say=told.append)
    assert [path.name for path in written] == ["ink.keras", "ink.tflite"]
    assert all(path.stat().st_size for path in written)
    assert told[0] == "4/4 pictures"


def test_a_skeleton_is_thin_and_in_the_unit_square(digits):
    for digit in digits.x_test[:20]:
        points = skeleton(digit)
        assert points.min() == 0
        assert points.max() == 1
        assert 15 < len(points) < 1500
    assert len(skeleton(0 * digits.x_test[0])) == 0
