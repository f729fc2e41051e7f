import keras
import numpy as np
import pytest

from digitbook.networks import models, recipes

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_gives_one_probability_a_class(name):
    build, _ = recipes.RECIPES[name]
    model = build(classes=7)
    assert type(model) is keras.Sequential
    answers = model(np.random.default_rng(0).random((3, 28, 28), dtype="float32"))
    assert answers.shape == (3, 7)
    assert np.allclose(np.sum(answers, axis=1), 1, atol=1e-6)


def test_dense_is_made_of_dense_relu_and_softmax():
    kinds = [layer for layer in models.build_dense().layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.activation.__name__ for layer in kinds] == ["relu", "relu", "softmax"]


def test_parameter_counts():
    # By hand: inputs times outputs plus one bias an output, layer by layer.
    assert models.build_softmax().count_params() == 784 * 10 + 10
    dense = (784 * 512 + 512) + (512 * 256 + 256) + (256 * 10 + 10)
    assert models.build_dense().count_params() == dense
    assert models.build_cnn().count_params() < dense / 5
