"""Fonts of other scripts for the figures: the ones that the site serves (see `web_assets`).

None is committed, so they are looked for, and fetched where npm can be reached, only when a figure is
to show a character that Matplotlib's own font lacks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from matplotlib import font_manager

from digitbook._util.files import atomic_write
from digitbook.paths import PACKAGES

OWN = "DejaVu Sans"
"""Matplotlib brings it along."""


def lacking(text: str, families: Iterable[str]) -> str:
    """Return the characters of `text`, each once and in order, that no font of these families has."""
    known: set[int] = set()
    for family in families:
        known |= font_manager.get_font(font_manager.findfont(family)).get_charmap().keys()
    return "".join(sorted(character for character in set(text) if ord(character) not in known))


@cache
def others() -> tuple[str, ...]:
    """Add the site's fonts to Matplotlib's and return their families; none if they cannot be had.

    Where no build has fetched them this takes some 15 s, or up to 5 s to find out that npm is out of
    reach, once a process.
    """
    folder = _fetched()
    files = sorted(folder.glob("*.woff")) if folder else []
    return tuple(map(_add, files))


def _fetched() -> Path | None:
    if not PACKAGES.is_dir():
        return None
    try:
        from digitbook.book import web_assets
    except ImportError:  # Node comes with what builds the book, which a chapter does without
        return None
    try:
        if web_assets.is_cached(PACKAGES) or web_assets.is_reachable():
            return web_assets.bundle(PACKAGES)
    except web_assets.RuntimeMissing:
        pass
    return None


def _add(compressed: Path) -> str:
    """Add a WOFF file to Matplotlib's fonts, as the TrueType that it reads, and return the family."""
    path = compressed.with_suffix(".ttf")
    if not path.is_file():
        with TTFont(compressed) as font, atomic_write(path) as fresh:
            font.flavor = None
            font.save(fresh)
    entry = font_manager.ttfFontProperty(font_manager.get_font(path))
    # Of bold text in a font without bold letters Matplotlib complains on standard error.
    font_manager.fontManager.ttflist.append(replace(entry, weight="bold"))
    font_manager.fontManager.addfont(path)
    return entry.name
