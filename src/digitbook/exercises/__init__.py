"""Exercises that answer: `check` tells what is wrong with a function of yours, `hint` how to go on.

`tasks` holds the exercises by subject, `checking` compares an answer with the right one and with the
usual wrong ones, and `progress` remembers on this machine which are done. Nothing here imports
TensorFlow.
"""

from digitbook.exercises.checking import Verdict, check, hint, solution

__all__ = ["Verdict", "check", "hint", "solution"]
