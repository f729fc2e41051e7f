"""Programs that the build runs, and stops when it is stopped."""

from __future__ import annotations

import os
import subprocess

_processes: set[subprocess.Popen] = set()


def call(command: list[str]) -> subprocess.CompletedProcess:
    """Run a command to its end, with its output caught; `stop_all` stops it if the build is stopped."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    _processes.add(process)
    try:
        log, _ = process.communicate()
    finally:
        _processes.discard(process)
    return subprocess.CompletedProcess(command, process.returncode, log)


def stop_all() -> None:
    """Stop every program that is still running."""
    for process in list(_processes):
        process.terminate()
