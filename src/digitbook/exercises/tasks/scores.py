"""How well a network does: shares and their intervals, confusion, temperature, a test for pairs."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import binomtest

from digitbook.exercises.exercise import Exercise


def accuracy(labels, answers):
    """Return the accuracy and the bounds of its 95% Wilson interval (z = 1.96), as three fractions."""
    n, p, z = len(labels), np.mean(labels == answers), 1.96
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return p, middle - half, middle + half


def _answers() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, 60)
    return labels, np.where(random.random(60) < 0.8, labels, random.integers(0, 4, 60))


def _symmetric(labels: np.ndarray, answers: np.ndarray, width: float) -> tuple[float, float, float]:
    p = float(np.mean(labels == answers))
    half = width * math.sqrt(p * (1 - p) / len(labels))
    return p, p - half, p + half


def _wilson(labels: np.ndarray, answers: np.ndarray, level: float) -> tuple[float, float, float]:
    right = int(np.sum(labels == answers))
    found = binomtest(right, len(labels)).proportion_ci(level, "wilson")
    return right / len(labels), found.low, found.high


ACCURACY = Exercise(
    "05.4",
    "Accuracy with an interval",
    accuracy,
    lambda: [_answers(), (np.arange(50) % 5, np.arange(50) % 5)],
    (
        (
            lambda y, a: _symmetric(y, a, 1.96),
            "this is the simple interval, p plus or minus 1.96 standard errors; where all are "
            "right it has no "
            "width. Wilson's leans towards the middle.",
        ),
        (
            lambda y, a: _symmetric(y, a, 1),
            "this is one standard error to either side, which holds about 68%, not 95%.",
        ),
        (lambda y, a: _wilson(y, a, 0.90), "this is the interval of 90%; for 95% z is 1.96."),
        (
            lambda y, a: tuple(1 - each for each in accuracy(y, a)),
            "this is the share of mistakes; the share of right answers is asked for.",
        ),
    ),
    (
        "The accuracy p is the mean of `labels == answers`.",
        "Wilson's middle is (p + z²/2n) / (1 + z²/n), with n the number of answers.",
        "Half the width is z / (1 + z²/n) times the root of p(1 - p)/n + z²/4n².",
    ),
)


def confusion(labels, answers, classes):
    """Count how often each class (row) got each answer (column), in an array (classes, classes)."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, answers), 1)
    return counts


def _once(labels: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    counts = np.zeros((classes, classes), int)
    counts[labels, answers] += 1
    return counts


CONFUSION = Exercise(
    "05.5",
    "A confusion matrix",
    confusion,
    lambda: [(*_answers(), 6)],
    (
        (
            lambda y, a, n: confusion(a, y, n),
            "rows and columns are exchanged: a row is a true class, a column an answer.",
        ),
        (
            lambda y, a, n: confusion(y, a, n) / len(y),
            "these are shares of all images; counts are asked for.",
        ),
        (
            _once,
            "each pair is counted once at most: `counts[labels, answers] += 1` adds 1 to a place "
            "only once, "
            "however often it is named. `np.add.at` adds each time.",
        ),
        (
            lambda y, a, n: confusion(y, a, len(np.unique(y))),
            "classes that do not occur have no row; there are as many as `classes` says.",
        ),
    ),
    (
        "Start with zeros, and add 1 at the row and column of each pair.",
        "A loop over `zip(labels, answers)` does.",
        "`np.add.at(counts, (labels, answers), 1)` is the loop in one line.",
    ),
)


def with_temperature(probabilities, temperature):
    """Divide the logarithms of probabilities (N, classes) by a temperature; rows add up to 1."""
    powers = probabilities ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def _some() -> np.ndarray:
    return np.array([[0.7, 0.2, 0.1], [0.05, 0.05, 0.9], [0.4, 0.35, 0.25]])


TEMPERATURE = Exercise(
    "08.4",
    "Temperature",
    with_temperature,
    lambda: [(_some(), 2.0), (_some(), 0.5)],
    (
        (
            lambda p, t: with_temperature(p, 1 / t),
            "it works the other way round: a temperature above 1 makes a network less sure.",
        ),
        (
            lambda p, t: p ** (1 / t),
            "the rows no longer add up to 1: divide each by its total.",
        ),
        (
            lambda p, t: p / t / (p / t).sum(axis=1, keepdims=True),
            "it divides the probabilities themselves, which changes nothing once they add up to 1 "
            "again; "
            "divide their logarithms.",
        ),
    ),
    (
        "Logarithms of probabilities are the sums that softmax was given, up to a number a row.",
        "So: logarithm, divide, exponential, and make each row add up to 1.",
        "exp(ln p / t) is the same as p to the power of 1/t.",
    ),
)


def mcnemar(first_right, second_right):
    """Return the exact two-sided p-value for two networks on the same images, arrays of bool (N,)."""
    only_first = int(np.sum(first_right & ~second_right))
    only_second = int(np.sum(~first_right & second_right))
    if only_first + only_second == 0:
        return 1.0
    return binomtest(only_first, only_first + only_second).pvalue


def _pair() -> tuple[np.ndarray, np.ndarray]:
    both, only_first, only_second = 80, 12, 4
    first = np.repeat([True, True, False, False], [both, only_first, only_second, 4])
    return first, np.repeat([True, False, True, False], [both, only_first, only_second, 4])


MCNEMAR = Exercise(
    "08.5",
    "McNemar's test",
    mcnemar,
    lambda: [_pair(), (np.array([True, False]), np.array([True, False]))],
    (
        (
            lambda a, b: (
                binomtest(int((a & ~b).sum()), max(int((a ^ b).sum()), 1), alternative="greater").pvalue
            ),
            "this is one-sided: before looking, either network could have been the better one.",
        ),
        (
            lambda a, b: binomtest(int(a.sum()), max(int(a.sum() + b.sum()), 1)).pvalue,
            "it compares all right answers. The images that both read, or neither, say nothing "
            "about which "
            "is better: leave them out.",
        ),
        (
            lambda a, b: binomtest(int((a & ~b).sum()), len(a)).pvalue,
            "it divides by all images; only those count that exactly one of the two read.",
        ),
        (
            lambda a, b: mcnemar(a, b) if (a ^ b).any() else 0.0,
            "two networks that never differ are told apart for certain; nothing tells them apart, "
            "so p is 1.",
        ),
    ),
    (
        "Only images that exactly one of the two networks reads tell which one is better.",
        "If neither is better, each of these is a fair coin.",
        "`scipy.stats.binomtest(only_first, only_first + only_second).pvalue`; without any, 1.",
    ),
)

EXERCISES = (ACCURACY, CONFUSION, TEMPERATURE, MCNEMAR)
