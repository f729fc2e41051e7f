import gzip
import os
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import write_idx

from digitbook import data
from digitbook.data import download, finder, idx, registry
from digitbook.errors import DataError, DataMissing

pytestmark = pytest.mark.quick

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"


@pytest.fixture
def no_mnist(tmp_path, monkeypatch):
    """A machine without MNIST whose network refuses every connection."""
    monkeypatch.delenv("DIGITBOOK_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    return tmp_path / "keras" / "datasets" / "mnist.npz"


def test_mnist5k_is_real_and_balanced(digits):
    assert digits.x_train.shape == (4000, 28, 28)
    assert digits.x_test.shape == (1000, 28, 28)
    assert digits.x_train.dtype == np.uint8
    assert digits.y_train.dtype == np.int64
    assert np.bincount(digits.y_train).tolist() == [400] * 10
    assert np.bincount(digits.y_test).tolist() == [100] * 10
    assert len(digits.sha256) == 64


def test_parts_of_mnist5k_share_no_image(digits):
    train = {image.tobytes() for image in digits.x_train}
    assert not any(image.tobytes() in train for image in digits.x_test)


def test_mnist5k_loads_fast_from_the_second_time_on():
    first = data.load("mnist5k")
    start = time.perf_counter()
    second = data.load("mnist5k")
    assert time.perf_counter() - start < 0.5, "the promise is half a second; ten times that is usual"
    assert np.array_equal(first.x_test, second.x_test)


def test_damaged_cache_is_rebuilt(digits, tmp_path):
    cached = tmp_path / "cache" / "mnist5k.npz"
    cached.parent.mkdir()
    cached.write_bytes(b"half a fi")
    assert np.array_equal(data.load("mnist5k").x_train, digits.x_train)
    assert idx.read_npz(cached)["x_train"].shape == (4000, 28, 28)


def test_hold_out_is_stratified_fixed_and_disjoint(digits):
    (x_fit, y_fit), (x_validation, y_validation) = data.hold_out(digits)
    assert len(x_fit) == len(y_fit) == 3600
    assert np.bincount(y_validation).tolist() == [40] * 10
    fitted = {image.tobytes() for image in x_fit}
    assert not any(image.tobytes() in fitted for image in x_validation)
    assert np.array_equal(data.hold_out(digits)[1][0], x_validation)


def test_importing_data_leaves_tensorflow_alone():
    code = "import sys, digitbook.data; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(DataError, match="'mnits' .did you mean mnist..; known are: auto"):
        data.load("mnits")


def test_auto_falls_back_loudly_without_network(no_mnist, digits):
    with pytest.warns(UserWarning, match="mnist5k instead"):
        found = data.load("auto")
    assert (found.name, found.sha256) == ("mnist5k", digits.sha256)


def test_mnist_by_name_is_never_other_data(no_mnist):
    with pytest.raises(DataMissing, match=r"cannot be reached.*DIGITBOOK_DATA"):
        data.load("mnist")


def test_silent_network_is_given_up(no_mnist, monkeypatch):
    assert download.ANSWER_WITHIN <= 15, "the promise is 20 s, with room for the rest"
    monkeypatch.setattr(download, "ANSWER_WITHIN", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.perf_counter()
        with pytest.raises(DataMissing, match="cannot be reached"):
            data.load("mnist")
        assert time.perf_counter() - start < 5


def test_killed_download_is_not_read(no_mnist):
    no_mnist.parent.mkdir(parents=True)
    no_mnist.write_bytes(b"PK\x03\x04 and then the power failed")
    with pytest.raises(DataMissing):
        data.load("mnist")


def test_failing_download_says_why(no_mnist, monkeypatch):
    from keras.datasets import mnist

    def load_data():
        raise Exception("URL fetch failure: 503")

    monkeypatch.setattr(download, "_require_answer", lambda *_: None)
    monkeypatch.setattr(mnist, "load_data", load_data)
    with pytest.raises(DataMissing, match="download failed.*503"):
        data.load("mnist")


def test_download_of_other_data_is_refused(no_mnist, monkeypatch, digits):
    from keras.datasets import mnist

    parts = (digits.x_train, digits.y_train), (digits.x_test, digits.y_test)
    monkeypatch.setattr(download, "_require_answer", lambda *_: None)
    monkeypatch.setattr(mnist, "load_data", lambda: parts)
    with pytest.raises(DataError, match="SHA-256"):
        data.load("mnist")


def test_small_set_is_read_from_idx_plain_or_gzipped(idx_folder):
    packed = idx.read_folder(idx_folder)
    for path in list(idx_folder.iterdir()):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    plain = idx.read_folder(idx_folder)
    assert packed["x_train"].shape == (20, 28, 28)
    for part in idx.IDX_FILES:
        assert np.array_equal(packed[part], plain[part])


def test_small_set_is_read_from_npz(idx_folder):
    arrays = idx.read_folder(idx_folder)
    np.savez(idx_folder / "mnist.npz", **arrays)
    for path in idx_folder.glob("*.gz"):
        path.unlink()
    assert np.array_equal(idx.read_folder(idx_folder)["x_test"], arrays["x_test"])


def test_wrong_content_names_file_and_both_hashes(idx_folder, monkeypatch):
    monkeypatch.setenv("DIGITBOOK_DATA", str(idx_folder.parent))
    found = idx.sha256(idx.read_folder(idx_folder)["x_train"])
    with pytest.raises(DataError) as caught:
        data.load("mnist")
    assert "train-images-idx3-ubyte" in str(caught.value)
    assert found in str(caught.value)
    assert registry.entry("mnist").sha256["x_train"] in str(caught.value)


def test_auto_does_not_paper_over_damaged_files(idx_folder, monkeypatch):
    monkeypatch.setenv("DIGITBOOK_DATA", str(idx_folder.parent))
    with pytest.raises(DataError, match="SHA-256"):
        data.load("auto")


def test_truncated_gzip(idx_folder):
    path = idx_folder / TRAIN_IMAGES
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=f"{TRAIN_IMAGES} cannot be read"):
        idx.read_folder(idx_folder)


def test_corrupt_gzip(idx_folder):
    path = idx_folder / TRAIN_IMAGES
    raw = bytearray(path.read_bytes())
    raw[200:260] = b"\xff" * 60
    path.write_bytes(raw)
    with pytest.raises(DataError, match=TRAIN_IMAGES):
        idx.read_folder(idx_folder)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not an IDX file"),
        (b"\x00\x00\x0d\x03" + b"\0" * 12, "not an IDX file"),
        (b"\x00\x00\x08\x02" + b"\0" * 8, "not an IDX file"),
        (b"\x00\x00\x08\x03\0\0", "damaged"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x05abc", "promises an array of shape .5,."),
        (b"\x00\x00\x08\x01\x00\x00\x00\x02abc", "promises an array of shape .2,."),
        (b"\x00\x00\x08\x03" + b"\xff" * 12 + b"abc", "damaged"),
    ],
)
def test_idx_header_that_lies(tmp_path, content, complaint):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError, match=complaint):
        idx.read_idx(path)


@pytest.mark.parametrize("name", ["bomb-idx3-ubyte.gz", "bomb.npz"])
def test_files_that_would_fill_the_memory_are_not_unpacked(tmp_path, monkeypatch, name):
    monkeypatch.setattr(idx, "MOST_BYTES", 100_000)
    path, zeros = tmp_path / name, np.zeros((400, 28, 28), "uint8")
    if path.suffix == ".gz":
        write_idx(path, zeros)
    else:
        np.savez_compressed(path, x_train=zeros)
    assert path.stat().st_size < 10_000
    with pytest.raises(DataError, match=r"bomb.* unpacks to more than 100,000 bytes"):
        (idx.read_idx if path.suffix == ".gz" else idx.read_npz)(path)


def test_images_of_another_size(idx_folder):
    write_idx(idx_folder / TRAIN_IMAGES, np.zeros((20, 32, 32), "uint8"))
    with pytest.raises(DataError, match=r"shape \(20, 32, 32\)"):
        idx.read_folder(idx_folder)


def test_images_and_labels_of_different_counts(idx_folder):
    write_idx(idx_folder / TRAIN_LABELS, np.zeros(19, "uint8"))
    with pytest.raises(DataError, match="20 train images, but 19 labels"):
        idx.read_folder(idx_folder)


def test_missing_file_is_named(idx_folder):
    (idx_folder / TRAIN_LABELS).unlink()
    with pytest.raises(DataError, match="missing: train-labels-idx1-ubyte"):
        idx.read_folder(idx_folder)


class Trap:
    """Unpickling this writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_pickled_objects_are_refused_unopened(idx_folder, tmp_path):
    arrays = idx.read_folder(idx_folder)
    arrays["y_test"] = np.array([Trap(tmp_path / "sprung")], dtype=object)
    np.savez(idx_folder / "mnist.npz", **arrays)
    with pytest.raises(DataError, match=r"mnist\.npz cannot be trusted.*pickle"):
        idx.read_folder(idx_folder)
    assert not (tmp_path / "sprung").exists()


def test_npz_without_an_array(idx_folder):
    arrays = idx.read_folder(idx_folder)
    del arrays["y_test"]
    np.savez(idx_folder / "mnist.npz", **arrays)
    with pytest.raises(DataError, match="lacks an array"):
        idx.read_folder(idx_folder)


def test_unreadable_folder(idx_folder):
    idx_folder.chmod(0)
    as_root = os.geteuid() == 0
    try:
        if as_root:  # root may read everything; the user nobody may not
            os.seteuid(65534)
        with pytest.raises(DataError, match="cannot be read"):
            idx.read_folder(idx_folder)
    finally:
        if as_root:
            os.seteuid(0)
        idx_folder.chmod(0o755)


def test_two_processes_load_at_once(tmp_path):
    command = [sys.executable, "-m", "digitbook.cli", "data", "mnist5k"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first, second = (process.communicate()[0] for process in both)
    assert "4,000 training, 1,000 test" in first
    assert first == second
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["mnist5k.npz"]


@pytest.fixture
def own_set(idx_folder, monkeypatch):
    """A folder `data/runes` with 20 training and 10 test images, labelled 3, 5 and 8."""
    folder = idx_folder.rename(idx_folder.with_name("runes"))
    for part, count in (("train", 20), ("t10k", 10)):
        labels = np.array([5, 8, 3], "uint8")[np.arange(count) % 3]
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", labels)
    monkeypatch.setenv("DIGITBOOK_DATA", str(folder.parent))
    return folder


def test_any_set_in_the_data_folder_is_known_by_its_name(own_set):
    runes = data.load("runes")
    assert runes.class_names == ("3", "5", "8")
    assert runes.y_train[:4].tolist() == [1, 2, 0, 1]
    assert "runes" in finder.names()
    with pytest.raises(DataError, match=r"known are: .*usps, runes\."):
        data.load("ruins")


def test_test_label_that_no_training_image_has_is_refused(own_set):
    write_idx(own_set / "t10k-labels-idx1-ubyte.gz", np.full(10, 7, "uint8"))
    with pytest.raises(DataError, match=r"the test labels \[7\] are in no training image"):
        data.load("runes")


@pytest.mark.parametrize("name", ["letters", "kannada", "devanagari", "bangla", "telugu", "usps"])
def test_absent_set_is_asked_for_with_its_files_and_its_publisher(name, monkeypatch, tmp_path):
    monkeypatch.setenv("DIGITBOOK_DATA", str(tmp_path))
    with pytest.raises(DataMissing) as caught:
        data.load(name)
    for fact in (
        "train-images-idx3-ubyte.gz",
        f"{name}.npz",
        "DIGITBOOK_DATA",
        registry.entry(name).citation,
    ):
        assert fact in str(caught.value)


def test_other_data_under_a_known_name_is_refused(own_set):
    own_set.rename(own_set.with_name("kannada"))
    with pytest.raises(DataError, match="SHA-256"):
        data.load("kannada")


def test_scripts_are_joined_from_five_sets_class_by_class(monkeypatch):
    def five(name):
        place = registry.SCRIPTS.index(name)
        labels = np.tile(np.arange(10, dtype="uint8"), 510)
        images = np.broadcast_to((labels + 10 * place)[:, None, None], (5100, 28, 28))
        return dict(x_train=images, y_train=labels, x_test=images, y_test=labels), name

    monkeypatch.setattr(finder, "find", five)
    arrays, _ = finder._joined("scripts")
    assert np.bincount(arrays["y_train"]).tolist() == [500] * 50
    assert np.bincount(arrays["y_test"]).tolist() == [100] * 50
    assert (arrays["x_train"][:, 0, 0] == arrays["y_train"]).all()


def test_scripts_without_one_of_the_sets_name_it(no_mnist):
    with pytest.raises(DataMissing, match=r"scripts is joined from .*: mnist is not on this machine"):
        data.load("scripts")
