"""What the build for the tests made of npm's packages."""

import pytest
from conftest import ROOT

from digitbook.book import web_assets


def bundle():
    """The folder of the bundle; the test is skipped where npm could not be reached."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITBOOK_CACHE", str(ROOT / "_build" / "test" / "cache"))
        folder = web_assets.cached(ROOT / "book" / "runtime")
    if not folder.is_dir():
        pytest.skip(f"NOT TESTED: npm could not be reached by the build ({folder} is missing)")
    return folder


def violations(tab, part):
    """What axe-core finds wrong in a part of the page, with the elements."""
    tab.evaluate((bundle() / web_assets.AXE).read_text())
    # Without preloading, which asks for the style sheets once more: not allowed from disk.
    found = tab.evaluate(f"axe.run('{part}', {{ preload: false }})")["violations"]
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]
