"""What a Dask worker does for a sweep: make one run in a process of its own.

The worker is sent names and the data's hash, loads the data itself and sends back the record and
the network: it shares no files with whoever asked. Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from distributed import get_worker

from digitbook import data
from digitbook.experiments import records

TOPIC = "digitbook-progress"


class RunFailed(Exception):
    """A run ended without a result; the message says why."""


def work(
    model: str, dataset: str, data_sha256: str, seed: int, threads: int
) -> tuple[records.RunRecord, bytes]:
    """Make one run in a process of its own; return its record and its network as `.keras` bytes.

    `dataset` is what `data.load` takes.

    Raises:
        RunFailed: the data here is not the data that was meant, or training failed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever asked for the sweep has read them
        found = data.load(dataset).sha256
    if found != data_sha256:
        raise RunFailed(f"{dataset} is other data here: its SHA-256 is {found}, not {data_sha256}.")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "digitbook.cli", "train", model, "--data", dataset]
        command += ["--seed", str(seed), "--threads", str(threads), "--stop-with-parent"]
        command += ["--results", folder, "--output", f"{folder}/network.keras"]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = "nothing"
        for said in process.stdout or ():
            get_worker().log_event(TOPIC, f"{model}, seed {seed}: {said.strip()}")
        if process.wait():
            raise RunFailed(f"exit code {process.returncode}: {said.strip()}")
        (record,) = records.read(Path(folder))
        return record, Path(folder, "network.keras").read_bytes()
