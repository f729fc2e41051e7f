"""Fetch data sets from those who publish them, once: what was fetched is cached.

Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path

from filelock import FileLock

from digitbook._util.console import new_console, progress
from digitbook._util.files import cache_dir
from digitbook.data.idx import (
    IDX_FILES,
    Arrays,
    check,
    missing,
    read_idx,
    read_npz,
    write_npz,
)
from digitbook.errors import DataError

KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
EMNIST_URL = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
EMNIST_MD5 = "58c8d27c78d21e728a6bc7b3cc06412e"
KMNIST_URL = "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"
KMNIST_MD5 = {
    "x_train": "bdb82020997e1d708af4cf47b453dcf7",
    "y_train": "e144d726b3acfaa3e44228e80efcd344",
    "x_test": "5c965bf0a639b31b8f53240b1b52f4d7",
    "y_test": "7320c461ea6c1c855c0b718fb2a4b134",
}
ANSWER_WITHIN = 8
"""Seconds a download server may stay silent before it counts as out of reach."""
MEGABYTE = 1_000_000


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
            _require_answer("mnist", KERAS_URL, cached)
            return _from_keras(), "keras.datasets.mnist"


def _from_keras() -> Arrays:
    # Reached only when a download is due, since importing Keras takes seconds.
    from keras.datasets import mnist

    try:
        with _impatient():
            (x_train, y_train), (x_test, y_test) = mnist.load_data()
    except Exception as error:  # Keras wraps network failures in bare Exceptions
        raise missing("mnist", f"the download failed: {error}") from error
    return dict(x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def kept(name: str) -> Path:
    """Return where the set called `name` is kept once it was fetched; the file need not be there."""
    return cache_dir() / f"{name}.npz"


def kmnist() -> tuple[Arrays, str]:
    """Return KMNIST, fetched now or earlier, and where it is kept.

    Raises:
        DataMissing: it cannot be fetched now.
        DataError: the files there are not those that were published.
    """
    return _fetched_once("kmnist", _fetch_kmnist)


def emnist_letters() -> tuple[Arrays, str]:
    """Return the letters of EMNIST, upright, fetched now or earlier, and where they are kept.

    They lie in an archive of 560 MB with all of EMNIST, of which nothing else is kept.

    Raises:
        DataMissing: they cannot be fetched now.
        DataError: the archive there is not the one that was published.
    """
    return _fetched_once("emnist-letters", _fetch_emnist_letters)


def _fetched_once(name: str, fetch: Callable[[Path], Arrays]) -> tuple[Arrays, str]:
    """Return a set as it is kept, or what `fetch` makes of the files it gets into a folder."""
    file = kept(name)
    with FileLock(file.with_suffix(".lock")):
        try:
            return read_npz(file), str(file)
        except DataError:
            folder = cache_dir() / "downloads" / name
            folder.mkdir(parents=True, exist_ok=True)
            arrays = fetch(folder)
            write_npz(file, arrays)
            shutil.rmtree(folder)
            return read_npz(file), str(file)


def _fetch_kmnist(folder: Path) -> Arrays:
    return {
        part: read_idx(_download("kmnist", f"{KMNIST_URL}{stem}.gz", KMNIST_MD5[part], folder))
        for part, stem in IDX_FILES.items()
    }


def _fetch_emnist_letters(folder: Path) -> Arrays:
    with zipfile.ZipFile(_download("emnist-letters", EMNIST_URL, EMNIST_MD5, folder)) as archive:
        arrays = {}
        for part, stem in IDX_FILES.items():
            member = f"gzip/emnist-letters-{stem.replace('t10k', 'test')}.gz"
            (folder / f"{stem}.gz").write_bytes(archive.read(member))
            arrays[part] = read_idx(folder / f"{stem}.gz")
    return {  # images are stored column by column
        part: array.transpose(0, 2, 1) if part.startswith("x") else array
        for part, array in arrays.items()
    }


def _download(name: str, url: str, md5: str, folder: Path) -> Path:
    """Return the file at `url`, which belongs to the set `name`, from `folder` or fetched into it.

    A transfer that stops leaves what has come in `FILE.part`, from where the next one goes on.
    `keras.utils.get_file`, which by itself begins a file anew each time, then holds the whole file to
    its MD5, and where it differs, because the file there has changed meanwhile, fetches it once more.

    Raises:
        DataMissing: the server is out of reach, or the transfer stopped.
        DataError: the file there is not the one that was published.
    """
    file = folder / url.rpartition("/")[2]
    part = file.with_name(f"{file.name}.part")
    if not file.is_file():
        _require_answer(name, url, file)
        try:
            _transfer(url, part, name)
        except (OSError, HTTPException) as error:
            reason = f"{url} could not be fetched to its end ({error}); the next try goes on from there"
            raise missing(name, reason) from error
        part.rename(file)
    from keras.utils import get_file

    try:
        with _impatient(), contextlib.redirect_stdout(sys.stderr):
            get_file(
                file.name,
                url,
                file_hash=md5,
                hash_algorithm="md5",
                cache_dir=folder.parent,
                cache_subdir=folder.name,
            )
    except ValueError as error:
        file.unlink()
        raise DataError(f"{url} is not the file that was published, whose MD5 is {md5}.") from error
    except Exception as error:  # get_file wraps network failures in bare Exceptions
        raise missing(name, f"{url} could not be fetched: {error}") from error
    return file


def _transfer(url: str, part: Path, name: str) -> None:
    """Append to the file `part` what it lacks of what lies at `url`.

    Raises:
        OSError, HTTPException: the transfer stopped.
    """
    done = part.stat().st_size if part.is_file() else 0
    # The rest of a file: RFC 9110, section 14.2. A server may send the whole of it instead.
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        answer = urllib.request.urlopen(request, timeout=ANSWER_WITHIN)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # there is no rest
            return
        raise
    done = done if answer.status == 206 else 0
    length = answer.headers["Content-Length"]
    total = done + int(length) if length else None
    console = new_console(stderr=True)
    size = f", {total / MEGABYTE:,.1f} MB" if total else ""
    console.print(f"Fetching {url}{size}", soft_wrap=True)
    with answer, part.open("ab" if done else "wb") as file, progress(console) as bar:
        line = bar.add_task(f"{name}, MB", total=total and total / MEGABYTE)
        while chunk := answer.read(MEGABYTE // 4):
            file.write(chunk)
            done += len(chunk)
            bar.update(line, completed=done / MEGABYTE)
    if total and done < total:
        raise OSError(f"the connection ended after {done:,} of {total:,} bytes")


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Let no connection that is made without a timeout of its own stay silent for long."""
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(ANSWER_WITHIN)
    try:
        yield
    finally:
        socket.setdefaulttimeout(patience)


def _require_answer(name: str, url: str, file: Path) -> None:
    """Raise `DataMissing` unless a server answers at `url` within `ANSWER_WITHIN` seconds.

    `file` is where a copy from elsewhere would be found.

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
        raise missing(name, f"{url} cannot be reached ({outcome[0]}), nor is there a copy at {file}")
