"""Sweeps as their users start, stop and kill them."""

import os
import shutil
import subprocess
import sys
import time

import psutil
import pytest
from distributed import Client, LocalCluster

from digitbook import cli
from digitbook.experiments import records, worker

OUTCOME = ("metrics", "answers", "weights_sha256", "history", "temperature")
DIGITBOOK = (sys.executable, "-m", "digitbook.cli")
DATA = ("--data", "mnist5k")


@pytest.fixture(scope="module")
def environment(tmp_path_factory, digits_cache):
    """A cache of the module's own, with the data in it."""
    cache = shutil.copytree(digits_cache, tmp_path_factory.mktemp("sweep") / "cache")
    return {**os.environ, "DIGITBOOK_CACHE": str(cache), "TF_CPP_MIN_LOG_LEVEL": "3"}


def start(results, environment, *options):
    command = [*DIGITBOOK, "sweep", "--models", "softmax-quick"]
    command += [*DATA, "--seeds", "0-2", "--workers", "2", "--results", str(results)]
    return subprocess.Popen(
        [*command, *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
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
def failed(tmp_path_factory, environment):
    """A sweep one of whose trainings was killed: folder, exit code, words, and the seed of that run."""
    results = tmp_path_factory.mktemp("results")
    sweep = start(results, environment)
    training, _ = wait_for(lambda: trainings(sweep), sweep)[0]
    seed = int(training.cmdline()[training.cmdline().index("--seed") + 1])
    training.kill()
    return results, *finish(sweep), seed


def test_failed_run_is_recorded_with_its_reason(failed):
    results, code, said, seed = failed
    assert code == 1
    assert "exit code -9" in said
    assert said.count(" mistakes)") == len(outcomes(results)) == 2
    (record,) = records.read(results, status="failed")
    assert (record["model"], record["seed"]) == ("softmax-quick", seed)
    assert "exit code -9" in record["reason"]


@pytest.fixture(scope="module")
def resumed(failed, environment, tmp_path_factory):
    """A sweep that makes that run anew and loses the worker that does it: folder, exit code, words."""
    results = shutil.copytree(failed[0], tmp_path_factory.mktemp("resumed"), dirs_exist_ok=True)
    sweep = start(results, environment)
    ((training, its_worker),) = wait_for(lambda: trainings(sweep), sweep)
    its_worker.kill()
    psutil.wait_procs([training], timeout=30)
    assert not training.is_running()
    return results, *finish(sweep)


def test_killed_worker_loses_and_doubles_nothing(resumed, failed):
    results, code, said = resumed
    assert code == 0, said
    assert said.count(" mistakes)") == 1
    assert "90." in said
    assert not records.read(results, status="failed")
    found, before = outcomes(results), outcomes(failed[0])
    assert len(found) == 3
    assert found | before == found


def test_killed_sweep_goes_on_even_when_two_do(resumed, environment, tmp_path):
    sweep = start(tmp_path, environment)
    wait_for(lambda: list(tmp_path.glob("runs/*.json")), sweep)
    orphans = [process for pair in trainings(sweep) for process in pair]
    sweep.kill()
    psutil.wait_procs(orphans, timeout=30)
    assert not any(process.is_running() for process in orphans)
    done = set(outcomes(tmp_path))
    assert 0 < len(done) < 3
    both = [start(tmp_path, environment) for _ in range(2)]
    (first, said), (second, also_said) = map(finish, both)
    assert (first, second) == (0, 0), said + also_said
    assert (said + also_said).count(" mistakes)") == 3 - len(done)
    assert "waiting" in said + also_said
    assert outcomes(tmp_path) == outcomes(resumed[0])


def test_running_cluster_is_used(resumed, environment, tmp_path):
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        options = ("--seeds", "1", "--scheduler", cluster.scheduler_address)
        code, said = finish(start(tmp_path, environment, *options))
        assert client.get_events(worker.TOPIC)
    assert code == 0, said
    (found,) = outcomes(tmp_path).items()
    assert found in outcomes(resumed[0]).items()


def test_training_undisturbed_gives_what_is_on_record(resumed, failed, environment):
    results, seed = resumed[0], failed[-1]
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
