from dataclasses import replace

import pytest

from digitbook import chapter
from digitbook.book import notice


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch):
    monkeypatch.setattr(chapter, "_difference", "")


def test_what_the_text_claims_must_hold(digits):
    chapter.begin(digits, 0)
    chapter.claim("two is two", 2 == 2)
    with pytest.raises(AssertionError, match="two is three"):
        chapter.claim("two is three", 2 == 3)


@pytest.mark.parametrize(("name", "seed"), [("kannada", 0), ("mnist5k", 1)])
def test_on_other_data_or_seeds_it_only_warns(digits, name, seed):
    chapter.begin(replace(digits, name=name), seed)
    with pytest.warns(
        UserWarning, match=f"On {name} with seed {seed} this does not hold: two is three"
    ):
        chapter.claim("two is three", 2 == 3)


def test_every_page_says_what_it_was_computed_on(digits):
    assert notice(replace(digits, name="mnist")) == ""
    assert "a sample of 5,000" in notice(digits)
    assert "<b>kannada</b>. Its text was written about MNIST's digits" in notice(
        replace(digits, name="kannada")
    )
