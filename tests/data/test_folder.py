"""Folders of the reader's own images, one subfolder a class."""

import json
import os
import re
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest
from distributed import Client, LocalCluster
from PIL import Image

from digitbook import cli, data
from digitbook.data import folder as image_folder
from digitbook.errors import DataError
from digitbook.experiments import sweep, worker
from digitbook.experiments.run import Run
from digitbook.images import handwriting
from digitbook.images.prepare import prepare_drawing
from digitbook.networks import recipes, training

CLASSES = {"seven": 7, "one": 1, "four": 4}


def drawing(digit, number):
    """A drawing of one of the five hands, dark on light, uint8 (280, 280)."""
    hands = [written for (of, _), written in handwriting.hands().items() if of == digit]
    return 255 - handwriting.draw(*handwriting.vary(hands[number % 5], (digit, number % 5, number)))


@pytest.fixture(scope="module")
def drawings():
    """Twelve different drawings of each class."""
    return {name: [drawing(digit, n) for n in range(12)] for name, digit in CLASSES.items()}


@pytest.fixture
def folder(drawings, tmp_path):
    """A folder `mine` with twelve drawings in each of three subfolders."""
    for name, images in drawings.items():
        (tmp_path / "mine" / name).mkdir(parents=True)
        for number, image in enumerate(images):
            Image.fromarray(image).save(tmp_path / "mine" / name / f"{number:02}.png")
    return tmp_path / "mine"


def load(folder):
    """Load a folder and return the set and what was said about it."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        return data.load(str(folder)), [str(warning.message) for warning in said]


def contents(*parts):
    return [image.tobytes() for part in parts for image in part]


def test_subfolders_are_classes_and_a_fifth_of_each_is_for_testing(folder, drawings):
    mine, said = load(folder)
    assert said == []
    assert (mine.name, mine.class_names) == ("mine", ("four", "one", "seven"))
    assert mine.x_train.dtype == np.uint8
    assert mine.y_train.dtype == np.int64
    assert sorted(np.bincount(mine.y_test)) == [2, 3, 3]
    for place, name in enumerate(mine.class_names):
        parts = mine.x_train[mine.y_train == place], mine.x_test[mine.y_test == place]
        ours = [prepare_drawing(255 - image) for image in drawings[name]]
        assert sorted(contents(*parts)) == sorted(contents(ours))


def test_same_folder_gives_the_same_split_wherever_it_lies(folder, monkeypatch):
    mine, _ = load(folder)
    again, _ = load(folder)
    assert np.array_equal(again.x_test, mine.x_test)
    moved = folder.rename(folder.parent / "yours")
    monkeypatch.chdir(moved.parent)
    yours, _ = load("yours")
    assert (yours.name, yours.sha256) == ("yours", mine.sha256)
    assert yours.loads_as == str(moved)


def test_images_are_prepared_once_while_they_stay_as_they_are(folder, monkeypatch):
    mine, _ = load(folder)
    monkeypatch.setattr(image_folder, "read_image", None)
    assert load(folder)[0].sha256 == mine.sha256
    (folder / "four" / "00.png").write_bytes((folder / "four" / "01.png").read_bytes())
    with pytest.raises(TypeError, match="not callable"):
        load(folder)


def test_copies_are_named_and_no_test_image_is_a_training_image(folder):
    for number in range(6):
        original = Image.open(folder / "one" / f"{number:02}.png")
        original.save(folder / "one" / f"copy{number}.bmp")
    mine, (said,) = load(folder)
    assert "mine: left out as copies" in said
    assert "one/copy0.bmp (of one/00.png)" in said
    assert "and 1 more" in said
    assert len(mine.x_train) + len(mine.x_test) == 36
    assert not set(contents(mine.x_train)) & set(contents(mine.x_test))


def test_image_in_two_classes_is_left_out_of_both(folder):
    (folder / "four" / "odd.png").write_bytes((folder / "seven" / "03.png").read_bytes())
    mine, (said,) = load(folder)
    assert "the same image in different classes: four/odd.png = seven/03.png" in said
    assert np.bincount(np.concatenate([mine.y_train, mine.y_test])).tolist() == [12, 12, 11]


def test_unreadable_images_are_named_with_the_reason(folder):
    (folder / "four" / "text.png").write_text("no picture")
    whole = (folder / "one" / "00.png").read_bytes()
    (folder / "one" / "cut.png").write_bytes(whole[: len(whole) // 2])
    Image.new("L", (50, 50), 255).save(folder / "one" / "white.png")
    for _ in range(2):  # the second time from the cache
        mine, (said,) = load(folder)
        assert "four/text.png (This is not an image" in said
        assert "one/cut.png (This image cannot be read" in said
        assert "one/white.png (There is no ink" in said
        assert len(mine.x_train) + len(mine.x_test) == 36


def test_files_that_are_no_images_are_named_and_hidden_ones_passed_over(folder):
    (folder / "readme.txt").write_text("mine")
    (folder / "one" / "list.csv").write_text("00.png")
    (folder / "one" / "older").mkdir()
    (folder / ".git").mkdir()
    (folder / "one" / "._00.png").write_bytes(b"what some systems add")
    _, said = load(folder)
    assert said == ["mine: left out as no images of a class: one/list.csv, one/older, readme.txt."]


def test_a_pipe_is_left_out_and_not_waited_for(folder):
    os.mkfifo(folder / "four" / "endless.png")
    with pytest.warns(UserWarning, match=r"endless\.png"):
        data.load(str(folder))


def test_a_class_whose_name_a_terminal_would_obey_is_refused(folder):
    (folder / "four").rename(folder / "red \x1b[31m")
    with pytest.raises(DataError, match=r"red \\x1b\[31m' holds control characters"):
        data.load(str(folder))


def test_class_with_too_few_images_is_left_out_by_name(folder):
    for path in sorted((folder / "one").iterdir())[4:]:
        path.unlink()
    (folder / "nothing").mkdir()
    mine, (said,) = load(folder)
    assert "left out as classes with fewer than 5 images: nothing (0), one (4)" in said
    assert mine.class_names == ("four", "seven")
    assert sorted(set(mine.y_train)) == [0, 1]


def test_sizes_may_differ_and_are_told(folder):
    for number, size in enumerate([(40, 60), (500, 300)]):
        path = folder / "seven" / f"{number:02}.png"
        Image.open(path).resize(size).save(path)
    mine, (said,) = load(folder)
    assert "3 sizes, from 40×60 to 500×300 pixels" in said
    assert len(mine.x_train) + len(mine.x_test) == 36


def test_folder_without_two_classes_of_images_is_refused(folder):
    takes = "A data set takes from 2 to 256 subfolders"
    for name in ("four", "one"):
        (folder / name).rename(folder.parent / name)
    with pytest.raises(DataError, match=f"{takes}.*mine has 1"):
        load(folder)
    for path in list((folder / "seven").iterdir()):
        path.rename(folder / path.name)
    with pytest.raises(DataError, match=f"{takes}.*mine has 0"):
        load(folder)
    (folder.parent / "empty").mkdir()
    with pytest.raises(DataError, match=f"{takes}.*empty has 0"):
        load(folder.parent / "empty")
    with pytest.raises(DataError, match="There is no folder .*absent"):
        load(folder.parent / "absent")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("kannada", "called like a known data set"),
        ("auto", "called like a known data set"),
        (".kannada", "called like a known data set"),
    ],
)
def test_name_that_cannot_be_the_sets_is_refused(folder, name, reason):
    with pytest.raises(DataError, match=reason):
        data.load(str(folder.rename(folder.with_name(name))))


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("رقم\u200cهای من", "رقم-های-من"),
        ("मेरे अंक", "मेरे-अंक"),
        ("Mes chiffres (été)", "Mes-chiffres-été"),
        (".mine", "mine"),
        ("two\nlines", "two-lines"),
        ("数" * 50, "数" * 33),
        ("…", "images"),
    ],
)
def test_folder_is_called_as_people_like_and_its_records_safely(folder, name, called):
    moved = folder.rename(folder.with_name(name))
    mine, _ = load(moved)
    assert (mine.name, mine.loads_as) == (called, str(moved))
    assert Run("softmax-quick", mine, 0).name.startswith(f"{called}-softmax-quick-")


def test_names_of_sets_come_before_folders(folder, digits, monkeypatch):
    monkeypatch.chdir(folder.rename(folder.with_name("mnist5k")).parent)
    assert data.load("mnist5k").sha256 == digits.sha256
    with pytest.raises(DataError, match="or load that set as mnist5k"):
        data.load("./mnist5k")
    with pytest.raises(DataError, match="no data set called ''"):
        data.load("")


def test_hold_out_has_room_for_many_small_classes(folder):
    for number in range(20):
        (folder / f"class{number:02}").mkdir()
        for copy in range(5):
            Image.fromarray(drawing(number % 10, 100 + 20 * copy + number)).save(
                folder / f"class{number:02}" / f"{copy}.png"
            )
    mine, _ = load(folder)
    (_, y), (_, y_validation) = data.hold_out(mine)
    assert len(y) + len(y_validation) == len(mine.y_train)
    assert set(y) == set(range(23))


def test_single_training_image_of_a_class_is_refused_by_name(folder):
    mine, _ = load(folder)
    rows = np.concatenate([np.flatnonzero(mine.y_train != 2), np.flatnonzero(mine.y_train == 2)[:1]])
    few = replace(mine, x_train=mine.x_train[rows], y_train=mine.y_train[rows])
    with pytest.raises(DataError, match="mine has a single training image of seven"):
        data.hold_out(few)


def test_every_command_takes_a_folder_and_answers_with_its_class_names(
    folder, tmp_path, capsys, monkeypatch
):
    build, _ = recipes.RECIPES["softmax-quick"]
    monkeypatch.setitem(
        recipes.RECIPES, "softmax-quick", (build, training.Recipe(epochs=40, learning_rate=0.01))
    )
    network = tmp_path / "mine.keras"
    trained = ["train", "softmax-quick", "--data", str(folder), "--results", str(tmp_path)]
    assert cli.main([*trained, "--output", str(network)]) == 0
    (record,) = (json.loads(path.read_text()) for path in (tmp_path / "runs").iterdir())
    assert (record["data"], record["data_sha256"]) == ("mine", load(folder)[0].sha256)
    capsys.readouterr()
    assert cli.main(["evaluate", str(network), "--data", str(folder), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["per_class"]) == {"four", "one", "seven"}
    assert cli.main(["export", str(network)]) == 0
    capsys.readouterr()
    for model in (network, network.with_suffix(".tflite")):
        assert cli.main(["predict", str(folder / "seven"), "--model", str(model), "--json"]) == 0
        answers = json.loads(capsys.readouterr().out)
        assert set(answers[0]["probabilities"]) == {"four", "one", "seven"}
        assert sum(answer["label"] == "seven" for answer in answers) >= 10


def test_data_tells_what_is_in_a_folder(folder, capsys):
    (folder / "one" / "text.png").write_text("no picture")
    assert cli.main(["data", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert "28 training, 8 test" in out
    assert "four one seven" in out
    assert err.startswith("Note: mine: left out as not to be read: one/text.png")


def test_sweep_finds_the_folder_from_wherever_its_workers_run(folder, tmp_path, monkeypatch):
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        told = []

        def stop_once_it_trains(futures):
            """Some 400 epochs would follow the first."""
            while not (words := client.get_events(worker.TOPIC)):
                assert not any(future.done() for future in futures)
                time.sleep(0.1)
            told.append(words[0][1])
            return []

        monkeypatch.setattr(sweep, "as_completed", stop_once_it_trains)
        monkeypatch.chdir(folder.parent)
        command = ["sweep", "--models", "softmax-quick", "--data", "mine", "--seeds", "0"]
        command += ["--results", str(tmp_path / "results")]
        cli.main([*command, "--scheduler", cluster.scheduler_address])
    assert re.match(r"softmax-quick, seed 0: epoch \d+/\d+: .* on validation", told[0])
    assert Run("softmax-quick", data.load(str(folder)), 0).name.startswith("mine-softmax-quick-")


def test_worker_refuses_a_folder_that_has_changed(folder):
    with pytest.raises(worker.RunFailed, match="mine is other data here"):
        worker.work("softmax-quick", str(folder), "0" * 64, seed=0, threads=1)
