"""Scores of a classifier: probabilities and classes in, numbers and tidy frames out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from digitbook.images.prepare import scale

if TYPE_CHECKING:
    import keras


def predict(model: keras.Sequential, images: np.ndarray) -> np.ndarray:
    """Return each class's probability for uint8 images `(N, 28, 28)`, as float32 `(N, classes)`."""
    return model.predict(scale(images), batch_size=500, verbose=0)


def interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion (Wilson, JASA 22, 1927), as fractions."""
    found = binomtest(int(successes), int(trials)).proportion_ci(level, method="wilson")
    return float(found.low), float(found.high)


def per_class(y: np.ndarray, predicted: np.ndarray, class_names: tuple[str, ...]) -> pd.DataFrame:
    """Return precision, recall and F1 (fractions) and the number of examples of each class."""
    scores = precision_recall_fscore_support(
        y, predicted, labels=range(len(class_names)), zero_division=0
    )
    columns = dict(zip(("precision", "recall", "f1", "examples"), scores, strict=True))
    return pd.DataFrame(columns, index=pd.Index(class_names, name="class"))


def confusion(y: np.ndarray, predicted: np.ndarray, class_names: tuple[str, ...]) -> pd.DataFrame:
    """Count how often each class (row) was given each answer (column)."""
    return pd.DataFrame(
        confusion_matrix(y, predicted, labels=range(len(class_names))),
        index=pd.Index(class_names, name="true"),
        columns=pd.Index(class_names, name="predicted"),
    )


def confused_pairs(counts: pd.DataFrame) -> pd.DataFrame:
    """List the wrong cells of a confusion matrix as `true`, `predicted`, `count`, largest first."""
    pairs = counts.stack().rename("count").reset_index()
    wrong = pairs[(pairs["true"] != pairs["predicted"]) & (pairs["count"] > 0)]
    return wrong.sort_values("count", ascending=False, kind="stable", ignore_index=True)


def mistakes(y: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """List the wrong answers, most confident first.

    Columns: `index` (the example's place in `y`), `true`, `predicted`, `confidence` (the
    probability of the answer) and `true_probability` (that of the true class).
    """
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != y)
    frame = pd.DataFrame(
        {
            "index": wrong,
            "true": y[wrong],
            "predicted": predicted[wrong],
            "confidence": probabilities[wrong, predicted[wrong]],
            "true_probability": probabilities[wrong, y[wrong]],
        }
    )
    return frame.sort_values("confidence", ascending=False, kind="stable", ignore_index=True)


def reliability(y: np.ndarray, probabilities: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """Group answers by confidence into `bins` equal steps from 0 to 1; empty steps are left out.

    Columns: `low` and `high` (the step), `count`, mean `confidence`, and `accuracy`, as in the
    reliability diagrams of Guo et al. (ICML 2017).
    """
    confidence = probabilities.max(axis=1)
    step = np.minimum((confidence * bins).astype(int), bins - 1)
    answers = pd.DataFrame(
        {"step": step, "confidence": confidence, "right": probabilities.argmax(axis=1) == y}
    )
    grouped = answers.groupby("step")
    return pd.DataFrame(
        {
            "low": grouped["step"].first() / bins,
            "high": (grouped["step"].first() + 1) / bins,
            "count": grouped.size(),
            "confidence": grouped["confidence"].mean().astype(float),
            "accuracy": grouped["right"].mean(),
        }
    ).reset_index(drop=True)


def expected_calibration_error(steps: pd.DataFrame) -> float:
    """Return the mean gap between confidence and accuracy over `reliability`'s steps, by count."""
    gaps = (steps["confidence"] - steps["accuracy"]).abs()
    return float(np.average(gaps, weights=steps["count"]))


def with_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Soften (above 1) or sharpen (below 1) probabilities; the order of the classes stays."""
    logits = np.log(np.clip(probabilities.astype("float64"), 1e-12, 1))
    return softmax(logits / temperature, axis=1)


def fit_temperature(y: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the temperature with the least log loss (Guo et al., ICML 2017), from 0.05 to 20.

    Fit it on examples that were neither trained on nor are reported on.
    """

    def loss(log_temperature: float) -> float:
        scaled = with_temperature(probabilities, np.exp(log_temperature))
        return log_loss(y, scaled, labels=range(probabilities.shape[1]))

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.05), np.log(20))).x))


def abstention(right: np.ndarray, confidence: np.ndarray) -> pd.DataFrame:
    """Tell what is gained by refusing the least confident answers, one after the other.

    Columns: `refused` (the share of examples, ascending from 0), `accuracy` of the rest, and the
    least `confidence` among the rest: the error-coverage curve of El-Yaniv and Wiener (JMLR 11,
    2010). Equal confidences are refused in the order of the examples.
    """
    order = np.argsort(confidence, kind="stable")
    left = np.arange(len(right), 0, -1)
    return pd.DataFrame(
        {
            "refused": 1 - left / len(right),
            "accuracy": right[order][::-1].cumsum()[::-1] / left,
            "confidence": confidence[order].astype(float),
        }
    )


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> float:
    """Return the exact two-sided p-value of McNemar's test (Psychometrika 12, 1947).

    Both arguments tell, for the same examples, whether a classifier was right. Only the examples
    on which exactly one was right count; without any, the p-value is 1.
    """
    only_first = int(np.sum(first_right & ~second_right))
    only_second = int(np.sum(~first_right & second_right))
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second).pvalue)
