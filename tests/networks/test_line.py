"""The network that reads lines: its shape, its loss, its training, and its export."""

import numpy as np
import pytest

from digitbook._util.litert import LiteRT
from digitbook.inference.number import LINE_NETWORK
from digitbook.networks import cycle, line
from digitbook.networks.backend import keras

RNG = np.random.default_rng(0)


def made(rng, count):
    """A line of bars: as many as digits, all of class 3."""
    image = np.zeros((32, 16 + 12 * count), "uint8")
    for n in range(count):
        image[4:28, 12 + 12 * n : 16 + 12 * n] = rng.integers(200, 256)
    return image, (3,) * count


def test_any_line_becomes_a_row_of_probabilities():
    model = line.build_line()
    for columns in (40, 96, 113):
        found = model.predict(np.zeros((1, 32, columns, 1), "float32"), verbose=0)
        assert found.shape == (1, -(-columns // line.PER_STEP), line.CLASSES)
        np.testing.assert_allclose(found.sum(axis=2), 1, atol=1e-5)


def test_loss_is_that_of_the_reading():
    steps = np.full((1, 4, line.CLASSES), 1e-4, "float32")
    for step, each in enumerate((3, line.BLANK, 3, 5)):
        steps[0, step, each] = 1
    truth = np.full((3, line.MOST + 2), line.BLANK, "int32")
    for row, classes in zip(truth, [(3, 3, 5), (3, 5), (3, 3, 6)], strict=True):
        row[: len(classes)] = classes
        row[line.MOST :] = len(classes), 4
    right, short, wrong = np.asarray(line.ctc_loss(truth, np.repeat(steps, 3, axis=0)))
    assert right < 0.01 < 5 < min(short, wrong)


def test_a_stopped_training_goes_on(monkeypatch, tmp_path):
    monkeypatch.setattr(cycle, "EPOCH", 2)
    monkeypatch.setattr(line, "BATCH", 4)
    whole = line.teach(made, tmp_path / "whole", steps=4, say=lambda told: None)

    def stop(told):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        line.teach(made, tmp_path / "stopped", steps=4, say=stop)
    told = []
    resumed = line.teach(made, tmp_path / "stopped", steps=4, say=told.append)
    assert [each.split()[0] for each in told] == ["4/4"]
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=5e-3)  # dropout draws anew where it goes on


def test_the_released_network_answers_as_its_export():
    model = keras.saving.load_model(LINE_NETWORK.with_suffix(".keras"), compile=False)
    exported = LiteRT(LINE_NETWORK.read_bytes())
    for columns in (60, 128, 301):
        image = RNG.random((1, 32, columns, 1), "float32")
        np.testing.assert_allclose(exported(image), model.predict(image, verbose=0), atol=1e-4)
