"""Refusing what is no digit: the record, and the guard that is stored beside it."""

from dataclasses import replace

import numpy as np
import pytest

from digitbook import cli
from digitbook.experiments import records, refusal, store
from digitbook.inference.network import CONFIDENCE_LIMIT, GUARD, Network
from digitbook.networks import models
from digitbook.networks.training import Recipe
from digitbook.paths import RELEASED
from digitbook.release import export


@pytest.fixture
def few_letters(few):
    """Digits under the names of letters, as the letters of a data set."""
    return replace(few, name="letters", class_names=tuple("ABCDOEFGHI"))


def test_every_way_is_recorded_with_its_limit(few, few_letters, tmp_path, monkeypatch):
    monkeypatch.setattr(refusal, "SAMPLES", dict.fromkeys(refusal.SAMPLES, 20))
    monkeypatch.setattr(refusal, "RECIPE", Recipe(epochs=1, learning_rate=0.01))
    monkeypatch.setattr(refusal, "ASKED", 50)
    reader = RELEASED.with_suffix(".keras")
    told = []
    record = refusal.run(few, few_letters, [], reader, tmp_path, told.append, seeds=[0])
    assert list(record["ways"]) == ["confidence", "energy", "Mahalanobis", "neighbours", "guard 0"]
    assert records.load("refusal", tmp_path)["ways"] == record["ways"]
    for way in record["ways"].values():
        assert way["answered"].keys() == record["images"].keys()
        assert all(0 <= way["sure"][kind] <= share <= 1 for kind, share in way["answered"].items())
    assert list(refusal.table(record).columns)[-1] == "guard"
    guard, note = store.load_network(tmp_path / "guard.keras")
    assert note["confidence_limit"] == record["ways"]["guard 0"]["limit"]
    export.export(tmp_path / "guard.keras", tmp_path)
    read = Network.load(tmp_path / "guard.tflite")
    assert (read.kind, read.guard) == ("guard", None)
    expected = models.build_cnn(5, (12, 20, 40)).count_params()
    assert guard.count_params() == record["parameters"] == expected


def test_the_books_record_is_about_the_released_networks():
    record = records.load("refusal")
    reader = Network.load(RELEASED).description
    assert record["reader"] == reader["weights_sha256"]
    guard = Network.load(GUARD).description
    assert guard["confidence_limit"] == record["ways"]["guard 0"]["limit"]
    assert len([way for way in record["ways"] if way.startswith("guard")]) == 5


def test_the_guard_lets_digits_pass_and_few_strangers():
    found = refusal.table(records.load("refusal")).set_index("images")["guard"]
    assert found["mnist"] > 0.985
    assert found["letters"] < 0.12
    assert found[["dot", "dots", "dash", "scribble", "face"]].max() < 0.05


def test_the_released_guard_answers_as_keras_does(digits):
    model, _ = store.load_network(GUARD.with_suffix(".keras"))
    images = digits.x_test[:200]
    found = Network.load(GUARD).probabilities(images)
    assert np.abs(found - model.predict(images / np.float32(255), verbose=0)).max() < 1e-4


def test_limit_of_confidence_is_that_of_the_pages():
    assert records.load("refusal")["limit"] == CONFIDENCE_LIMIT


def test_a_set_that_is_missing_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DIGITBOOK_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert cli.main(["refusal", "--results", str(tmp_path)]) == 2
    assert "is not on this machine" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.json"))
