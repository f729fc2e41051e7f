"""Which exercises are done, kept in a small file on the learner's own machine."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

from filelock import FileLock
from platformdirs import user_data_path

from digitbook._util.files import atomic_write


def file() -> Path:
    """Return where progress is kept: `DIGITBOOK_PROGRESS`, else a file among the user's data."""
    named = os.environ.get("DIGITBOOK_PROGRESS")
    return Path(named).expanduser() if named else user_data_path("digitbook") / "exercises.json"


def done() -> dict[str, str]:
    """Return the numbers of the exercises that are done, each with the day, as `2026-01-31`.

    A file that is missing or damaged counts as empty.
    """
    try:
        found = json.loads(file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(day) for key, day in found.items()} if isinstance(found, dict) else {}


def note(number: str) -> None:
    """Note an exercise as done today; the first day stays.

    Raises:
        OSError: the file cannot be written.
    """
    path = file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        days = done()
        if number not in days:
            days[number] = date.today().isoformat()
            with atomic_write(path) as fresh:
                fresh.write_text(json.dumps(days, indent=1), encoding="utf-8")
