from dataclasses import replace
from string import ascii_uppercase

import pytest
from conftest import ROOT

from digitbook import cli
from digitbook.data.registry import REGISTRY
from digitbook.experiments import records, scoring, store
from digitbook.experiments.run import Run, train
from digitbook.release import card as cards

pytestmark = pytest.mark.usefixtures("digits_at_hand")


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
def recorded(digits, brief, tmp_path):
    """A results folder with one run on 300 digits, whose network is in the cache."""
    few = replace(digits, x_train=digits.x_train[:300], y_train=digits.y_train[:300])
    made = Run("softmax-quick", few, 0)
    model, record = train(made, say=lambda line: None)
    store.save(model, store.model_path(made.name), record)
    records.store("runs", record, tmp_path / "results", run=made.name)
    return tmp_path / "results", record


def test_released_file_scores_what_its_card_says(recorded, digits, capsys):
    results, record = recorded
    assert cli.main(["release", "softmax-quick", "--data", "mnist5k", "--results", str(results)]) == 0
    model, note = store.load_network(results / "mnist5k-softmax-quick.keras")
    found = scoring.evaluate(model, digits)
    assert found["errors"] == record["errors"]
    assert note["seed"] == 0
    card = (results / "mnist5k-softmax-quick.md").read_text()
    assert f"makes {found['errors']} mistakes on the 1,000 test digits: {found['accuracy']:.2%}" in card
    assert record["commit"] in card
    assert "7,850 parameters" in card
    assert "`digitbook evaluate results/mnist5k-softmax-quick.keras --data mnist5k`" in card
    assert REGISTRY["mnist5k"].terms in card


def test_committed_cards_are_those_that_release_writes():
    found = records.read()
    # The guard, of which no run is recorded, has a card of its own.
    released = [path.with_suffix(".md") for path in (ROOT / "results").glob("*.bin")]
    released = [path for path in released if path.stem != "guard"]
    assert released
    for path in released:
        run = next(run for run in found if cards.file_name(run) == path.stem)
        chosen = records.released(found, run["model"], run["data"])
        assert path.read_text() == cards.card(chosen, found), f"run `digitbook release`: {path.name}"


def test_card_of_a_network_for_letters_speaks_of_letters(recorded):
    per_class = {letter: {"recall": 0.5} for letter in ascii_uppercase}
    record = {**recorded[1], "data": "letters", "per_class": per_class}
    card = cards.card(record, [record])
    assert "# Model card: letters-softmax-quick\n" in card
    assert "reads one handwritten letter." in card
    assert f"`(N, 26)`, one probability for each of {', '.join(ascii_uppercase)}" in card
    assert REGISTRY["letters"].terms in card
    assert "digit" not in card.replace("digitbook", "").replace("as MNIST's digits are", "")


@pytest.mark.parametrize(
    ("name", "terms"), [("telugu", "free for non-commercial use"), ("mine", "unknown")]
)
def test_terms_that_do_not_allow_a_release_are_kept(recorded, name, terms, capsys):
    results, record = recorded
    (old,) = (results / "runs").iterdir()
    old.unlink()
    records.store("runs", {**record, "data": name}, results, run="other")
    assert cli.main(["release", "softmax-quick", "--data", name, "--results", str(results)]) == 2
    told = capsys.readouterr().err
    assert f"trained on {name} must not be released; the terms of {name}: {terms}" in told
    assert [path.name for path in results.iterdir()] == ["runs"]


def test_another_network_under_the_run_s_name_is_refused(recorded, capsys):
    results, record = recorded
    path = store.model_path(store.name_of(record))
    model, _ = store.load_network(path)
    model.set_weights([array * 2 for array in model.get_weights()])
    store.save(model, path, record)
    assert cli.main(["release", "softmax-quick", "--data", "mnist5k", "--results", str(results)]) == 2
    assert "is not the network that was recorded" in capsys.readouterr().err
    assert [path.name for path in results.iterdir()] == ["runs"]
