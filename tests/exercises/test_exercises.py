"""Exercises as a learner meets them: wrong answers are told why, right ones are remembered."""

import ast
import inspect
import json
import re

import nbformat
import numpy as np
import pytest
from conftest import ROOT

from digitbook import cli, exercises
from digitbook.errors import BadInput
from digitbook.exercises import progress
from digitbook.exercises.tasks import EXERCISES, networks

pytestmark = pytest.mark.quick


def test_there_are_a_dozen_in_several_chapters():
    assert len(EXERCISES) >= 12
    assert len({number[:2] for number in EXERCISES}) >= 5


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_solution_passes_and_is_remembered(exercise):
    verdict = exercises.check(exercise.number, exercise.solution)
    assert verdict.passed, verdict.message
    assert list(progress.done()) == [exercise.number]
    assert "return" in exercises.solution(exercise.number)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_three_or_more_usual_mistakes_are_each_told_by_name(exercise):
    assert len(exercise.mistakes) >= 3
    for mistake, sentence in exercise.mistakes:
        assert str(exercises.check(exercise.number, mistake)) == f"Not yet: {sentence}"
    assert progress.done() == {}


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_hints_come_one_by_one_and_the_last_stays(exercise):
    given = [exercises.hint(exercise.number) for _ in range(len(exercise.hints) + 1)]
    assert given[0].startswith("Hint 1 of ")
    assert [text.partition(": ")[2] for text in given] == [*exercise.hints, exercise.hints[-1]]


def starters():
    """What each chapter gives a learner to begin with: the number and the source of its cell."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.id.startswith("starter"):
                yield (
                    re.search(r'exercises\.check\("(.+?)"', cell.source)[1],
                    path.stem[:2],
                    cell.source,
                )


def test_chapters_ask_for_each_exercise_once_and_in_its_chapter():
    asked = [(number, chapter) for number, chapter, _ in starters()]
    assert asked == [(number, number[:2]) for number in EXERCISES]


@pytest.mark.parametrize("number", EXERCISES)
def test_starter_fails_its_check_and_stops_nothing(number):
    (source,) = (source for each, _, source in starters() if each == number)
    *statements, last = ast.parse(source).body
    names = {"exercises": exercises}
    exec(compile(ast.Module(statements, []), "starter", "exec"), names)
    verdict = eval(compile(ast.Expression(last.value), "starter", "eval"), names)
    assert str(verdict) == "Not yet: it returns `None`: write it, and end with `return`."
    (answer,) = (each for name, each in names.items() if name.startswith("my_"))
    theirs = inspect.signature(answer).parameters
    assert list(theirs) == list(inspect.signature(EXERCISES[number].solution).parameters)


def convolve_with_a_bug(image, kernel):
    return image[: len(kernel)] @ kernel


def changes_its_input(images):
    images[:] = 0
    return images


@pytest.mark.parametrize(
    ("number", "answer", "message"),
    [
        ("06.4", lambda image, kernel: None, "it returns `None`"),
        ("06.4", lambda image: image, "it raises TypeError"),
        ("06.4", convolve_with_a_bug, "it raises ValueError: .*shape .6, 7."),
        ("06.4", lambda image, kernel: image, r"shape \(6, 7\), where an array of shape \(4, 5\)"),
        ("06.4", lambda image, kernel: networks.convolve(image, kernel) + 1, "20 of 20 numbers differ"),
        ("03.4", changes_its_input, "it changes the arrays that it is given"),
        ("05.4", lambda labels, answers: "much", "it returns much, where 3 values"),
        ("12.4", lambda a, noise: np.clip(np.round(a + noise), 0, 255), "of type float64; grey levels"),
        ("06.4", 3, "takes a function, not 3"),
    ],
)
def test_other_wrong_answers_are_described(number, answer, message):
    verdict = exercises.check(number, answer)
    assert not verdict.passed
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(verdict.message)


def test_right_answer_written_another_way_passes():
    def pool(image):
        image = image[: len(image) // 2 * 2, : image.shape[1] // 2 * 2]
        return np.maximum.reduce([image[a::2, b::2] for a in (0, 1) for b in (0, 1)])

    assert str(exercises.check("06.5", pool)) == "Right: Max pooling."


def test_unknown_number_lists_the_known_ones():
    for ask in (exercises.hint, exercises.solution, lambda number: exercises.check(number, len)):
        with pytest.raises(
            BadInput, match=r"no exercise 06\.44 .did you mean 06\.4.*there are 03\.4, "
        ):
            ask("06.44")


def test_command_lists_what_is_done(capsys):
    exercises.check("06.5", networks.max_pool)
    assert cli.main(["exercises", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["exercise"] for row in found if row["done"]] == ["06.5"]
    assert cli.main(["exercises"]) == 0
    out = capsys.readouterr().out
    assert "Max pooling" in out
    assert f"1 of {len(EXERCISES)} done" in out


def test_damaged_progress_is_begun_anew():
    progress.file().write_text("[half a fi")
    assert progress.done() == {}
    exercises.check("06.5", networks.max_pool)
    assert list(progress.done()) == ["06.5"]


def test_progress_that_cannot_be_kept_is_said_and_stops_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIGITBOOK_PROGRESS", str(tmp_path / "file" / "exercises.json"))
    verdict = exercises.check("06.5", networks.max_pool)
    assert verdict.passed
    assert "could not be noted" in verdict.message
