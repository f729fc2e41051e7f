import dataclasses

import numpy as np
import pytest

from digitbook import data
from digitbook.experiments import multiscript, records
from digitbook.networks import models, training

BRIEF = training.Recipe(epochs=12, batch_size=32, learning_rate=0.01)


@pytest.fixture(scope="module")
def scripts(digits):
    """500 + 200 digits in two scripts: as they are, and dark on light."""
    parts = {}
    for part, count in (("train", 500), ("test", 200)):
        x = getattr(digits, f"x_{part}")[:count].copy()
        x[::2] = 255 - x[::2]
        y = getattr(digits, f"y_{part}")[:count].copy()
        y[::2] += 10
        parts |= {f"x_{part}": x, f"y_{part}": y}
    names = tuple(f"{script}{value}" for script in "ab" for value in range(10))
    return dataclasses.replace(digits, name="two", class_names=names, **parts)


def test_shares_tell_scripts_and_values_apart():
    # The classes 0 to 9 are one script's digits, 10 to 19 the next one's.
    y = np.array([0, 10, 3, 13, 17])
    predicted = np.array([10, 0, 3, 3, 19])
    assert multiscript.shares(y, predicted) == pytest.approx(
        {
            "accuracy": 1 / 5,
            "value_accuracy": 4 / 5,
            "script_accuracy": 2 / 5,
            "accuracy_without_zeros": 1 / 3,
            "value_accuracy_without_zeros": 2 / 3,
        }
    )


@pytest.fixture
def brief(monkeypatch):
    """A small network; the classes and images that each is trained on."""
    fit, seen = training.fit, []

    def watched(model, x, y, *arguments, **options):
        seen.append((model.output_shape[-1], x, y))
        return fit(model, x, y, *arguments, **options)

    monkeypatch.setattr(multiscript, "RECIPES", {"cnn": (models.build_softmax, None)})
    monkeypatch.setattr(training, "fit", watched)
    return seen


def test_staged_has_a_network_for_the_scripts_and_one_for_each(scripts, brief):
    read, parameters = multiscript.fit_staged(scripts.x_train, scripts.y_train, BRIEF, seed=0)
    assert [classes for classes, _, _ in brief] == [2, 10, 10]
    (_, _, script), (_, _, first), (_, dark, second) = brief
    assert script.tolist() == (scripts.y_train // 10).tolist()
    assert (len(first), len(second)) == (250, 250)
    assert max(first.max(), second.max()) == 9
    assert np.median(dark) > 0.9
    assert parameters > multiscript.fit_single(scripts.x_train, scripts.y_train, BRIEF, seed=0)[1]
    probabilities = read(scripts.x_test)
    assert probabilities.shape == (200, 20)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    found = multiscript.shares(scripts.y_test, probabilities.argmax(axis=1))
    assert found["script_accuracy"] > 0.95
    assert found["accuracy"] > 0.3


def test_both_readers_are_recorded_once_with_their_answers(scripts, brief, tmp_path):
    record = multiscript.run(scripts, [3], tmp_path, lambda line: None, BRIEF)
    assert len(brief) == 4
    assert multiscript.run(scripts, [3], tmp_path, lambda line: None, BRIEF) == record
    assert len(brief) == 4
    (x_validation, _) = data.hold_out(scripts)[1]
    held_out = {image.tobytes() for image in x_validation.astype("float32") / 255}
    assert not held_out & {image.tobytes() for _, x, _ in brief for image in x}
    stored = records.load("readers", tmp_path)
    assert stored == record
    assert stored["class_names"] == list(scripts.class_names)
    assert [(run["reader"], run["seed"]) for run in stored["runs"]] == [("single", 3), ("staged", 3)]
    for run in stored["runs"]:
        assert records.truth(run).tolist() == scripts.y_test.tolist()
        found = multiscript.shares(scripts.y_test, records.answers(run)[0])
        assert found == pytest.approx({key: run[key] for key in found})


def test_training_on_moved_images_is_recorded_apart(scripts, brief, tmp_path):
    moved = dataclasses.replace(BRIEF, epochs=2, augmentation=multiscript.MOVED.augmentation)
    record = multiscript.run(scripts, [3], tmp_path, lambda line: None, moved)
    assert records.load("readers-moved", tmp_path) == record
    assert [recipe["epochs"] for recipe in record["recipe"].values()] == [2, 1]
    for run in record["runs"]:
        assert 0.05 < run["validation_accuracy_moved"] < 1
    with pytest.raises(records.RecordsMissing, match="digitbook readers`"):
        records.load("readers", tmp_path)
