import dataclasses
import subprocess
import sys
from itertools import compress

import numpy as np
import pytest

from digitbook import cli
from digitbook.errors import DataError
from digitbook.experiments import label_errors, records
from digitbook.networks import models, training


def test_disputed_lists_the_least_probable_label_first():
    y = np.repeat([0, 1, 2], 20)
    probabilities = np.full((60, 3), 0.05)
    probabilities[np.arange(60), y] = 0.9
    probabilities[7] = [0.01, 0.98, 0.01]
    probabilities[30] = [0.97, 0.001, 0.029]
    probabilities[50] = [0.05, 0.5, 0.45]
    table = label_errors.disputed(y, probabilities)
    assert table["index"].tolist() == [30, 7, 50]
    assert table["label"].tolist() == [1, 0, 2]
    assert table["suggested"].tolist() == [0, 1, 1]
    assert table["label_probability"].tolist() == [0.001, 0.01, 0.45]
    assert table["suggested_probability"].tolist() == [0.97, 0.98, 0.5]
    assert table["listed"].tolist() == [True, True, False]


@pytest.fixture(scope="module")
def flipped(digits):
    """1,000 training and 200 test digits, with wrong labels on every fiftieth of both."""

    def flip(y):
        wrong = np.arange(0, len(y), 50)
        y = y.copy()
        y[wrong] = (y[wrong] + 5) % 10
        return y, wrong

    y_train, in_train = flip(digits.y_train[:1000])
    y_test, in_test = flip(digits.y_test[:200])
    few = dataclasses.replace(
        digits,
        x_train=digits.x_train[:1000],
        y_train=y_train,
        x_test=digits.x_test[:200],
        y_test=y_test,
    )
    return few, {"train": in_train, "test": in_test}


def test_flipped_labels_are_found_and_a_second_search_trains_nothing(flipped, tmp_path, monkeypatch):
    few, wrong = flipped
    brief = training.Recipe(epochs=1, min_steps=150, batch_size=64)
    monkeypatch.setitem(label_errors.RECIPES, "brief", (models.build_softmax, brief))
    monkeypatch.setattr(label_errors, "MODEL", "brief")
    said = []
    found = label_errors.run(few, 3, tmp_path, said.append)
    assert [line[:8] for line in said[:3]] == ["fold 1/3", "fold 2/3", "fold 3/3"]
    for part, indices in wrong.items():
        disputed = found[part]["disputed"]
        listed = set(compress(disputed["index"], disputed["listed"]))
        assert len(listed & set(indices.tolist())) >= 0.7 * len(indices)
        assert len(listed) < 0.2 * found[part]["examples"]
        shown = label_errors.table(found).query("part == @part")
        assert set(shown["image"]) == listed
    first = found["train"]["disputed"]
    assert first["label"] == few.y_train[first["index"]].tolist()
    assert all(low < high for low, high in zip(*list(first.values())[3:5], strict=True))
    assert first["label_probability"] == sorted(first["label_probability"])

    monkeypatch.setattr(training, "fit", None)
    label_errors.run(few, 3, tmp_path, said.append)
    stored = tmp_path / "labels-mnist5k.json"
    read = records.load("labels", tmp_path, data="mnist5k")
    assert stored.read_text().count("\n") == len(read) + 2
    for key in ("data_sha256", "configuration", "folds", "cleanlab", "train", "test"):
        assert read[key] == found[key], key
    assert (read["model"], read["seed"], read["train"]["examples"]) == ("brief", 0, 1000)


def test_where_nobody_looked_the_remedy_is_named(tmp_path):
    with pytest.raises(records.RecordsMissing, match="digitbook labels --data mnist5k"):
        records.load("labels", tmp_path, data="mnist5k")


def test_reading_needs_neither_tensorflow_nor_cleanlab():
    code = (
        "import sys, digitbook.experiments.records; "
        "print({'tensorflow', 'cleanlab'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["--data", "nmist"], "known are: auto, mnist"), (["--folds", "1"], "2<=x<=20")],
)
def test_bad_names_and_numbers_exit_2(arguments, complaint, capsys):
    assert cli.main(["labels", *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_more_folds_than_images_of_a_class_are_refused(few):
    kept = few.y_train != 3
    kept[np.flatnonzero(~kept)[:4]] = True
    scarce = dataclasses.replace(few, x_train=few.x_train[kept], y_train=few.y_train[kept])
    with pytest.raises(DataError, match="4 training images.*5 folds.*--folds"):
        label_errors.find(scarce)
