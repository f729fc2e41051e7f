from dataclasses import replace

import numpy as np
import pytest

from digitbook import cli, data
from digitbook.errors import DataMissing, ExperimentError
from digitbook.experiments import records, robustness, store
from digitbook.experiments.run import Run, train
from digitbook.images import corruptions
from digitbook.networks import evaluation


@pytest.fixture(scope="module")
def elsewhere(digits):
    """Another 50 digits, which the networks find as hard as upside-down digits are."""
    return replace(
        digits, name="usps", x_test=digits.x_test[100:150, ::-1], y_test=digits.y_test[100:150]
    )


@pytest.fixture(autouse=True)
def _two_corruptions(monkeypatch):
    """Two of the nine do for the tests."""
    few = {name: corruptions.CORRUPTIONS[name] for name in ("rotation", "blur")}
    monkeypatch.setattr(robustness, "CORRUPTIONS", few)


@pytest.fixture(scope="module")
def made(few, brief):
    """Two runs with their networks and records."""
    runs = [Run("softmax-quick", few, seed) for seed in (0, 1)]
    return [(run, *train(run, say=lambda line: None)) for run in runs]


@pytest.fixture
def results(made, tmp_path):
    """A results folder with the runs on record and their networks in the cache."""
    for run, model, record in made:
        store.save(model, store.model_path(run.name), record)
        records.store("runs", record, tmp_path / "results", run=run.name)
    return tmp_path / "results"


@pytest.fixture
def measured(few, elsewhere, results):
    """What `run` says and writes about both networks."""
    said = []
    record = robustness.run(few, elsewhere, results, said.append, ["softmax-quick"])
    assert records.load("robustness", results) == record
    return said, record


def answer(model, record, images):
    """The classes that a network answers and its confidence after the recorded temperature."""
    shares = evaluation.predict(model, images)
    return shares.argmax(axis=1), evaluation.with_temperature(shares, record["temperature"]).max(axis=1)


def test_each_network_answers_every_exam(measured, made, few, elsewhere):
    said, found = measured
    assert [line.split(":")[0] for line in said] == ["Corrupting the test images", "1/2", "2/2"]
    assert found["data"] == {"mnist5k": few.sha256, "usps": elsewhere.sha256}
    assert found["examples"] == {"mnist5k": 100, "usps": 50}
    assert found["corruptions"]["rotation"] == {"strengths": [10, 20, 30, 40, 50], "unit": "degrees"}
    assert list(found["runs"]) == [run.name for run, _, _ in made]
    table = records.robustness_table(found)
    assert len(table) == 2 * (1 + 2 * 5 + 1)
    for (_, model, record), (seed, rows) in zip(made, table.groupby("seed"), strict=True):
        assert record["seed"] == seed
        rows = rows.set_index(["data", "corruption", "strength"])
        assert rows.loc["mnist5k", "none", 0]["accuracy"] == record["metrics"]["accuracy"]
        predicted, confidence = answer(model, record, corruptions.corrupt(few.x_test, "blur", 3))
        row = rows.loc["mnist5k", "blur", 3]
        assert row["accuracy"] == pytest.approx((predicted == few.y_test).mean())
        assert row["confidence"] == pytest.approx(confidence.mean(), abs=1e-5)
        assert rows.loc["usps", "none", 0]["accuracy"] < 0.5


def test_the_threshold_is_what_a_hundredth_of_the_held_out_digits_stay_below(measured, made, few):
    _, found = measured
    x_validation = data.hold_out(few)[1][0]
    for run, model, record in made:
        entry = found["runs"][run.name]
        confidence = answer(model, record, x_validation)[1]
        below = np.mean(confidence < entry["threshold"])
        assert below == pytest.approx(0.01, abs=1 / len(confidence))
        predicted, confidence = answer(model, record, few.x_test)
        kept, wrong = confidence >= entry["threshold"], predicted != few.y_test
        answers = entry["answers"]
        assert (answers["refused"][0], answers["kept_errors"][0]) == (sum(~kept), sum(wrong & kept))


def test_what_is_on_record_is_not_asked_again(measured, few, elsewhere, results, monkeypatch):
    _, found = measured
    before = {name: entry["answers"] for name, entry in found["runs"].items()}
    found["runs"].popitem()
    records.store("robustness", found, results)
    asked, examine = [], robustness.examine
    monkeypatch.setattr(
        robustness, "examine", lambda run, *rest: asked.append(run["seed"]) or examine(run, *rest)
    )
    robustness.run(few, elsewhere, results, print, ["softmax-quick"])
    assert asked == [1]
    again = records.load("robustness", results)["runs"]
    assert {name: entry["answers"] for name, entry in again.items()} == before
    fewer = replace(few, x_test=few.x_test[1:], y_test=few.y_test[1:])
    robustness.run(fewer, elsewhere, results, print, ["softmax-quick"])
    assert asked == [1, 0, 1]


def test_a_network_that_is_away_is_missed_before_anything_is_computed(few, elsewhere, results, made):
    store.model_path(made[1][0].name).unlink()
    with pytest.raises(ExperimentError, match=rf"(?s)1 of 2 networks .*{made[1][0].name}"):
        robustness.run(few, elsewhere, results, print, ["softmax-quick"])
    assert not (results / "robustness.json").exists()


def test_another_network_under_the_run_s_name_is_refused(few, elsewhere, results, made):
    run, _, record = made[0]
    store.save(made[1][1], store.model_path(run.name), record)
    with pytest.raises(ExperimentError, match="is not the network that was recorded"):
        robustness.run(few, elsewhere, results, print, ["softmax-quick"])


def test_where_nothing_was_measured_the_remedy_is_named(tmp_path):
    with pytest.raises(records.RecordsMissing, match="`digitbook robustness` makes it"):
        records.load("robustness", tmp_path)


def test_the_book_s_record_agrees_with_its_runs():
    table = records.robustness_table(records.load("robustness"))
    as_it_is = table[(table["data"] == "mnist") & (table["corruption"] == "none")]
    every = records.read()
    for model in robustness.MODELS:
        rows = as_it_is[as_it_is["model"] == model].set_index("seed")["accuracy"]
        runs = {run["seed"]: run["metrics"]["accuracy"] for run in records.newest(every, model)}
        assert rows.to_dict() == pytest.approx(runs), model
        assert len(runs) == 5


def test_without_mnist_the_command_says_what_to_do(monkeypatch, tmp_path, capsys):
    def missing(name):
        raise DataMissing(f"There is no {name} here.")

    monkeypatch.setattr(data, "load", missing)
    assert cli.main(["robustness", "--results", str(tmp_path)]) == 2
    assert "There is no mnist here." in capsys.readouterr().err
