import dataclasses

import numpy as np
import pytest

from digitbook import cli, data
from digitbook.errors import ExperimentError
from digitbook.experiments import records, run, store, transfer
from digitbook.experiments.run import Run, train
from digitbook.networks import evaluation, models, training

BRIEF = training.Recipe(epochs=1, min_steps=8, batch_size=32, learning_rate=0.01)


@pytest.fixture(scope="module")
def halves(digits):
    """The digits 0 to 4, and 5 to 9 as the classes of a new set."""

    def those(name, first):
        parts = {}
        for part in ("train", "test"):
            x, y = getattr(digits, f"x_{part}"), getattr(digits, f"y_{part}")
            rows = np.flatnonzero(y // 5 == first // 5)[:200]
            parts |= {f"x_{part}": x[rows], f"y_{part}": y[rows] - first}
        names = digits.class_names[first : first + 5]
        return dataclasses.replace(digits, name=name, class_names=names, sha256=name, **parts)

    return those("low", 0), those("high", 5)


@pytest.fixture(scope="module")
def source(halves, tmp_path_factory):
    """A `.keras` file of a small network that has seen the digits 0 to 4."""
    low = halves[0]
    recipes = {"tiny": (lambda classes: models.build_cnn(classes, filters=(3, 4, 5)), BRIEF)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "RECIPES", recipes)
        model, record = train(Run("tiny", low, 0), say=lambda line: None)
    path = tmp_path_factory.mktemp("source") / "tiny.keras"
    store.save(model, path, record)
    return path


@pytest.fixture
def brief(monkeypatch):
    monkeypatch.setattr(transfer, "STARTS", dict.fromkeys(transfer.STARTS, BRIEF))


def weights(model):
    """The weights of each layer but the last, and those of the last."""
    each = [layer.get_weights() for layer in model.layers]
    return [array for arrays in each[:-1] for array in arrays], each[-1]


def same(first, second):
    return [np.array_equal(a, b) for a, b in zip(first, second, strict=True)]


@pytest.mark.parametrize(
    ("start", "taken_over", "kept"),
    [("scratch", False, False), ("fine-tuned", True, False), ("frozen", True, True)],
)
def test_a_start_takes_over_and_keeps_what_it_says(start, taken_over, kept, source, halves):
    learned, _ = store.load_network(source)
    model = transfer.network(learned, 7, start)
    body, last = weights(model)
    assert [array.shape for array in last] == [(5, 7), (7,)]
    # Shifts and means begin at 0 in every network, and scales and variances at 1.
    filters = [array.ndim == 4 for array in body]
    assert sum(filters) == 5
    for equal, filter_ in zip(same(body, weights(learned)[0]), filters, strict=True):
        assert equal == taken_over or not (filter_ or taken_over)
    high = halves[1]
    x = high.x_train[:64].astype("float32") / 255
    training.fit(model, x, high.y_train[:64], BRIEF, validation=None)
    trained_body, trained_last = weights(model)
    assert all(same(body, trained_body)) == kept
    assert not any(same(last, trained_last))


def test_scratch_is_the_network_of_the_source(source):
    learned, _ = store.load_network(source)
    model = transfer.network(learned, 10, "scratch")
    expected = models.build_cnn(10, filters=(3, 4, 5))
    assert model.count_params() == expected.count_params()
    kinds = [type(layer) for layer in expected.layers]
    assert [type(layer) for layer in model.layers] == kinds


def test_all_starts_get_the_same_images_and_larger_sizes_the_smaller_ones(
    source, halves, brief, tmp_path, monkeypatch
):
    seen = []

    def fit(model, x, y, recipe, validation, seed):
        assert validation is None
        seen.append({image.tobytes(): label for image, label in zip(x, y, strict=True)})

    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(evaluation, "predict", lambda model, images: np.ones((len(images), 5)))
    high = halves[1]
    transfer.run(high, [6, 3], [0, 1], tmp_path, say=lambda line: None, source=source)
    by_run = {
        (run["start"], run["size"], run["seed"]): images
        for run, images in zip(
            records.series("transfer", tmp_path).to_dict("records"), seen, strict=True
        )
    }
    for size in (3, 6):
        assert np.bincount(list(by_run["scratch", size, 0].values())).tolist() == [size] * 5
    for seed in (0, 1):
        for start in ("fine-tuned", "frozen"):
            for size in (3, 6):
                assert by_run[start, size, seed] == by_run["scratch", size, seed]
        assert by_run["scratch", 3, seed].items() < by_run["scratch", 6, seed].items()
    assert by_run["scratch", 6, 0] != by_run["scratch", 6, 1]
    held_out = {image.tobytes() for image in data.hold_out(high)[1][0].astype("float32") / 255}
    assert not held_out & set().union(*seen)


def test_stopped_it_goes_on_and_records_each_run_once(source, halves, brief, tmp_path, monkeypatch):
    high, said, fitted = halves[1], [], []

    def stop_at_the_second(model, *arguments, **options):
        fitted.append(model)
        if len(fitted) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "fit", stop_at_the_second)
    measure = (high, [3, 100], [0, 1], tmp_path, said.append, source)
    with pytest.raises(KeyboardInterrupt):
        transfer.run(*measure)
    assert len(records.series("transfer", tmp_path)) == 1
    for _ in range(2):
        record = transfer.run(*measure)
        assert len(fitted) == 2 + 5
    assert sum("Left out: 100 images a class" in line for line in said) == 3

    runs = records.series("transfer", tmp_path)
    assert not runs.duplicated(["start", "size", "seed"]).any()
    assert (runs["data"] == "high").all()
    assert (runs["images"] == runs["size"] * 5).all()
    assert runs["accuracy"].tolist() == pytest.approx(1 - runs["errors"] / record["examples"])
    assert record["examples"] == len(high.x_test)
    answers = evaluation.predict(fitted[-1], high.x_test).argmax(axis=1)
    assert runs["accuracy"].iloc[-1] == (answers == high.y_test).mean()
    learned, _ = store.load_network(source)
    assert record["source"]["weights_sha256"] == store.weights_sha256(learned)
    assert record["source"]["data"] == "low"
    curves = records.transfer_curves(runs)
    assert len(curves) == 3
    assert (curves["runs"] == 2).all()
    assert curves["accuracy"].mean() == pytest.approx(runs["accuracy"].mean())


def test_records_of_another_recipe_are_refused_and_left_alone(
    source, halves, brief, tmp_path, monkeypatch
):
    monkeypatch.setattr(training, "fit", lambda *arguments, **options: None)
    monkeypatch.setattr(evaluation, "predict", lambda model, images: np.ones((len(images), 5)))
    measure = (halves[1], [3], [0], tmp_path, lambda line: None, source)
    transfer.run(*measure)
    before = (tmp_path / "transfer-high.json").read_bytes()
    other = dataclasses.replace(BRIEF, learning_rate=0.02)
    monkeypatch.setitem(transfer.STARTS, "frozen", other)
    with pytest.raises(ExperimentError, match="another configuration .* --results"):
        transfer.run(*measure)
    assert (tmp_path / "transfer-high.json").read_bytes() == before


def test_what_the_source_knows_already_is_refused(source, halves, digits, tmp_path):
    with pytest.raises(ExperimentError, match="reads low already"):
        transfer.run(halves[0], [3], [0], tmp_path, source=source)
    with pytest.raises(ExperimentError, match="among the training images of mnist"):
        transfer.run(digits, [3], [0], tmp_path)
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--data", "nmist"], "known are: auto, mnist"),
        (["--sizes", "5,0"], "list of whole numbers from 1"),
        (["--seeds", "four"], "list of seeds"),
    ],
)
def test_bad_names_and_numbers_exit_2(arguments, complaint, capsys):
    assert cli.main(["transfer", *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_without_records_the_remedy_is_named(tmp_path):
    with pytest.raises(records.RecordsMissing, match="digitbook transfer --data NAME"):
        records.series("transfer", tmp_path)
    with pytest.raises(records.RecordsMissing, match="digitbook readers"):
        records.load("readers", tmp_path)
