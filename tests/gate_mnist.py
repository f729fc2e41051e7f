"""The accuracy that the book promises, on all of MNIST: run by CI where that is at hand."""

import os

import pytest

from digitbook import data, evaluation, training

PROMISED = {"dense-quick": 0.982, "cnn-quick": 0.993}
"""Mean test accuracy over three seeds."""
ONE_SEED = 0.002
"""How far a single seed may lie below the promised mean."""


@pytest.fixture(scope="module")
def mnist():
    return data.load("mnist")


@pytest.fixture(autouse=True)
def _shared_cache(monkeypatch):
    """Take what the build of the book on MNIST has just trained."""
    monkeypatch.setenv("DIGITBOOK_CACHE", CACHE)


CACHE = os.environ.get("DIGITBOOK_CACHE", "_build/cache")


@pytest.mark.parametrize("name", PROMISED)
def test_keeps_its_promise(mnist, name):
    trained = training.train(name, mnist)
    answers = evaluation.predict(trained.model, mnist.x_test).argmax(axis=1)
    accuracy = (answers == mnist.y_test).mean()
    print(f"{name}: {accuracy:.2%} of the test digits right, trained in {trained.seconds:.1f} s")
    assert accuracy >= PROMISED[name] - ONE_SEED
