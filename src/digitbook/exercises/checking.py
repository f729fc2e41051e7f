"""Check an answer to an exercise, and say in words what is wrong with it."""

from __future__ import annotations

import copy
import inspect
import textwrap
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from digitbook._util.names import did_you_mean
from digitbook.errors import BadInput
from digitbook.exercises import progress
from digitbook.exercises.exercise import Answer, Exercise
from digitbook.exercises.tasks import EXERCISES

_asked: Counter[str] = Counter()


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and a sentence or two on it; a notebook shows these."""

    passed: bool
    message: str

    def __str__(self) -> str:
        return f"{'Right' if self.passed else 'Not yet'}: {self.message}"

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return f"**{'Right' if self.passed else 'Not yet'}:** {self.message}"


def check(number: str, answer: Answer) -> Verdict:
    """Try a function of yours on small cases, and say whether it is right or what is wrong with it.

    A wrong function stops nothing: what is wrong, an error that it raised included, is in the verdict.
    A right one is noted as done on this machine (`digitbook exercises`).

    Raises:
        BadInput: there is no exercise of this number.
    """
    exercise = _exercise(number)
    if not callable(answer):
        return Verdict(False, f"`check` takes a function, not {_described(answer)}.")
    if wrong := _complaint(exercise, answer):
        return Verdict(False, wrong)
    try:
        progress.note(number)
    except OSError as error:
        return Verdict(True, f"{exercise.title}. It could not be noted as done: {error}.")
    return Verdict(True, f"{exercise.title}.")


def hint(number: str) -> str:
    """Return a hint: a nudge the first time, and one that gives more away each time after.

    Raises:
        BadInput: there is no exercise of this number.
    """
    hints = _exercise(number).hints
    place = min(_asked[number], len(hints) - 1)
    _asked[number] += 1
    return f"Hint {place + 1} of {len(hints)}: {hints[place]}"


def solution(number: str) -> Source:
    """Return the source of a right answer, which a notebook shows.

    Raises:
        BadInput: there is no exercise of this number.
    """
    return Source(textwrap.dedent(inspect.getsource(_exercise(number).solution)))


class Source(str):
    """Python code, which a notebook shows as such."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return f"```python\n{self}```"


def _exercise(number: str) -> Exercise:
    if number not in EXERCISES:
        near = did_you_mean(str(number), EXERCISES)
        raise BadInput(f"There is no exercise {number}{near}; there are {', '.join(EXERCISES)}.")
    return EXERCISES[number]


def _complaint(exercise: Exercise, answer: Answer) -> str | None:
    """Return what is wrong with an answer, or None if it is right."""
    cases = exercise.cases()
    results = []
    for case in cases:
        given = copy.deepcopy(case)
        try:
            results.append(_quiet(answer, given))
        except Exception as error:  # whatever the answer of a learner raises is news to the learner
            return f"it raises {type(error).__name__}: {error} (for {_arguments(exercise, case)})."
        if any(not np.array_equal(now, was) for now, was in zip(given, case, strict=True)):
            return "it changes the arrays that it is given: work on a copy, and return that."
    if results[0] is None:
        return "it returns `None`: write it, and end with `return`."
    right = [_quiet(exercise.solution, case) for case in cases]
    if all(map(_alike, results, right)):
        return _type_complaint(results[0], right[0])
    for mistake, sentence in exercise.mistakes:
        if all(map(_alike, results, (_quiet(mistake, case) for case in cases))):
            return sentence
    places = zip(cases, results, right, strict=True)
    case, got, wanted = next(each for each in places if not _alike(*each[1:]))
    return f"for {_arguments(exercise, case)} {_difference(got, wanted)}"


def _type_complaint(got: object, wanted: object) -> str | None:
    due, found = np.asarray(wanted).dtype, np.asarray(got).dtype
    if due == "uint8" and found != due:
        return f"the numbers are right and of type {found}; grey levels are uint8."
    return None


def _quiet(function: Callable, arguments: tuple) -> object:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*arguments)


def _alike(one: object, other: object) -> bool:
    try:
        first, second = np.asarray(one), np.asarray(other)
        return first.shape == second.shape and np.allclose(
            first.astype("float64"), second.astype("float64"), 1e-4, 1e-6, equal_nan=True
        )
    except (TypeError, ValueError):
        return False


def _difference(got: object, wanted: object) -> str:
    try:
        ours, theirs = np.asarray(wanted, "float64"), np.asarray(got, "float64")
    except (TypeError, ValueError):
        return f"it returns {_described(got)}, where {_described(wanted)} is due."
    if ours.shape != theirs.shape:
        return f"it returns {_described(got)}, where {_described(wanted)} is due."
    apart = ~np.isclose(theirs, ours, 1e-4, 1e-6)
    place = tuple(map(int, np.argwhere(apart)[0]))
    where = f"at {list(place)} " if place else ""
    return (
        f"{np.count_nonzero(apart)} of {apart.size} numbers differ; {where}yours is "
        f"{theirs[place]:.6g} and right is {ours[place]:.6g}."
    )


def _arguments(exercise: Exercise, case: tuple) -> str:
    names = inspect.signature(exercise.solution).parameters
    return ", ".join(f"`{name}` = {_described(value)}" for name, value in zip(names, case, strict=True))


def _described(value: object) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    if isinstance(value, tuple):
        return f"{len(value)} values"
    return str(value)[:60]
