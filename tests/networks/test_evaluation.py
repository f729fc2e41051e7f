import numpy as np
import pytest

from digitbook.networks import evaluation

pytestmark = pytest.mark.quick

NAMES = ("a", "b", "c")
TRUE = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
GIVEN = np.array([0, 0, 1, 1, 0, 2, 2, 1, 1])


def one_hot(answers, confidence):
    """Probabilities that give each answer with its confidence and share the rest equally."""
    rows = np.repeat(((1 - confidence) / 2)[:, None], 3, axis=1)
    rows[np.arange(len(answers)), answers] = confidence
    return rows


def test_interval_agrees_with_wilsons_formula():
    successes, trials, z = 985, 1000, 1.959963984540054
    p = successes / trials
    middle = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * np.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    assert evaluation.interval(successes, trials) == pytest.approx((middle - half, middle + half))


def test_interval_of_a_perfect_score_is_not_certainty():
    low, high = evaluation.interval(100, 100)
    assert 0.95 < low < 0.98
    assert high == 1


def test_per_class_by_hand():
    scores = evaluation.per_class(TRUE, GIVEN, NAMES)
    assert scores.loc["a", "precision"] == pytest.approx(2 / 3)
    assert scores.loc["b", "recall"] == pytest.approx(1 / 2)
    assert scores.loc["b", "precision"] == pytest.approx(1 / 4)
    assert scores.loc["c", "f1"] == pytest.approx(2 * 1 * 0.5 / 1.5)
    assert scores["examples"].tolist() == [3, 2, 4]


def test_class_never_answered_scores_zero():
    scores = evaluation.per_class(TRUE, np.zeros_like(TRUE), NAMES)
    assert scores.loc["c", ["precision", "recall", "f1"]].tolist() == [0, 0, 0]


def test_confusion_counts_true_in_rows():
    counts = evaluation.confusion(TRUE, GIVEN, NAMES)
    assert counts.loc["c"].tolist() == [0, 2, 2]
    assert counts.to_numpy().sum() == len(TRUE)


def test_confused_pairs_are_the_wrong_cells():
    pairs = evaluation.confused_pairs(evaluation.confusion(TRUE, GIVEN, NAMES))
    assert pairs.iloc[0].tolist() == ["c", "b", 2]
    assert pairs["count"].sum() == (TRUE != GIVEN).sum()


def test_mistakes_come_most_confident_first():
    confidence = np.linspace(0.5, 0.9, len(TRUE))
    wrong = evaluation.mistakes(TRUE, one_hot(GIVEN, confidence))
    assert wrong["index"].tolist() == [8, 7, 4, 2]
    assert wrong["true"].tolist() == [2, 2, 1, 0]
    assert wrong["predicted"].tolist() == [1, 1, 0, 1]
    assert wrong.loc[0, "confidence"] == pytest.approx(0.9)
    assert wrong.loc[0, "true_probability"] == pytest.approx(0.05)


def test_no_mistakes_is_an_empty_frame():
    assert evaluation.mistakes(TRUE, one_hot(TRUE, np.full(len(TRUE), 0.8))).empty


def test_reliability_and_calibration_error_by_hand():
    answers = np.zeros(10, dtype=int)
    truth = np.array([0] * 8 + [1] * 2)
    steps = evaluation.reliability(truth, one_hot(answers, np.full(10, 0.95)))
    assert steps[["low", "high", "count"]].to_numpy().tolist() == [[0.9, 1.0, 10]]
    assert steps.loc[0, "accuracy"] == pytest.approx(0.8)
    assert evaluation.expected_calibration_error(steps) == pytest.approx(0.15)


def test_certain_answers_fall_in_the_last_step():
    steps = evaluation.reliability(TRUE, one_hot(TRUE, np.ones(len(TRUE))))
    assert steps["high"].tolist() == [1.0]


def test_mcnemar_is_the_exact_binomial():
    first = np.array([True] * 9 + [False] * 1 + [True] * 50)
    second = np.array([False] * 9 + [True] * 1 + [True] * 50)
    # Ten disagreements split nine to one: P(0, 1, 9 or 10 heads in ten tosses) = 22 / 1024.
    assert evaluation.mcnemar(first, second) == pytest.approx(22 / 1024)
    assert evaluation.mcnemar(first, first) == 1


def test_predict_scales_the_images():
    class Sum:
        def predict(self, x, **_):
            return x.sum(axis=(1, 2), keepdims=False)[:, None]

    images = np.full((2, 28, 28), 255, "uint8")
    assert evaluation.predict(Sum(), images).tolist() == [[784], [784]]


def test_temperature_undoes_what_another_one_did():
    random = np.random.default_rng(0)
    honest = random.dirichlet(np.ones(4), 20_000)
    y = (honest.cumsum(axis=1) < random.random((len(honest), 1))).sum(axis=1)
    assert evaluation.fit_temperature(y, honest) == pytest.approx(1, abs=0.03)
    overconfident = evaluation.with_temperature(honest, 0.5)
    assert evaluation.fit_temperature(y, overconfident) == pytest.approx(2, abs=0.06)
    mended = evaluation.with_temperature(overconfident, 2)
    assert mended == pytest.approx(honest, abs=1e-6)
    assert (overconfident.argmax(axis=1) == honest.argmax(axis=1)).all()


def test_temperature_survives_certainty():
    certain = np.array([[1.0, 0.0], [0.0, 1.0]], "float32")
    assert evaluation.with_temperature(certain, 2).sum(axis=1) == pytest.approx([1, 1])
    assert 0 < evaluation.fit_temperature(np.array([0, 1]), certain) < 1


def test_abstention_refuses_the_least_confident_first():
    right = np.array([True, False, True, False])
    curve = evaluation.abstention(right, np.array([0.9, 0.5, 0.99, 0.6], "float16"))
    assert curve["refused"].tolist() == [0, 0.25, 0.5, 0.75]
    assert curve["accuracy"].tolist() == pytest.approx([0.5, 2 / 3, 1, 1])
    assert curve["confidence"].tolist() == pytest.approx([0.5, 0.6, 0.9, 0.99], abs=1e-3)
