import numpy as np
import pandas as pd
import pytest

from digitbook.book import plots
from digitbook.networks import evaluation

pytestmark = pytest.mark.quick

plots.set_style()


def png(figure):
    shown, metadata = figure._repr_mimebundle_()
    return shown["image/png"], metadata["image/png"]["alt"]


def test_shows_itself_with_its_text_alternative():
    figure, axes = plots.subplots()
    axes.plot([1, 2])
    picture, alt = png(figure.describe("A line   that\nrises."))
    assert picture.startswith(b"\x89PNG")
    assert alt == "A line that rises."


def test_shows_itself_without_one_in_a_notebook_of_your_own():
    shown, metadata = plots.subplots()[0]._repr_mimebundle_()
    assert shown["image/png"].startswith(b"\x89PNG")
    assert metadata == {}


def test_equal_figures_are_equal_bytes():
    first, second = (png(plots.digits(np.eye(28)[None]).describe("A diagonal."))[0] for _ in range(2))
    assert first == second


def test_grid_draws_every_image_under_its_title(digits):
    figure = plots.digits(digits.x_train[:12], titles=list("abcdefghijkl"), columns=5)
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in drawn] == list("abcdefghijkl")


def test_confusion_matrix_colours_mistakes_alone():
    counts = evaluation.confusion(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]), ("a", "b"))
    figure = plots.confusion_matrix(counts)
    assert figure.axes[0].collections[0].get_array().ravel().tolist() == [0, 0, 1, 0]
    assert [text.get_text() for text in figure.axes[0].texts] == ["2", "", "1", "1"]


def test_answers_mark_the_wrong_ones(digits):
    probabilities = np.full((2, 10), 0.02)
    probabilities[:, 3] = 0.82
    figure = plots.answers(digits.x_test[:2], probabilities, np.array([3, 5]), tuple("abcdefghij"), 2)
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    assert titles == ["d at 82%, true d", "d at 82%, true f"]


def test_learning_curves_and_reliability_draw_their_frames():
    history = {"accuracy": [0.5, 0.8], "val_accuracy": [0.4, 0.7]}
    lines = plots.learning_curves({"dense": history}).axes[0].lines
    assert [line.get_ydata().tolist() for line in lines] == [[0.5, 0.8], [0.4, 0.7]]
    steps = pd.DataFrame(
        {"low": [0.9], "high": [1.0], "count": [10], "confidence": [0.95], "accuracy": [0.8]}
    )
    points = plots.reliability(steps).axes[0].lines[-1]
    assert points.get_xydata().tolist() == [[0.95, 0.8]]


@pytest.mark.parametrize(
    ("share", "places", "text"),
    [
        (0.5, 0, "50%"),
        (0.994, 0, "99%"),
        (0.996, 0, ">99%"),
        (0.9996, 1, ">99.9%"),
        (0.9994, 1, "99.9%"),
    ],
)
def test_percent_never_rounds_to_certainty(share, places, text):
    assert plots.percent(share, places) == text
