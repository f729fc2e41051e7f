import importlib
import json
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import serving  # noqa: E402
import speed  # noqa: E402
import timed  # noqa: E402


def script(name, *arguments):
    command = [sys.executable, str(BENCHMARKS / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def row(contestant, seconds, seed=0, reached=True, **more):
    return {
        "kind": "race",
        "contestant": contestant,
        "line": 0.98,
        "data": "mnist",
        "seed": seed,
        "reached": reached,
        "seconds": seconds,
        "epochs": 4,
        "peak_memory_mb": 600,
        **more,
    }


def rows(contestant, *times, missed=()):
    """One row a seed; a time in `missed` ended without the line."""
    return [
        row(contestant, seconds, seed, reached=seconds not in missed)
        for seed, seconds in enumerate(times)
    ]


def standings(*groups):
    found = speed.standings(speed.RACES["dense"], [row for group in groups for row in group])
    return {entry["contestant"]: entry for entry in found}


def answers(wrong):
    """A classifier of ten images of the digit 0 that gets `wrong` of them wrong."""
    return lambda images: np.repeat([1, 0], [wrong, len(images) - wrong])


def test_the_clock_stops_at_the_first_epoch_that_reaches_the_line():
    clock = timed.Clock(np.zeros((10, 28, 28), "uint8"), np.zeros(10, "int64"), line=0.8)
    assert [clock(answers(wrong)) for wrong in (5, 3, 2)] == [False, False, True]
    result = clock.result()
    assert (result["reached"], result["epochs"]) == (True, 3)
    assert result["seconds"] == result["curve"][-1][0]


def test_the_clock_gives_up_after_30_epochs():
    clock = timed.Clock(np.zeros((10, 28, 28), "uint8"), np.zeros(10, "int64"), line=0.8)
    assert [clock(answers(3)) for _ in range(30)] == [False] * 29 + [True]
    assert clock.result()["reached"] is False


def test_ratios_are_of_medians():
    found = standings(
        rows("dense-fast", 2, 3, 4, 100, 1), rows("tensorflow_quickstart", 30, 10, 20, 40, 50)
    )
    assert found["dense-fast"]["median_seconds"] == 3
    assert speed.time_text(found["tensorflow_quickstart"]) == "30.0 s"
    assert speed.ratio_text(found["tensorflow_quickstart"]) == "10.0"


def test_a_miss_of_ours_counts_as_for_ever():
    peer = rows("sklearn_mlp", 10, 10, 10)
    one = standings(rows("dense-fast", 1, 2, 3, missed=[1]), peer)
    assert one["dense-fast"]["median_seconds"] == 3
    most = standings(rows("dense-fast", 1, 2, 3, missed=[1, 2]), peer)
    assert speed.time_text(most["dense-fast"]) == "not reached in 2.0 s"
    assert speed.ratio_text(most["sklearn_mlp"]) == "ours missed the line"


def test_a_peer_that_misses_gives_a_lower_bound():
    found = standings(rows("dense-fast", 2, 2, 2), rows("sklearn_mlp", 8, 9, 40, missed=[9, 40]))
    assert speed.time_text(found["sklearn_mlp"]) == "not reached in 9.0 s"
    assert speed.ratio_text(found["sklearn_mlp"]) == "at least 4.5"


def test_contestants_take_turns_seed_by_seed():
    jobs = speed.plan(speed.FULL, [0, 1], ["dense"])
    assert [(job["contestant"], job["seed"]) for job in jobs[1:]] == [
        (name, seed) for seed in (0, 1) for name in speed.RACES["dense"]
    ]


def test_a_restart_makes_only_the_runs_that_are_missing(tmp_path):
    jobs = speed.plan(speed.FULL, [0, 1], ["dense"])[1:]
    made = []

    def run(job):
        if len(made) == 4:
            raise KeyboardInterrupt
        made.append(job)
        return row(job["contestant"], 1.0, job["seed"])

    for stopped in (True, False):
        if stopped:
            with pytest.raises(KeyboardInterrupt):
                speed.make(jobs, tmp_path / "rows.jsonl", run, Console(quiet=True))
            made, before = [], made
        else:
            speed.make(jobs, tmp_path / "rows.jsonl", run, Console(quiet=True))
    assert before + made == jobs
    assert len(speed.read(tmp_path / "rows.jsonl")) == len(jobs)


def test_the_tables_say_what_the_record_holds(capsys):
    timings = [
        *rows("dense-fast", 2.0, 2.0),
        *rows("sklearn_mlp", 40.0, 41.0, missed=[40.0, 41.0]),
    ]
    setting = {"kind": "setting", "commit": "abc", "machine": {"cores": 2}}
    jobs = [
        {"kind": "setting"},
        *({"kind": "race", "contestant": r["contestant"], "seed": r["seed"]} for r in timings),
    ]
    record = speed.summarise(jobs, [setting, *({**r, "load": 0.5} for r in timings)])
    assert json.loads(json.dumps(record))["races"]["dense"][1]["ratio"] == 20.25
    speed.show(record, Console(width=160))
    out = capsys.readouterr().out
    for text in ("98.0%", "0 of 2", "not reached in 40.5 s", "at least 20.2", "0.5 to 0.5 on 2 cores"):
        assert text in out


def test_what_is_not_installed_is_named(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    jobs = speed.plan(speed.FULL, [0], speed.PARTS)
    assert "pytorch_basic" not in {job.get("contestant") for job in jobs}
    record = speed.summarise([{"kind": "setting"}], [{"kind": "setting"}])
    speed.show(record, Console(width=160))
    assert "PyTorch is not installed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--seeds", "five"), "--seeds: invalid"),
        (("--only", "speed"), "invalid choice"),
        (("--sedes", "0"), "unrecognized"),
    ],
)
def test_a_bad_option_is_one_sentence_and_exit_2(arguments, complaint, capsys):
    with pytest.raises(SystemExit) as ended:
        speed.main(list(arguments))
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_help_helps():
    result = script("speed.py", "--help")
    assert result.returncode == 0
    assert "--smoke" in result.stdout


@pytest.mark.usefixtures("digits_at_hand")
def test_a_timed_run_prints_one_object():
    job = {"kind": "race", "contestant": "sklearn_mlp", "data": "mnist5k", "line": 0.8, "seed": 0}
    result = json.loads(script("timed.py", json.dumps(job)).stdout)
    assert result["reached"]
    assert 0 < result["seconds"] < 60
    assert 50 < result["peak_memory_mb"] < 4000


@pytest.mark.parametrize(
    ("peer", "parameters"), [("tensorflow_quickstart", 101_770), ("keras_convnet", 34_826)]
)
def test_the_peers_networks_have_their_published_size(peer, parameters):
    network = importlib.import_module(f"peers.{peer}").build()
    assert network.count_params() == parameters


@pytest.fixture
def answering():
    """A server: yields its port and the list of what it is to answer, the last one again and again."""
    answers = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            while self.request.recv(65_536):
                status = answers.pop(0) if len(answers) > 1 else answers[0]
                body = b"x" * 100_000
                head = f"HTTP/1.1 {status} Said\r\ncontent-length: {len(body)}\r\n\r\n".encode()
                self.request.sendall(head + body)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_address[1], answers
        server.shutdown()


def test_clients_count_answers_read_to_their_end(answering):
    port, answers = answering
    answers.append(200)
    found = serving.ask(port, [b"ask"], clients=3, seconds=0.3)
    assert found["errors"] == 0
    assert found["requests"] > 3
    assert found["per_second"] == pytest.approx(found["requests"] / found["seconds"], rel=0.05)


def test_a_refusal_is_an_error_and_ends_the_client(answering):
    port, answers = answering
    answers += [200, 200, 503]
    found = serving.ask(port, [b"ask"], clients=1, seconds=5)
    assert (found["requests"], found["errors"]) == (2, 1)


def test_only_refusals_end_the_benchmark_in_a_sentence(answering):
    port, answers = answering
    answers.append(400)
    with pytest.raises(SystemExit, match="no request was answered: status 400"):
        serving.ask(port, [b"ask"], clients=1, seconds=5)
