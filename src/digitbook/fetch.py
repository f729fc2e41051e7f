"""Fetch data sets from those who publish them, once: what was fetched is cached.

Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import os
import socket
import threading
import urllib.request
from pathlib import Path

from filelock import FileLock

from digitbook.errors import DataError
from digitbook.files import cache_dir
from digitbook.stored import Arrays, check, missing, read_npz

KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
ANSWER_WITHIN = 8
"""Seconds a download server may stay silent before it counts as out of reach."""


def mnist_cached() -> Path:
    """Return where Keras keeps MNIST; the file need not be there."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "datasets" / "mnist.npz"


def mnist(expected: dict[str, str]) -> tuple[Arrays, str]:
    """Return MNIST from Keras's own cache, or have Keras download it there, and where it is from.

    A cached file whose arrays do not hash to `expected` is fetched anew.

    Raises:
        DataMissing: the file is not there and cannot be fetched now.
    """
    with FileLock(cache_dir() / "mnist.lock"):
        cached = mnist_cached()
        try:
            arrays = read_npz(cached)
            check(arrays, expected, str(cached))
            return arrays, str(cached)
        except DataError:
            _require_answer("mnist", KERAS_URL)
            return _from_keras(), "keras.datasets.mnist"


def _from_keras() -> Arrays:
    # Reached only when a download is due, since importing Keras takes seconds.
    from keras.datasets import mnist

    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(ANSWER_WITHIN)
    try:
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
    except Exception as error:  # Keras wraps network failures in bare Exceptions
        raise missing("mnist", f"the download failed: {error}") from error
    finally:
        socket.setdefaulttimeout(patience)
    return dict(x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def _require_answer(name: str, url: str) -> None:
    """Raise `DataMissing` unless a server answers at `url` within `ANSWER_WITHIN` seconds.

    Name look-up has no timeout of its own, hence the thread that is left behind.
    """
    outcome: list[object] = [f"no answer within {ANSWER_WITHIN} s"]

    def ask() -> None:
        request = urllib.request.Request(url, method="HEAD")
        try:
            urllib.request.urlopen(request, timeout=ANSWER_WITHIN).close()
            outcome[0] = None
        except (OSError, ValueError) as error:
            outcome[0] = error

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(ANSWER_WITHIN)
    if outcome[0] is not None:
        raise missing(name, f"{url} cannot be reached ({outcome[0]})")
