"""What an exercise is: a function to write, cases to try it on, and the mistakes that people make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Answer = Callable[..., object]


@dataclass(frozen=True)
class Exercise:
    """An exercise; `number` is its chapter's, a point, and its place in the chapter's list.

    `solution` is a right answer. `cases` returns lists of arguments that right and wrong answers are
    told apart by. `mistakes` are wrong answers, each with a sentence on what it does; an answer that
    gives the same results is told that sentence. `hints` go from a nudge to nearly everything.
    """

    number: str
    title: str
    solution: Answer
    cases: Callable[[], list[tuple]]
    mistakes: tuple[tuple[Answer, str], ...]
    hints: tuple[str, ...]
