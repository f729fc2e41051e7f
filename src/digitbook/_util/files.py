"""Where caches live, and how a file is written so that nobody ever reads half of it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path


def cache_dir() -> Path:
    """The folder for cached data and models: `DIGITBOOK_CACHE`, else the user's cache folder."""
    named = os.environ.get("DIGITBOOK_CACHE")
    folder = Path(named).expanduser() if named else user_cache_path("digitbook")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def make_writable(folder: Path) -> None:
    """Create a folder if it is missing, and write to it: long work should not fail at its end.

    Raises:
        OSError: it cannot be created or written to; `filename` names the place.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a fresh path to write a file or folder to; it becomes `path` when the block ends well.

    The fresh path lies in a hidden folder beside `path`, so that the last step is a rename on one
    file system. If the block raises, `path` is left as it was.

    Raises:
        IsADirectoryError: a file was written, and `path` is a folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=".partial-"))
    try:
        fresh = folder / path.name
        yield fresh
        if path.is_dir():
            if not fresh.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
            path.rename(folder / "replaced")
        fresh.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
