"""Fonts of other scripts for the figures: the ones that the site serves (see `digitbook.runtime`).

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

from digitbook.files import replacing

OWN = "DejaVu Sans"
"""Matplotlib brings it along."""
SOURCE = Path(__file__).parents[2] / "book" / "runtime"


def lacking(text: str, families: Iterable[str]) -> str:
    """Return the characters of `text`, each once and in order, that no font of these families has."""
    known = set()
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
    if not SOURCE.is_dir():
        return None
    try:
        from digitbook import runtime
    except ImportError:  # Node comes with what builds the book, which a chapter does without
        return None
    try:
        if runtime.is_cached(SOURCE) or runtime.is_reachable():
            return runtime.bundle(SOURCE)
    except runtime.RuntimeMissing:
        pass
    return None


def _add(compressed: Path) -> str:
    """Add a WOFF file to Matplotlib's fonts, as the TrueType that it reads, and return the family."""
    path = compressed.with_suffix(".ttf")
    if not path.is_file():
        with TTFont(compressed) as font, replacing(path) as fresh:
            font.flavor = None
            font.save(fresh)
    entry = font_manager.ttfFontProperty(font_manager.get_font(path))
    # Of bold text in a font without bold letters Matplotlib complains on standard error.
    font_manager.fontManager.ttflist.append(replace(entry, weight="bold"))
    font_manager.fontManager.addfont(path)
    return entry.name
