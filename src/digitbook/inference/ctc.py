"""What an output of connectionist temporal classification says: readings, their probabilities, places.

For each step of a line the network gives the probability of every class and of the blank, "nothing new
here". A reading is spelt by every row of steps that gives it once repetitions are joined and blanks
left out, and its probability is the sum over all of them (Graves, Fernández, Gomez and Schmidhuber,
"Connectionist temporal classification", 2006).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Reading = tuple[int, ...]
"""The classes of a line, from left to right."""


def spelt(steps: np.ndarray) -> Reading:
    """Return what the likeliest class of each step spells: repetitions joined, blanks left out.

    Args:
        steps: float `(T, classes + 1)`; the last column is the blank.
    """
    best = steps.argmax(axis=1)
    begun = np.flatnonzero(np.diff(best, prepend=-1))
    return tuple(int(each) for each in best[begun] if each != steps.shape[1] - 1)


def neighbours(reading: Reading, classes: int) -> list[Reading]:
    """Return the reading and all that differ from it in one class: another, one less, or one more."""
    places = range(len(reading))
    found = {reading: None}
    for place in places:
        found.update({(*reading[:place], c, *reading[place + 1 :]): None for c in range(classes)})
        found[reading[:place] + reading[place + 1 :]] = None
    for place in range(len(reading) + 1):
        found.update({(*reading[:place], c, *reading[place:]): None for c in range(classes)})
    return list(found)


def log_probabilities(log_steps: np.ndarray, readings: Sequence[Reading]) -> np.ndarray:
    """Return the logarithm of each reading's probability, float64 `(readings,)`.

    Args:
        log_steps: logarithms of the probabilities `(T, classes + 1)`; the last column is the blank.
        readings: of any lengths.
    """
    states, skips, ends = _states(readings, log_steps.shape[1] - 1)
    steps = np.exp(log_steps)
    forward = np.zeros(states.shape)
    forward[:, :2] = steps[0, states[:, :2]]
    scale = np.zeros(len(states))
    for step in steps[1:]:
        forward = _before(forward, skips, 0.0).sum(axis=0) * step[states]
        largest = np.maximum(forward.max(axis=1), 1e-300)
        forward /= largest[:, None]  # else they would become too small for floats
        scale += np.log(largest)
    last = np.take_along_axis(forward, ends, axis=1)
    with np.errstate(divide="ignore"):
        return scale + np.log(last[:, 0] + np.where(ends[:, 1] < ends[:, 0], last[:, 1], 0))


def places(log_steps: np.ndarray, reading: Reading) -> np.ndarray:
    """Return at which step each class of a reading stands, int `(N,)`.

    In the likeliest row of steps that spells the reading, it is the one where the class is likeliest.
    """
    (states,), skips, (ends,) = _states([reading], log_steps.shape[1] - 1)
    best = np.full(len(states), -np.inf)
    best[:2] = log_steps[0, states[:2]]
    came_from = []
    for step in log_steps[1:]:
        before = _before(best[None], skips, -np.inf)[:, 0]
        came_from.append(before.argmax(axis=0))
        best = before.max(axis=0) + step[states]
    state = max(ends, key=lambda end: best[end])
    path = [state]
    for back in reversed(came_from):
        state -= back[state]
        path.append(state)
    taken = np.array(path[::-1])
    return np.array(
        [
            max(np.flatnonzero(taken == 2 * n + 1), key=lambda t: log_steps[t, each])
            for n, each in enumerate(reading)
        ],
        int,
    )


def _states(readings: Sequence[Reading], blank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each reading with blanks around its classes, which may be skipped, and where it ends."""
    longest = 2 * max(map(len, readings)) + 1
    states = np.full((len(readings), max(longest, 2)), blank)
    for row, reading in zip(states, readings, strict=True):
        row[1 : 2 * len(reading) : 2] = reading
    skips = np.zeros(states.shape, bool)
    skips[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    lengths = np.array([len(reading) for reading in readings])
    return states, skips, np.stack([2 * lengths, np.maximum(2 * lengths - 1, 0)], axis=1)


def _before(forward: np.ndarray, skips: np.ndarray, never: float) -> np.ndarray:
    """Stack what may come before each state: itself, the one before it, and the one before that."""
    one, two = np.full(forward.shape, never), np.full(forward.shape, never)
    one[:, 1:] = forward[:, :-1]
    two[:, 2:] = np.where(skips[:, 2:], forward[:, :-2], never)
    return np.stack([forward, one, two])
