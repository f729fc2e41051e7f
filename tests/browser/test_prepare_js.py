"""The JavaScript preprocessing, in a real browser, against the drawings that Python's is held to."""

import json

import pytest
from conftest import ROOT
from golden import make
from playwright.sync_api import Error

pytestmark = pytest.mark.quick

SCRIPT = ROOT / "book" / "static" / "prepare.js"
GOLDEN = json.loads(make.FILE.read_text())
PREPARE = "([ink, width, height]) => Array.from(digitbookPrepare.prepareDrawing(ink, width, height))"


@pytest.fixture(scope="module")
def tab(browser, tmp_path_factory):
    """A page opened from disk that loads nothing but the script."""
    page = tmp_path_factory.mktemp("page") / "page.html"
    page.write_text(f'<!doctype html><script src="{SCRIPT.as_uri()}"></script>')
    tab = browser.new_page()
    tab.goto(page.as_uri())
    yield tab
    tab.close()


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["name"])
def test_golden_drawings(tab, golden):
    ink = make.read(golden["ink"]).tolist()
    prepared = tab.evaluate(PREPARE, [ink, golden["width"], golden["height"]])
    assert prepared == make.read(golden["prepared"]).tolist()


def test_a_wrong_size_is_refused(tab):
    with pytest.raises(Error, match="A drawing of 3 by 1 pixels cannot have 2 of them."):
        tab.evaluate(PREPARE, [[0, 0], 3, 1])
