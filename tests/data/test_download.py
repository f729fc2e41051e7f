"""The sets that are fetched, from a server on this machine that holds small files in their layout."""

import gzip
import hashlib
import io
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from conftest import write_idx

from digitbook import data
from digitbook.data import download, finder, idx
from digitbook.errors import DataError, DataMissing


class Server(ThreadingHTTPServer):
    """Serves `files` by path; `asked` lists what came: path and Range. HEAD is not listed."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.hangs_up_after: int | None = None
        self.takes_ranges = True

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response(200 if self.path in self.server.files else 404)
        self.end_headers()

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Range"]))
        content, first = self.server.files[self.path], 0
        if self.server.takes_ranges and self.headers["Range"]:
            first = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if first >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        self.wfile.write(content[first:][: self.server.hangs_up_after])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.delenv("DIGITBOOK_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def arrays(labels):
    """A small set with each of `labels` four times in the training part and once in the test part."""
    random = np.random.default_rng(0)
    y_train, y_test = np.tile(labels, 4).astype("uint8"), np.array(labels, "uint8")
    return dict(
        x_train=random.integers(0, 256, (len(y_train), 28, 28), dtype="uint8"),
        y_train=y_train,
        x_test=random.integers(0, 256, (len(y_test), 28, 28), dtype="uint8"),
        y_test=y_test,
    )


def packed(array, folder):
    write_idx(folder / "array", array)
    return gzip.compress((folder / "array").read_bytes())


def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def kmnist(server, monkeypatch, tmp_path):
    """KMNIST in small, as CODH serves it; returns its arrays."""
    monkeypatch.setattr(download, "KMNIST_URL", f"{server.address}kmnist/")
    published = arrays(range(10))
    for part, stem in idx.IDX_FILES.items():
        content = packed(published[part], tmp_path)
        server.files[f"/kmnist/{stem}.gz"] = content
        monkeypatch.setitem(download.KMNIST_MD5, part, md5(content))
    return published


@pytest.fixture
def emnist(server, monkeypatch, tmp_path):
    """EMNIST's archive in small: images transposed, letters numbered from 1; returns upright arrays."""
    published = arrays(range(1, 27))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("gzip/emnist-digits-train-images-idx3-ubyte.gz", b"what nobody asked for")
        for name, array in published.items():
            part, kind = {"x": "images-idx3", "y": "labels-idx1"}[name[0]], name[2:]
            turned = array.swapaxes(1, 2) if name[0] == "x" else array
            members.writestr(f"gzip/emnist-letters-{kind}-{part}-ubyte.gz", packed(turned, tmp_path))
    content = archive.getvalue()
    server.files["/gzip.zip"] = content
    monkeypatch.setattr(download, "EMNIST_URL", f"{server.address}gzip.zip")
    monkeypatch.setattr(download, "EMNIST_MD5", md5(content))
    return published


def left(tmp_path):
    """Everything in the cache but locks."""
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    return sorted(path.name for path in files if path.suffix != ".lock")


def test_kmnist_is_fetched_once_and_then_read_from_the_cache(server, kmnist, tmp_path, capfd):
    assert not finder.is_here("kmnist")
    first = data.load("kmnist")
    assert np.array_equal(first.x_train, kmnist["x_train"])
    assert first.y_test.tolist() == list(range(10))
    assert "".join(first.class_names) == "おきすつなはまやれを"
    assert finder.is_here("kmnist")
    assert [path for path, _ in server.asked] == list(server.files)
    assert left(tmp_path) == ["kmnist.npz"]
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.count("Fetching http://127.0.0.1") == 4
    server.files.clear()
    assert data.load("kmnist").sha256 == first.sha256
    assert len(server.asked) == 4


def test_letters_of_emnist_stand_upright_and_are_called_a_to_z(server, emnist, tmp_path):
    found = data.load("emnist-letters")
    for part in ("x_train", "x_test"):
        assert np.array_equal(getattr(found, part), emnist[part])
    assert found.y_test.tolist() == list(range(26))
    assert "".join(found.class_names) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert left(tmp_path) == ["emnist-letters.npz"], "the archive takes 560 MB"


def test_transfer_that_was_cut_off_goes_on_where_it_stopped(server, emnist):
    whole = len(server.files["/gzip.zip"])
    server.hangs_up_after = whole // 2
    with pytest.raises(DataMissing, match=rf"ended after {whole // 2:,} of {whole:,} bytes.*goes on"):
        data.load("emnist-letters")
    server.hangs_up_after = None
    assert np.array_equal(data.load("emnist-letters").x_test, emnist["x_test"])
    assert server.asked == [("/gzip.zip", None), ("/gzip.zip", f"bytes={whole // 2}-")]


def test_transfer_begins_anew_where_the_server_knows_no_ranges(server, emnist):
    server.hangs_up_after, server.takes_ranges = 1000, False
    with pytest.raises(DataMissing):
        data.load("emnist-letters")
    server.hangs_up_after = None
    assert np.array_equal(data.load("emnist-letters").x_test, emnist["x_test"])


def test_only_files_that_are_missing_are_asked_for(server, kmnist):
    images, labels, *_ = server.files
    content = server.files.pop(labels)
    with pytest.raises(DataMissing, match=rf"{labels} cannot be reached.*DIGITBOOK_DATA"):
        data.load("kmnist")
    server.files[labels] = content
    data.load("kmnist")
    assert [path for path, _ in server.asked].count(images) == 1


def test_process_killed_before_it_named_the_file_does_not_matter(server, emnist, tmp_path):
    folder = tmp_path / "cache" / "downloads" / "emnist-letters"
    folder.mkdir(parents=True)
    (folder / "gzip.zip.part").write_bytes(server.files["/gzip.zip"])
    assert np.array_equal(data.load("emnist-letters").x_test, emnist["x_test"])


def test_parts_of_two_versions_are_not_put_together(server, emnist, tmp_path):
    folder = tmp_path / "cache" / "downloads" / "emnist-letters"
    folder.mkdir(parents=True)
    (folder / "gzip.zip.part").write_bytes(b"the start of an older archive")
    assert np.array_equal(data.load("emnist-letters").x_test, emnist["x_test"])
    assert [asked for _, asked in server.asked] == ["bytes=29-", None]


def test_other_content_is_refused_and_not_kept(server, kmnist, tmp_path):
    (*_, labels) = server.files
    published = server.files[labels]
    server.files[labels] = packed(kmnist["y_test"][::-1], tmp_path)
    with pytest.raises(DataError, match=f"{labels} is not the file that was published, whose MD5"):
        data.load("kmnist")
    assert not finder.is_here("kmnist")
    assert labels.rpartition("/")[2] not in left(tmp_path)
    server.files[labels] = published
    assert data.load("kmnist").y_test.tolist() == list(range(10))


def test_copy_from_elsewhere_is_taken_without_asking(server, emnist, tmp_path):
    folder = tmp_path / "cache" / "downloads" / "emnist-letters"
    folder.mkdir(parents=True)
    (folder / "gzip.zip").write_bytes(server.files.pop("/gzip.zip"))
    assert np.array_equal(data.load("emnist-letters").x_test, emnist["x_test"])
    assert server.asked == []


def test_own_copy_comes_first(server, kmnist, monkeypatch, tmp_path):
    folder = tmp_path / "data" / "kmnist"
    folder.mkdir(parents=True)
    np.savez(folder / "kmnist.npz", **kmnist)
    monkeypatch.setenv("DIGITBOOK_DATA", str(tmp_path / "data"))
    assert data.load("kmnist").source == str(folder)
    assert server.asked == []


@pytest.mark.parametrize("name", ["kmnist", "emnist-letters"])
def test_without_a_network_it_says_what_to_do(name, monkeypatch):
    monkeypatch.delenv("DIGITBOOK_DATA", raising=False)
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")
    with pytest.raises(DataMissing, match=rf"{name} is not on this .* cannot be reached.*{name}\.npz"):
        data.load(name)


def test_progress_is_shown_on_a_terminal(server, emnist, monkeypatch, capfd):
    monkeypatch.setenv("FORCE_COLOR", "1")
    data.load("emnist-letters")
    assert "emnist-letters, MB" in capfd.readouterr().err


def test_asking_for_what_is_cached_leaves_keras_alone(server, kmnist):
    data.load("kmnist")
    code = (
        "import sys; from digitbook import data; data.load('kmnist'); sys.exit('keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
