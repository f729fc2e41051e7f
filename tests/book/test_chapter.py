from dataclasses import replace

import pytest

from digitbook.book.chapter import Chapter
from digitbook.book.render import notice

pytestmark = pytest.mark.quick


def test_what_the_text_claims_must_hold(digits):
    chapter = Chapter(digits)
    chapter.claim("two is two", 2 == 2)
    with pytest.raises(AssertionError, match="two is three"):
        chapter.claim("two is three", 2 == 3)


def test_text_about_records_must_hold():
    with pytest.raises(AssertionError, match="two is three"):
        Chapter().claim("two is three", 2 == 3)


def test_chapters_do_not_share_what_they_run_on(digits):
    written = Chapter(digits)
    Chapter(digits, 7)
    with pytest.raises(AssertionError):
        written.claim("two is three", 2 == 3)


@pytest.mark.parametrize(("name", "seed"), [("kannada", 0), ("mnist5k", 1)])
def test_on_other_data_or_seeds_it_only_warns(digits, name, seed):
    chapter = Chapter(replace(digits, name=name), seed)
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
