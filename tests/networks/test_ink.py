"""The network that finds ink: its shape, its training, and its export."""

from functools import partial

import numpy as np
import pytest

from digitbook._util.litert import LiteRT
from digitbook.images.ink import INK_NETWORK, evened
from digitbook.networks import cycle, ink
from digitbook.networks.backend import keras

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (20, 32, 32, 3)).astype("uint8")
INKS = np.where(PICTURES.mean(axis=3) > 128, 255, 0).astype("uint8")


@pytest.fixture
def short(monkeypatch):
    """Few steps of a small network: to build and to trace the whole one takes longer than its steps."""
    monkeypatch.setattr(ink, "build_ink", partial(ink.build_ink, widths=(2, 3)))
    monkeypatch.setattr(cycle, "EPOCH", 2)
    monkeypatch.setattr(ink, "BATCH", 4)


def test_any_picture_becomes_one_of_its_size():
    model = ink.build_ink()
    assert model.count_params() <= 60_000
    for rows, columns in ((32, 32), (48, 160)):
        found = model.predict(np.zeros((1, rows, columns, 3), "float32"), verbose=0)
        assert found.shape == (1, rows, columns, 1)
        assert 0 <= found.min() <= found.max() <= 1


def test_loss_rewards_overlap():
    truth = np.zeros((2, 16, 16, 1), "float32")
    truth[:, 4:12, 4:12] = 1
    shifted = np.roll(truth, 4, axis=1)
    exact, beside, nothing = (
        float(keras.ops.mean(ink.overlap_loss(truth, found)))
        for found in (truth, shifted, np.zeros_like(truth))
    )
    assert exact < 0.01 < beside < nothing


def test_a_stopped_training_goes_on_to_the_same_network(short, tmp_path):
    whole = ink.teach(PICTURES, INKS, tmp_path / "whole", steps=4, say=lambda line: None)

    def stop(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ink.teach(PICTURES, INKS, tmp_path / "stopped", steps=4, say=stop)
    told = []
    resumed = ink.teach(PICTURES, INKS, tmp_path / "stopped", steps=4, say=told.append)
    assert [line.split()[0] for line in told] == ["4/4"]
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_released_network_answers_as_its_export():
    model = keras.saving.load_model(INK_NETWORK.with_suffix(".keras"), compile=False)
    exported = LiteRT(INK_NETWORK.read_bytes())
    for shape in ((64, 64, 3), (96, 160, 3)):
        picture = evened(RNG.integers(0, 256, shape).astype("uint8"))[None]
        found = model.predict(picture, verbose=0)
        np.testing.assert_allclose(exported(picture), found, atol=1e-4)
