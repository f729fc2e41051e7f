"""Pictures of ideas: what they say, drawn and read aloud."""

from xml.etree import ElementTree

import pytest

from digitbook.book import diagrams


def texts(diagram):
    root = ElementTree.fromstring(diagram._repr_html_())
    return [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.quick
@pytest.mark.parametrize(("bias", "total", "out"), [(0.1, "0.28", "0.28"), (-1, "−0.82", "0")])
def test_a_unit_shows_its_sum_and_what_relu_makes_of_it(bias, total, out):
    unit = diagrams.neuron([0, 0.9, 0.4, 1], [0.5, 0.8, -0.6, -0.3], bias)
    assert total in texts(unit)
    assert texts(unit)[-1] == out
    assert f"the sum is {total}, and ReLU makes {out} of it" in unit.alt


@pytest.mark.parametrize("build", ["build_softmax", "build_dense", "build_cnn"])
def test_layers_show_their_shapes_and_all_parameters(build):
    from digitbook.networks import models

    model = getattr(models, build)()
    shown = texts(diagrams.shapes(model))
    assert "28 × 28" in shown
    parameters = [
        int(text.replace(",", "")) for text in shown if text and text.replace(",", "").isdigit()
    ]
    rows = {int(layer.output.shape[1]) for layer in model.layers if len(layer.output.shape) == 2}
    counted = [number for number in parameters if number not in rows]
    assert sum(counted) == model.count_params()
