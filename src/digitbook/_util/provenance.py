"""What a record says about where it was made: the commit, the processor, the memory used."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
from pathlib import Path

from digitbook.paths import CLONE


def commit() -> str:
    """Return the commit that runs, with `-dirty` if a tracked file differs, or "unknown"."""
    if CLONE is None:  # an installed package may lie in somebody else's repository
        return "unknown"
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
        cwd=CLONE,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"


def processor() -> str:
    """Return the processor's name, which Python's `platform` does not know on Linux."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def peak_memory_mb() -> float:
    """Return the most memory that this process has held so far, in megabytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
