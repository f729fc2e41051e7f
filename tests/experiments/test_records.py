import numpy as np
import pytest
from scipy import stats

from digitbook.experiments import records

pytestmark = pytest.mark.quick


def record(model="dense", seed=0, accuracy=0.5, configuration="aaaa", **more):
    return {
        "model": model,
        "data": "mnist",
        "configuration": configuration,
        "seed": seed,
        "status": "done",
        "metrics": {"accuracy": accuracy},
        "errors": round(4 * (1 - accuracy)),
        "parameters": 10,
        "seconds": 2.0 + seed,
        "cpu_seconds": 3.0,
        **more,
    }


def test_answers_come_back_as_they_were(tmp_path):
    predicted = np.arange(4, dtype="uint8")
    confidence = np.array([0.5, 0.25, 1, 0.9], "float16")
    stored = {"predicted": records.pack(predicted), "confidence": records.pack(confidence)}
    mistakes = {"index": [2], "true": [7]}
    records.store("runs", record(answers=stored, mistakes=mistakes), tmp_path, run="one")
    found = records.load("runs", tmp_path, run="one")
    assert records.answers(found)[0].tolist() == [0, 1, 2, 3]
    assert records.answers(found)[1].tolist() == confidence.tolist()
    assert records.truth(found).tolist() == [0, 1, 7, 3]


def test_spread_is_students_interval():
    values = [0.98, 0.99, 0.985, 0.987, 0.991]
    mean, low, high = records.spread(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (low, mean, high) == pytest.approx((expected.low, np.mean(values), expected.high))


def test_summary_keeps_configurations_apart_and_orders_them():
    table = records.summary(
        [record(seed=seed, accuracy=accuracy) for seed, accuracy in enumerate((0.75, 1, 0.5))]
        + [record(configuration="bbbb", accuracy=0.25)]
    )
    assert table["recipe"].tolist() == ["bbbb", "aaaa"]
    assert table["runs"].tolist() == [1, 3]
    assert table["accuracy"].tolist() == [0.25, 0.75]
    assert np.isnan(table["low"][0])
    assert table["low"][1] < 0.5 < 1 < table["high"][1]
    assert table[["worst", "best", "errors", "seconds"]].loc[1].tolist() == [0.5, 1, 1, 3]


def test_newest_configuration_is_the_one_that_was_run_last():
    runs = [
        record(seed=1, configuration="bbbb", finished="2026-11-22T10:00:00+00:00"),
        record(seed=0, configuration="bbbb", finished="2026-11-22T11:00:00+00:00"),
        record(seed=2, configuration="aaaa", finished="2026-11-21T12:00:00+00:00"),
        record(model="cnn", finished="2026-11-23T12:00:00+00:00"),
    ]
    assert [run["seed"] for run in records.newest(runs, "dense")] == [0, 1]
    with pytest.raises(records.RecordsMissing, match="dense on mnist5k"):
        records.newest(runs, "dense", "mnist5k")


def test_failed_runs_are_kept_apart(tmp_path):
    records.store("runs", record(), tmp_path, run="a")
    failed = record() | {"status": "failed", "reason": "power cut"}
    records.store("runs", failed, tmp_path, run="b")
    assert [found["status"] for found in records.read(tmp_path)] == ["done"]
    assert [found["reason"] for found in records.read(tmp_path, status="failed")] == ["power cut"]
    assert records.is_done(tmp_path, "a")
    assert not records.is_done(tmp_path, "b")
    assert not records.is_done(tmp_path, "c")


def test_without_records_the_remedy_is_named(tmp_path):
    with pytest.raises(records.RecordsMissing, match="clone"):
        records.read(tmp_path)
