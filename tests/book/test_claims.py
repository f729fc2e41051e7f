"""Each claim against the records and against the page that makes it; `make test` builds the pages.

What the released network does on the real test digits is held to its claims in `tests/gate`.
"""

import json
import shutil
from dataclasses import replace

import claims
import numpy as np
import pytest
from conftest import SITE

from digitbook.experiments import records
from digitbook.experiments.kinds import KINDS

CLAIMS = claims.read()
OF_EACH_KIND = list({tuple(claim.source): claim for claim in CLAIMS}.values())
"""One claim for each kind of source."""


@pytest.fixture(scope="module")
def text():
    """The words of each page that claims something."""
    return {page: claims.page_text(page, SITE) for page in {claim.page for claim in CLAIMS}}


@pytest.mark.built
@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_claim_holds(claim, text):
    assert claims.problems(claim, records.RESULTS, text[claim.page]) == []


def test_headlines_are_on_the_pages_that_people_see_first():
    assert {"README", "book/index", "notebooks/09-report"} <= {claim.page for claim in CLAIMS}


def test_a_claim_about_a_recipe_rests_on_five_seeds():
    for source in (claim.source for claim in CLAIMS):
        if model := source.get("model") or source.get("robustness"):
            trained_on = source.get("data", "mnist") if "model" in source else "mnist"
            runs = records.newest(records.read(), model, trained_on)
            assert len(runs) >= 5 or len(runs[0]["members"]) >= 5, model


@pytest.mark.built
@pytest.mark.parametrize("claim", OF_EACH_KIND, ids=str)
def test_drifted_sentence_fails(claim, text):
    drifted = text[claim.page].replace(claim.text, claim.text[:-1])
    assert claims.problems(claim, records.RESULTS, drifted) == ["the page does not say so"]


@pytest.mark.built
@pytest.mark.parametrize("claim", OF_EACH_KIND, ids=str)
def test_changed_record_fails(claim, text, tmp_path):
    shutil.copytree(records.RESULTS, tmp_path, dirs_exist_ok=True)
    if "race" in claim.source:
        _change_race(tmp_path, claim.source)
    elif "strangers" in claim.source:
        _change_strangers(tmp_path, claim.source)
    elif "robustness" in claim.source:
        _change_robustness(tmp_path)
    elif "signs" in claim.source:
        _change_teaching(tmp_path)
    else:
        _change_run(tmp_path, claim.source)
    assert "the records say" in " ".join(claims.problems(claim, tmp_path, text[claim.page]))


def _change_run(results, source):
    model = source.get("model") or source.get("released") or source.get("retrained") or source["of"][0]
    run = records.newest(records.read(results), model, source.get("data", "mnist"))[0]
    paths = KINDS["runs"].paths(results)
    (path,) = [path for path in paths if json.loads(path.read_text()) == run]
    run["metrics"] |= {"accuracy": run["metrics"]["accuracy"] - 0.05, "validation_accuracy": 1}
    run |= {"errors": run["errors"] + 500, "parameters": 2 * run["parameters"]}
    path.write_text(json.dumps(run))


def _change_strangers(results, source):
    record = records.load("strangers", results)
    answers = record["sets"][source["strangers"]]["answers"]
    confidence = records.unpack(answers["confidence"], "float16")
    answers["confidence"] = records.pack(confidence * np.float16(0.9))
    records.store("strangers", record, results)


def _change_race(results, source):
    speed = records.load("speed", results)
    for entry in speed["races"][source["race"]]:
        if entry["contestant"] == source["contestant"]:
            entry[source["statistic"]] *= 1.2
    records.store("speed", speed, results)


def _change_robustness(results):
    record = records.load("robustness", results)
    for run in record["runs"].values():
        answers = run["answers"]
        for column in ("errors", "refused", "kept_errors"):
            answers[column] = [count + 300 for count in answers[column]]
        answers["confidence"] = [share - 0.05 for share in answers["confidence"]]
    records.store("robustness", record, results)


def _change_teaching(results):
    record = records.load("teaching", results)
    for each in record["taught"]:
        for exam in ("own", "mnist"):
            each[exam] = [share - 0.02 for share in each[exam]]
    records.store("teaching", record, results)


@pytest.mark.built
@pytest.mark.parametrize("claim", OF_EACH_KIND, ids=str)
def test_generous_tolerance_fails(claim, text):
    generous = replace(claim, tolerance=1.01 * claims.allowed(claim, records.RESULTS))
    assert "too generous" in " ".join(claims.problems(generous, records.RESULTS, text[claim.page]))


def test_number_that_the_text_does_not_print_fails():
    claim = claims.Claim("README", "98.5 % right", value=98.4, tolerance=0, source={"released": "cnn"})
    with pytest.raises(AssertionError, match=r"98\.4 is not one of the numbers"):
        claims.allowed(claim, records.RESULTS)


def test_unknown_source_fails():
    with pytest.raises(ValueError, match="Nobody knows"):
        claims.recompute({"hearsay": "a friend"}, records.RESULTS)
