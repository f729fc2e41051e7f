"""What a chapter needs to show its work: source code, numbers for the text, and checked claims."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable

import myst_nb
from IPython.display import Markdown

DEFAULT_SEED = 0


def source(*functions: Callable) -> Markdown:
    """Show the source code of functions of the library."""
    code = "\n\n".join(inspect.getsource(function) for function in functions)
    return Markdown(f"```python\n{code}```")


def glue(**values: object) -> None:
    """Store values under their names, so that the chapter's text can show them."""
    for name, value in values.items():
        myst_nb.glue(name, value, display=False)


def claim(sentence: str, holds: bool, seed: int = DEFAULT_SEED) -> None:
    """Stop the chapter unless `sentence`, which its text states, holds in this run.

    The text was written about the default seed; at any other one a `UserWarning` is enough.

    Raises:
        AssertionError: the claim does not hold at the default seed.
    """
    if holds:
        return
    if seed == DEFAULT_SEED:
        raise AssertionError(f"The text claims what this run does not show: {sentence}")
    warnings.warn(f"With seed {seed} this does not hold: {sentence}", stacklevel=2)
