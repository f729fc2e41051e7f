"""Sweeps as their users start, stop and kill them."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from unittest import mock

import psutil
import pytest
from distributed import Client, LocalCluster

from digitbook import cli
from digitbook.experiments import records, worker

OUTCOME = ("metrics", "answers", "weights_sha256", "history", "temperature")
DIGITBOOK = (sys.executable, "-m", "digitbook.cli")
DATA = ("--data", "mnist5k")
SWEEP = ("sweep", "--models", "softmax-quick", *DATA, "--seeds", "0-1")


@pytest.fixture(scope="module")
def environment(tmp_path_factory, digits_cache):
    """A cache of the module's own, with the data in it."""
    cache = shutil.copytree(digits_cache, tmp_path_factory.mktemp("sweep") / "cache")
    return {**os.environ, "DIGITBOOK_CACHE": str(cache), "TF_CPP_MIN_LOG_LEVEL": "3"}


def start(results, environment, *options):
    command = [*DIGITBOOK, *SWEEP, "--workers", "2", "--results", str(results), *options]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(process):
    said, _ = process.communicate(timeout=600)
    return process.returncode, said


def outcomes(results):
    return {
        (record["model"], record["seed"]): {key: record[key] for key in OUTCOME}
        for record in records.read(results)
    }


def trainings(sweep):
    """The processes that train for a running sweep, and the workers that started them."""
    found = []
    for child in psutil.Process(sweep.pid).children(recursive=True):
        try:
            if "train" in child.cmdline():
                found.append((child, child.parent()))
        except psutil.NoSuchProcess:
            continue
    return found


def wait_for(condition, sweep):
    while not (found := condition()):
        assert sweep.poll() is None, sweep.stdout.read()
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory, environment):
    """A sweep of two runs, one of which was killed while the other one lost its worker.

    Its folder, exit code and words, and the seed of the killed run.
    """
    results = tmp_path_factory.mktemp("disturbed")
    sweep = start(results, environment)
    (training, _), (other, its_worker) = wait_for(lambda: both(trainings(sweep)), sweep)
    seed = int(training.cmdline()[training.cmdline().index("--seed") + 1])
    its_worker.kill()
    training.kill()
    psutil.wait_procs([other], timeout=30)
    assert not other.is_running()
    return results, *finish(sweep), seed


def both(found):
    return found if len(found) == 2 else None


def test_failed_run_is_recorded_with_its_reason(disturbed):
    results, code, said, seed = disturbed
    assert code == 1
    assert "exit code -9" in said
    (record,) = records.read(results, status="failed")
    assert (record["model"], record["seed"]) == ("softmax-quick", seed)
    assert "exit code -9" in record["reason"]


def test_killed_worker_loses_and_doubles_nothing(disturbed):
    results, _, said, seed = disturbed
    assert set(outcomes(results)) == {("softmax-quick", 1 - seed)}
    assert said.count(" mistakes)") == 1
    assert "90." in said


@pytest.fixture(scope="module")
def resumed(disturbed, environment, tmp_path_factory):
    """The same sweep once more, on a running cluster: folder, exit code, words, and the cluster's."""
    results = shutil.copytree(disturbed[0], tmp_path_factory.mktemp("resumed"), dirs_exist_ok=True)
    with (
        mock.patch.dict(os.environ, environment),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        redirect_stdout(StringIO()) as said,
    ):
        options = ("--results", str(results), "--scheduler", cluster.scheduler_address)
        code = cli.main([*SWEEP, *options])
        return results, code, said.getvalue(), client.get_events(worker.TOPIC)


def test_failed_run_is_made_anew_on_a_running_cluster(resumed, disturbed):
    results, code, said, events = resumed
    assert code == 0, said
    assert events
    assert said.count(" mistakes)") == 1
    assert not records.read(results, status="failed")
    found, before = outcomes(results), outcomes(disturbed[0])
    assert len(found) == 2
    assert found | before == found


def test_killed_sweep_goes_on_even_when_two_do(resumed, environment, tmp_path, monkeypatch, capsys):
    sweep = start(tmp_path, environment, "--workers", "1")
    wait_for(lambda: list(tmp_path.glob("runs/*.json")), sweep)
    orphans = [process for pair in wait_for(lambda: trainings(sweep), sweep) for process in pair]
    sweep.kill()
    psutil.wait_procs(orphans, timeout=30)
    assert not any(process.is_running() for process in orphans)
    assert len(outcomes(tmp_path)) == 1
    first = start(tmp_path, environment)
    wait_for(lambda: trainings(first), first)
    monkeypatch.setenv("DIGITBOOK_CACHE", environment["DIGITBOOK_CACHE"])
    second = cli.main([*SWEEP, "--results", str(tmp_path)])
    also_said = capsys.readouterr().out
    code, said = finish(first)
    assert (code, second) == (0, 0), said + also_said
    assert (said.count(" mistakes)"), also_said.count(" mistakes)")) == (1, 0)
    assert "waiting" in also_said
    assert outcomes(tmp_path) == outcomes(resumed[0])


def test_training_undisturbed_gives_what_is_on_record(resumed, disturbed, environment):
    results, seed = resumed[0], 1 - disturbed[-1]
    before = {path: path.read_bytes() for path in results.glob("runs/*.json")}
    finished = subprocess.run(
        [*DIGITBOOK, "train", "softmax-quick", *DATA, "--seed", str(seed), "--results", str(results)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert "gave the same weights" in finished.stdout
    assert {path: path.read_bytes() for path in results.glob("runs/*.json")} == before


def test_other_data_on_a_worker_is_refused(digits):
    with pytest.raises(worker.RunFailed, match="mnist5k is other data here"):
        worker.work("softmax-quick", "mnist5k", "0" * 64, seed=0, threads=1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--models", "softmax,perceptron"], "no model called 'perceptron'"),
        (["--models", "softmax", "--data", "fashion"], "no data set called 'fashion'"),
        (["--models", "softmax", "--data", "mnist5k", "--seeds", "four"], "seeds"),
        (["--models", "softmax", "--data", "mnist5k", "--scheduler", "tcp://127.0.0.1:9"], "scheduler"),
    ],
)
@pytest.mark.usefixtures("digits_at_hand")
def test_bad_input_is_refused_in_a_sentence(options, reason, tmp_path, capsys):
    assert cli.main(["sweep", "--results", str(tmp_path), *options]) == 2
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.glob("runs/*"))
