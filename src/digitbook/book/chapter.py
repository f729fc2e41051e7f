"""What a chapter needs in its hidden cells: numbers for its text, and checked claims."""

from __future__ import annotations

import warnings

import myst_nb

from digitbook.data import Dataset


class Chapter:
    """A run of a chapter, whose text is about MNIST and seed 0, or about recorded experiments alone.

    `digits` and `seed` are what the run is about; without them its text is about records.
    """

    def __init__(self, digits: Dataset | None = None, seed: int = 0):
        self._difference = ""
        if digits and (digits.name not in ("mnist", "mnist5k") or seed != 0):
            self._difference = f"On {digits.name} with seed {seed}"

    def glue(self, **values: object) -> None:
        """Store values under their names, so that the chapter's text can show them."""
        for name, value in values.items():
            myst_nb.glue(name, value, display=False)

    def claim(self, sentence: str, holds: bool) -> None:
        """Stop the chapter unless `sentence`, which its text states, holds in this run.

        In a run about anything else than the text is about, a `UserWarning` is enough.

        Raises:
            AssertionError: the claim does not hold in a run that the text is about.
        """
        if holds:
            return
        if not self._difference:
            raise AssertionError(f"The text claims what this run does not show: {sentence}")
        warnings.warn(f"{self._difference} this does not hold: {sentence}", stacklevel=2)
