import json
import subprocess
import sys

import numpy as np
import pytest

from digitbook import cli
from digitbook.experiments import records, unknown_classes
from digitbook.inference.network import CONFIDENCE_LIMIT, Network
from digitbook.paths import RELEASED

pytestmark = pytest.mark.usefixtures("digits_at_hand")


def test_record_holds_every_answer_of_the_network(digits, tmp_path):
    network = Network.load()
    said = []
    record = unknown_classes.run(network, ["mnist5k"], tmp_path, said.append)
    assert records.load("strangers", tmp_path) == record
    found = record["sets"]["mnist5k"]
    probabilities = network.probabilities(digits.x_test)
    predicted, confidence = records.answers(found)
    assert np.array_equal(predicted, probabilities.argmax(axis=1))
    assert np.abs(confidence - probabilities.max(axis=1)).max() < 1e-3
    assert np.array_equal(records.unpack(found["truth"], "uint8"), digits.y_test)
    assert (found["data_sha256"], found["class_names"]) == (digits.sha256, list("0123456789"))
    sure = (probabilities.max(axis=1) >= CONFIDENCE_LIMIT).mean()
    assert unknown_classes.table(record).to_dict("records") == [
        {"data": "mnist5k", "images": 1000, "answered": pytest.approx(sure, abs=2e-3)}
    ]
    assert said == [f"mnist5k: {sure:.1%} of 1,000 answered with at least {CONFIDENCE_LIMIT:.0%}"]


def test_record_of_the_book_is_about_the_released_network():
    released = json.loads(RELEASED.with_suffix(".json").read_text())
    found = records.load("strangers")
    assert found["network"]["weights_sha256"] == released["weights_sha256"]
    assert list(found["sets"]) == list(unknown_classes.SETS)


def test_own_digits_are_answered_more_often_than_strangers():
    found = records.load("strangers")
    sure = {
        name: (records.answers(each)[1] >= found["limit"]).mean()
        for name, each in found["sets"].items()
    }
    assert sure.pop("mnist") > 0.99 > max(sure.values())


def test_command_asks_about_the_named_sets(tmp_path, capsys):
    assert cli.main(["strangers", "--data", "mnist5k", "--results", str(tmp_path)]) == 0
    assert list(records.load("strangers", tmp_path)["sets"]) == ["mnist5k"]
    assert str(tmp_path / "strangers.json") in capsys.readouterr().out


def test_unknown_set_writes_nothing(tmp_path, capsys):
    assert cli.main(["strangers", "--data", "mnist5k,klingon", "--results", str(tmp_path)]) == 2
    assert "klingon" in capsys.readouterr().err
    with pytest.raises(records.RecordsMissing, match="digitbook strangers"):
        records.load("strangers", tmp_path)


def test_asking_needs_no_tensorflow():
    code = (
        "import sys, digitbook.experiments.unknown_classes; "
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
