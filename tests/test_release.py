from dataclasses import replace

import pytest

from digitbook import cli, experiments, records
from digitbook.experiments import Run


def run(seed, validation_accuracy, accuracy=0.9, configuration="new", finished="2026-02-01"):
    return {
        "model": "cnn",
        "data": "mnist",
        "seed": seed,
        "configuration": configuration,
        "finished": finished,
        "metrics": {"validation_accuracy": validation_accuracy, "accuracy": accuracy},
    }


def test_best_on_validation_is_chosen_whatever_the_test_part_says():
    runs = [run(2, 0.98), run(1, 0.98), run(0, 0.97, accuracy=0.99)]
    assert records.released(runs, "cnn", "mnist")["seed"] == 1


def test_only_the_configuration_recorded_last_counts():
    runs = [run(0, 0.99, configuration="old", finished="2026-01-01"), run(1, 0.97)]
    assert records.released(runs, "cnn", "mnist")["seed"] == 1


def test_without_a_run_nothing_is_released():
    with pytest.raises(records.RecordsMissing, match="No run of cnn on mnist5k is recorded"):
        records.released([run(0, 0.9)], "cnn", "mnist5k")


@pytest.fixture
def recorded(digits, tmp_path):
    """A results folder with one run on 300 digits, whose network is in the cache."""
    few = replace(digits, x_train=digits.x_train[:300], y_train=digits.y_train[:300])
    made = Run("softmax-quick", few, 0)
    model, record = experiments.train(made, say=lambda line: None)
    experiments.save(model, experiments.model_path(made.name), record)
    records.write(tmp_path / "results", made.name, record)
    return tmp_path / "results", record


def test_released_file_scores_what_its_card_says(recorded, digits, capsys):
    results, record = recorded
    assert cli.main(["release", "softmax-quick", "--data", "mnist5k", "--results", str(results)]) == 0
    model, note = experiments.load(results / "softmax-quick.keras")
    found = experiments.evaluate(model, digits)
    assert found["errors"] == record["errors"]
    assert note["seed"] == 0
    card = (results / "softmax-quick.md").read_text()
    assert f"makes {found['errors']} mistakes on the 1,000 test digits: {found['accuracy']:.2%}" in card
    assert record["commit"] in card
    assert "7,850 parameters" in card


def test_another_network_under_the_run_s_name_is_refused(recorded, capsys):
    results, record = recorded
    path = experiments.model_path(experiments.name_of(record))
    model, _ = experiments.load(path)
    model.set_weights([array * 2 for array in model.get_weights()])
    experiments.save(model, path, record)
    assert cli.main(["release", "softmax-quick", "--data", "mnist5k", "--results", str(results)]) == 2
    assert "is not the network that was recorded" in capsys.readouterr().err
    assert not (results / "softmax-quick.keras").exists()
