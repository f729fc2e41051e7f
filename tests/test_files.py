import pytest

from digitbook._util.files import atomic_write, cache_dir

pytestmark = pytest.mark.quick


def test_cache_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITBOOK_CACHE", str(tmp_path / "here"))
    assert cache_dir() == tmp_path / "here"
    assert cache_dir().is_dir()


def test_file_appears_when_the_block_ends(tmp_path):
    target = tmp_path / "deep" / "file.txt"
    with atomic_write(target) as fresh:
        fresh.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_failure_leaves_the_old_content(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError), atomic_write(target) as fresh:
        fresh.write_text("half, then \ud800")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_folder_replaces_a_folder(tmp_path):
    target = tmp_path / "site"
    target.mkdir()
    (target / "old.html").touch()
    with atomic_write(target) as fresh:
        fresh.mkdir()
        (fresh / "new.html").touch()
    assert [path.name for path in target.iterdir()] == ["new.html"]
    assert list(tmp_path.iterdir()) == [target]


def test_file_does_not_replace_a_folder(tmp_path):
    target = tmp_path / "mine.keras"
    target.mkdir()
    (target / "kept").touch()
    with pytest.raises(IsADirectoryError, match="mine.keras"), atomic_write(target) as fresh:
        fresh.write_text("new")
    assert [path.name for path in target.iterdir()] == ["kept"]
    assert list(tmp_path.iterdir()) == [target]
