import json
import zipfile
from dataclasses import asdict, replace

import h5py
import numpy as np
import pytest

from digitbook import cli, data
from digitbook.errors import ExperimentError
from digitbook.experiments import records, scoring, store
from digitbook.experiments.run import Run, ensemble, scores, train
from digitbook.networks import evaluation, recipes, training
from digitbook.networks.backend import keras

pytestmark = pytest.mark.usefixtures("digits_at_hand")


SHORT = training.Recipe(epochs=2, min_steps=30, learning_rate=0.01)


@pytest.fixture(scope="module")
def trained(few):
    """A run, its network and its record."""
    build, _ = recipes.RECIPES["softmax-quick"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipes.RECIPES, "softmax-quick", (build, SHORT))
        run = Run("softmax-quick", few, 3)
        return run, *train(run, say=lambda line: None)


@pytest.fixture
def stored(trained, tmp_path):
    _, model, record = trained
    path = tmp_path / "network.keras"
    store.save(model, path, record)
    return path


def test_record_says_what_was_run_and_what_came_out(trained, few):
    _, model, record = trained
    assert (record["model"], record["data"], record["seed"]) == ("softmax-quick", "mnist5k", 3)
    assert record["data_sha256"] == few.sha256
    assert record["recipe"] == asdict(SHORT)
    assert record["parameters"] == 7850
    assert len(record["history"]["val_accuracy"]) == SHORT.min_steps / 2
    assert record["environment"]["keras"] == keras.__version__
    predicted, confidence = records.answers(record)
    right = (predicted == few.y_test).mean()
    assert 0.5 < right == pytest.approx(record["metrics"]["accuracy"])
    assert record["errors"] == round(100 * (1 - right))
    assert records.truth(record).tolist() == few.y_test.tolist()
    assert confidence == pytest.approx(evaluation.predict(model, few.x_test).max(axis=1), abs=1e-3)
    assert json.loads(json.dumps(record)) == record


def test_temperature_is_fitted_on_the_held_out_digits_alone(trained, few):
    _, (x, y) = data.hold_out(few)
    _, model, record = trained
    assert record["temperature"] == evaluation.fit_temperature(y, evaluation.predict(model, x))
    assert record["metrics"]["calibrated_log_loss"] != record["metrics"]["log_loss"]


def test_validation_without_a_mistake_makes_no_answer_certain():
    y = np.array([0, 1, 2, 2])
    probabilities = np.full((4, 3), 0.2)
    probabilities[np.arange(4), y] = 0.6
    found = scores((y, probabilities), (y, probabilities), ("a", "b", "c"))
    assert found["temperature"] == 1
    assert found["metrics"]["calibrated_log_loss"] == found["metrics"]["log_loss"]


def test_weights_survive_as_float16(trained):
    for array in trained[1].get_weights():
        assert np.array_equal(array, array.astype("float16").astype("float32"))


def test_progress_is_told_epoch_by_epoch(few, monkeypatch):
    monkeypatch.setitem(
        recipes.RECIPES,
        "softmax-quick",
        (recipes.RECIPES["softmax-quick"][0], training.Recipe(epochs=2)),
    )
    said = []
    train(Run("softmax-quick", few, 0), say=said.append)
    assert [line.partition(":")[0] for line in said] == ["epoch 1/2", "epoch 2/2"]


def test_name_changes_with_whatever_decides_the_outcome(few, monkeypatch):
    def names():
        return {Run("softmax-quick", few, 0).name}

    every = names() | {Run("softmax-quick", few, 1).name, Run("dense-quick", few, 0).name}
    every |= {Run("softmax-quick", replace(few, sha256="0" * 64), 0).name}
    build, recipe = recipes.RECIPES["softmax-quick"]
    monkeypatch.setitem(recipes.RECIPES, "softmax-quick", (build, replace(recipe, warmup=0.3)))
    assert len(every | names()) == 5


def test_stored_network_scores_what_is_on_record(trained, stored, few):
    model, note = store.load_network(stored)
    found = scoring.evaluate(model, few)
    assert found["accuracy"] == trained[2]["metrics"]["accuracy"]
    assert found["errors"] == trained[2]["errors"]
    assert found["per_class"] == trained[2]["per_class"]
    assert note["data"] == "mnist5k"
    assert (note["classes"], note["temperature"]) == (list("0123456789"), trained[2]["temperature"])
    assert (note["accuracy"], note["examples"]) == (found["accuracy"], 100)
    with zipfile.ZipFile(stored) as archive, archive.open("model.weights.h5") as weights:
        assert "optimizer" not in h5py.File(weights)


def test_overlap_is_refused_with_the_reason(few):
    scoring.refuse_overlap({"data": "mnist5k", "data_sha256": few.sha256}, few)
    with pytest.raises(ExperimentError, match="trained on mnist, and the test images of mnist5k are"):
        scoring.refuse_overlap({"data": "mnist", "data_sha256": "aa"}, few)
    with pytest.raises(ExperimentError, match="another version of mnist5k"):
        scoring.refuse_overlap({"data": "mnist5k", "data_sha256": "aa"}, few)


def test_ensemble_answers_by_mean_probability(few, monkeypatch):
    build, _ = recipes.RECIPES["softmax-quick"]
    monkeypatch.setitem(recipes.RECIPES, "softmax-quick", (build, training.Recipe(epochs=2)))
    runs = [Run("softmax-quick", few, seed) for seed in (0, 1)]
    networks = []
    for run in runs:
        model, record = train(run, say=lambda line: None)
        store.save(model, store.model_path(run.name), record)
        networks.append(model)
    record = ensemble("pair", runs)
    mean = np.mean([evaluation.predict(network, few.x_test) for network in networks], axis=0)
    assert records.answers(record)[0].tolist() == mean.argmax(axis=1).tolist()
    assert record["parameters"] == 2 * 7850
    assert record["members"] == [run.name for run in runs]


def wide_images(tmp_path):
    path = tmp_path / "wide.keras"
    keras.Sequential([keras.Input((32, 32)), keras.layers.Flatten()]).save(path)
    return path


def text_file(tmp_path):
    path = tmp_path / "text.keras"
    path.write_text("not a network")
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: folder / "absent.keras", "no file"),
        (text_file, "not a whole .keras file"),
        (wide_images, "not images of 28 by 28"),
    ],
)
def test_bad_network_file_is_named(make, reason, tmp_path, capsys):
    path = make(tmp_path)
    assert cli.main(["evaluate", str(path), "--data", "mnist5k"]) == 2
    said = capsys.readouterr().err
    assert reason in said
    assert str(path) in said
    assert "Traceback" not in said


def test_a_released_network_is_evaluated_by_its_name(capsys):
    assert cli.main(["evaluate", "cnn", "--data", "mnist5k"]) == 2
    assert "was trained on mnist" in capsys.readouterr().err


def test_evaluate_prints_one_object_or_a_table(stored, capsys):
    assert cli.main(["evaluate", str(stored), "--data", "mnist5k", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["examples"] == 1000
    assert found["errors"] == round(1000 * (1 - found["accuracy"]))
    assert set(found["per_class"]) == set("0123456789")
    assert cli.main(["evaluate", str(stored), "--data", "mnist5k"]) == 0
    assert f"{found['accuracy']:.2%} of 1,000" in capsys.readouterr().out


def test_evaluate_warns_about_a_network_of_unknown_origin(tmp_path, capsys):
    path = tmp_path / "foreign.keras"
    recipes.RECIPES["softmax-quick"][0]().save(path)
    assert cli.main(["evaluate", str(path), "--data", "mnist5k"]) == 0
    assert "does not say what it was trained on" in capsys.readouterr().err


def test_unknown_model_lists_the_known_ones(capsys):
    assert cli.main(["train", "transformer", "--data", "mnist5k"]) == 2
    assert "softmax-quick, dense-quick" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--output", "folder.keras"),
        ("--output", "mine.h5"),
        ("--output", "file/mine.keras"),
        ("--results", "file"),
        ("--seed", "-1"),
    ],
)
def test_training_is_refused_before_it_begins_where_it_could_not_be_kept(
    arguments, few, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(data, "load", lambda name: few)
    monkeypatch.setattr(training, "fit", lambda *_: pytest.fail("it began to train"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.keras").mkdir()
    (tmp_path / "file").touch()
    assert cli.main(["train", "softmax-quick", "--results", "results", *arguments]) == 2
    assert arguments[1].split("/")[0] in capsys.readouterr().err
    assert (tmp_path / "folder.keras").is_dir()


def test_set_for_evaluation_only_is_not_trained_on(few):
    with pytest.raises(ExperimentError, match="usps is for evaluation only"):
        Run("softmax-quick", replace(few, name="usps"), 0)


def test_evaluation_on_other_classes_is_refused(stored, few):
    model, note = store.load_network(stored)
    letters = replace(few, class_names=tuple("ABCDEFGHIJ"))
    for known in (note, None):
        scoring.refuse_other_classes(model, known, few)
    with pytest.raises(ExperimentError, match="tells 0 1 2 3 4 5 6 7 8 9 apart.*A B C"):
        scoring.refuse_other_classes(model, note, letters)
    with pytest.raises(ExperimentError, match="tells 10 classes apart.*A B C"):
        scoring.refuse_other_classes(model, None, replace(few, class_names=tuple("ABC")))
