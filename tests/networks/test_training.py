import random
import subprocess
import sys
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest

from digitbook.images.prepare import scale
from digitbook.networks import models, recipes, training

RECIPE = training.Recipe(epochs=2, batch_size=100, learning_rate=0.01)


@pytest.fixture
def small(digits):
    """300 digits to train on and 100 to validate on."""
    x, y = scale(digits.x_train), digits.y_train
    return x[:300], y[:300], (x[300:400], y[300:400])


def train(small, build=models.build_dense, recipe=RECIPE, seed=0):
    x, y, validation = small
    return training.fit_or_load(build, x, y, recipe, validation, seed)


def weights(trained):
    return np.concatenate([array.ravel() for array in trained.model.get_weights()])


def test_scale_maps_bytes_to_fractions():
    scaled = scale(np.array([[0, 51, 255]], dtype="uint8"))
    assert scaled.dtype == np.float32
    assert scaled.tolist() == [[0, pytest.approx(0.2), 1]]


def test_learns_and_keeps_a_curve_for_each_epoch(small):
    history = train(small, recipe=replace(RECIPE, epochs=5)).history
    assert set(history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert len(history["loss"]) == 5
    assert history["loss"][-1] < history["loss"][0] / 2


def test_second_time_is_loaded_and_equal(small, monkeypatch, capfd):
    first = train(small)
    monkeypatch.setattr(training, "fit", lambda *_: pytest.fail("trained again"))
    second = train(small)
    assert np.array_equal(weights(first), weights(second))
    assert (first.history, first.seconds) == (second.history, second.seconds)
    assert capfd.readouterr().out == ""


def test_same_seed_gives_the_same_weights_anew(small, monkeypatch, tmp_path):
    first = train(small)
    monkeypatch.setenv("DIGITBOOK_CACHE", str(tmp_path / "another"))
    random.random(), keras.layers.Dense(3)
    assert np.array_equal(weights(first), weights(train(small)))


def test_whatever_matters_makes_another_model(small):
    x, y, validation = small
    variants = [
        train(small),
        train(small, seed=1),
        train(small, recipe=replace(RECIPE, learning_rate=0.02)),
        train(small, build=partial(models.build_dense, classes=11)),
        train((x[:299], y[:299], validation)),
    ]
    assert len({weights(variant).tobytes() for variant in variants}) == len(variants)


def test_key_covers_source_and_versions(small, monkeypatch, tmp_path):
    x, y, validation = small
    model = models.build_softmax()

    def key():
        return training._key(model, x, y, RECIPE, validation, 0)

    before = key()
    assert key() == before
    with monkeypatch.context() as patch:
        patch.setattr(training, "version", lambda package: "99.0")
        assert key() != before
    changed = tmp_path / "training.py"
    changed.write_text("# another way to train")
    monkeypatch.setattr(training, "__file__", str(changed))
    assert key() != before


def test_global_random_state_is_left_alone(small):
    random.seed(5)
    np.random.seed(5)
    expected = random.random(), np.random.random()
    random.seed(5)
    np.random.seed(5)
    train(small)
    assert (random.random(), np.random.random()) == expected


def test_batches_cover_all_examples_in_a_new_order_each_epoch():
    x = np.arange(10)
    batches = training._batches(x, x, training.Recipe(epochs=2, batch_size=4), seed=0)
    epochs = [np.concatenate([next(batches)[0] for _ in range(3)]) for _ in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    assert list(epochs[0]) != list(epochs[1])


def test_few_examples_get_more_epochs(small):
    assert len(train(small, recipe=replace(RECIPE, min_steps=20)).history["loss"]) == 7


def test_failed_training_leaves_nothing_behind(small, monkeypatch, tmp_path):
    def fail(*_):
        raise RuntimeError("the power failed")

    monkeypatch.setattr(training, "fit", fail)
    with pytest.raises(RuntimeError, match="power"):
        train(small)
    assert [path.suffix for path in (tmp_path / "cache" / "models").glob("*")] == [".lock"]


@pytest.mark.usefixtures("digits_at_hand")
def test_two_processes_train_once(tmp_path):
    code = (
        "import pathlib; from digitbook import data; from digitbook.networks import recipes, training\n"
        "fit = training.fit\n"
        "def counted(*args):\n"
        f"    open({str(tmp_path / 'count')!r}, 'a').write('x')\n"
        "    return fit(*args)\n"
        "training.fit = counted\n"
        "digits = data.load('mnist5k')\n"
        "print(recipes.train('softmax-quick', digits).history['loss'][-1])\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    first, second = (process.communicate()[0] for process in both)
    assert first == second != ""
    assert (tmp_path / "count").read_text() == "x"


def test_names_train_without_the_held_out_digits(digits, monkeypatch):
    seen = {}

    def spy(build, x, y, recipe, validation, seed):
        seen.update(x=x, validation=validation, recipe=recipe)

    monkeypatch.setattr(training, "fit_or_load", spy)
    recipes.train("dense-quick", digits)
    assert len(seen["x"]) == 3600
    assert len(seen["validation"][0]) == 400
    assert seen["recipe"] is recipes.RECIPES["dense-quick"][1]
