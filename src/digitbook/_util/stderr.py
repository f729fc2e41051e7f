"""Standard error closed for a while to what compiled libraries write there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silenced_stderr() -> Iterator[None]:
    """Send this process's standard error nowhere, on the level at which C++ code writes to it.

    It is the whole process's, so that this is for start-up, before there are other threads.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    stderr = os.dup(2)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
