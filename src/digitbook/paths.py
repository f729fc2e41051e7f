"""Where the book's own files lie: in a clone beside the library, in an installed wheel inside it."""

from __future__ import annotations

from pathlib import Path

LIBRARY = Path(__file__).parent
"""The folder of this package."""


def _clone() -> Path | None:
    folder = LIBRARY.parents[1]
    return folder if (folder / "_toc.yml").is_file() else None


CLONE = _clone()
"""The clone of the book that this library is part of, or None if it came as a wheel."""
RESULTS = CLONE / "results" if CLONE else LIBRARY / "results"
"""The recorded experiments and the released networks that come with the library."""
OWN_RESULTS = RESULTS if CLONE else Path("results")
"""Where commands keep new records unless they are told otherwise: never inside an installed package."""
NOTEBOOKS = CLONE / "notebooks" if CLONE else LIBRARY / "notebooks"
"""The chapters as they are stored, and the numbers that were recorded for them."""
STATIC = CLONE / "book" / "static" if CLONE else LIBRARY / "static"
"""The scripts and styles of the site, some of which the service's page shares."""
PACKAGES = STATIC.with_name("runtime")
"""What the site takes of the npm registry, by a lock: TensorFlow.js and fonts; in a clone alone."""
RELEASED = RESULTS / "cnn.tflite"
"""The released network that reads digits, as it was exported for LiteRT."""
