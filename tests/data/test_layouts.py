"""Data sets as browsers, archives and other tools leave them."""

import gzip

import numpy as np
import pytest
from conftest import write_idx

from digitbook import cli, data
from digitbook.data import finder, idx, registry
from digitbook.errors import DataError, DataMissing

pytestmark = pytest.mark.quick


@pytest.fixture
def arrays(idx_folder, monkeypatch):
    """The four arrays of a small set that goes by the name of MNIST here; nothing else holds it."""
    small = idx.read_folder(idx_folder)
    for path in idx_folder.iterdir():
        path.unlink()
    hashes = {part: idx.sha256(array) for part, array in small.items()}
    for part, digest in hashes.items():
        monkeypatch.setitem(registry.MNIST_SHA256, part, digest)
    monkeypatch.setenv("DIGITBOOK_DATA", str(idx_folder.parent))
    monkeypatch.setenv("KERAS_HOME", str(idx_folder.parent / "none"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    return small


def is_mnist(arrays):
    found = data.load("mnist")
    assert finder.is_here("mnist")
    return all(np.array_equal(getattr(found, part), arrays[part]) for part in arrays)


def table(arrays, part, header=True, labels=True):
    """The text of a CSV file: a label, if they are to be there, and 784 pixels a row."""
    pixels = arrays[f"x_{part}"].reshape(-1, 784)
    rows = np.column_stack([arrays[f"y_{part}"], pixels]) if labels else pixels
    names = [*(["label"] if labels else []), *(f"pixel{n}" for n in range(784))]
    lines = [",".join(names)] if header else []
    return "\n".join(lines + [",".join(map(str, row)) for row in rows]) + "\n"


IDX_NAMES = {
    "with a dot": ("mnist", "{}-images.idx3-ubyte", "{}-labels.idx1-ubyte"),
    "with a dot, gzipped": ("mnist", "{}-images.idx3-ubyte.gz", "{}-labels.idx1-ubyte.gz"),
    "by torchvision": ("MNIST/raw", "{}-images-idx3-ubyte", "{}-labels-idx1-ubyte"),
    "one folder a file": (
        "archive (1)",
        "{0}-images-idx3-ubyte/{0}-images-idx3-ubyte",
        "{0}-labels-idx1-ubyte/{0}-labels-idx1-ubyte",
    ),
    "fetched twice": ("mnist", "{}-images-idx3-ubyte (1).gz", "{}-labels-idx1-ubyte (1).gz"),
    "loose": (".", "{}-images-idx3-ubyte.gz", "{}-labels-idx1-ubyte.gz"),
}


@pytest.mark.parametrize("way", IDX_NAMES)
def test_idx_files_are_found_as_they_are_left(way, arrays, idx_folder):
    folder, images, labels = IDX_NAMES[way]
    for part, stem in (("train", "train"), ("test", "t10k")):
        for kind, name in (("x", images), ("y", labels)):
            file = idx_folder.parent / folder / name.format(stem)
            file.parent.mkdir(parents=True, exist_ok=True)
            write_idx(file, arrays[f"{kind}_{part}"])
    assert is_mnist(arrays)


def test_files_that_a_browser_unpacked_and_did_not_rename_are_read(arrays, idx_folder):
    for part, stem in idx.IDX_FILES.items():
        write_idx(idx_folder / stem, arrays[part])
        (idx_folder / stem).rename(idx_folder / f"{stem}.gz")
    assert is_mnist(arrays)


@pytest.mark.parametrize("header", [True, False])
def test_tables_of_labels_and_pixels_are_read(header, arrays, idx_folder):
    for part in ("train", "test"):
        (idx_folder / f"mnist_{part}.csv").write_text(table(arrays, part, header))
    assert is_mnist(arrays)
    assert is_mnist(arrays), "the second time from the cache"


def test_test_table_without_labels_is_told_as_what_it_is(arrays, idx_folder):
    (idx_folder / "train.csv").write_text(table(arrays, "train"))
    (idx_folder / "test.csv").write_text(table(arrays, "test", labels=False))
    with pytest.raises(DataMissing, match=r"test\.csv, which looks like digits without labels"):
        data.load("mnist")


def test_table_that_is_damaged_is_named(arrays, idx_folder):
    (idx_folder / "train.csv").write_text(table(arrays, "train").replace(",0,", ",many,", 1))
    (idx_folder / "test.csv").write_text(table(arrays, "test"))
    with pytest.raises(DataError, match=r"train\.csv is not a table of labels and pixels"):
        data.load("mnist")


@pytest.mark.parametrize(
    ("file", "names", "shape"),
    [
        ("mnist.npz", ("x_train", "y_train", "x_test", "y_test"), (-1, 28, 28)),
        ("digits.npz", ("train_images", "train_labels", "test_images", "test_labels"), (-1, 28, 28, 1)),
        ("MNIST.npz", ("X_train", "Y_train", "X_test", "Y_test"), (-1, 784)),
    ],
)
def test_npz_is_read_whatever_its_arrays_are_called(file, names, shape, arrays, idx_folder):
    stored = {
        name: arrays[part].reshape(shape) if part[0] == "x" else arrays[part].astype("int64")
        for name, part in zip(names, idx.IDX_FILES, strict=True)
    }
    np.savez(idx_folder / file, **stored)
    assert is_mnist(arrays)


def test_npz_of_one_array_each_is_read(arrays, idx_folder):
    names = "mnist-train-imgs", "mnist-train-labels", "mnist-test-imgs", "mnist-test-labels"
    for name, part in zip(names, idx.IDX_FILES, strict=True):
        np.savez(idx_folder / f"{name}.npz", arrays[part])
    assert is_mnist(arrays)


def test_own_set_of_tables_has_the_name_of_its_folder(arrays, idx_folder):
    folder = idx_folder.rename(idx_folder.with_name("runes"))
    for part in ("train", "test"):
        (folder / f"{part}.csv").write_text(table(arrays, part))
    assert "runes" in finder.names()
    assert np.array_equal(data.load("runes").x_test, arrays["x_test"])


@pytest.mark.parametrize(
    ("file", "likeness"),
    [
        ("train-00000-of-00001.parquet", "Hugging Face"),
        ("archive.zip", "an archive, which is to be unpacked"),
        ("training.pt", "a file of PyTorch"),
    ],
)
def test_what_is_not_read_is_named_for_what_it_looks_like(file, likeness, arrays, idx_folder, capsys):
    (idx_folder / file).write_bytes(b"something")
    with pytest.raises(DataMissing, match=f"There is .*{file}, which looks like .*{likeness}"):
        data.load("mnist")
    assert cli.main(["data", "mnist"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert file in line


def test_files_called_like_a_set_and_holding_another_are_refused_by_name(arrays, idx_folder):
    other = arrays | {"x_train": 255 - arrays["x_train"]}
    for part, stem in idx.IDX_FILES.items():
        write_idx(idx_folder / stem.replace("-idx", ".idx"), other[part])
    with pytest.raises(DataError, match=r"train-images\.idx3-ubyte does not hold the published"):
        data.load("mnist")


def test_gzip_that_is_cut_short_is_named(arrays, idx_folder):
    for part, stem in idx.IDX_FILES.items():
        write_idx(idx_folder / f"{stem.replace('-idx', '.idx')}.gz", arrays[part])
    (file,) = idx_folder.glob("t10k-images*")
    file.write_bytes(file.read_bytes()[:-40])
    assert gzip.compress(b"")[:2] == file.read_bytes()[:2]
    with pytest.raises(DataError, match=r"t10k-images\.idx3-ubyte\.gz cannot be read"):
        data.load("mnist")
