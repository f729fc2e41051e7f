"""The table of kinds against the records that there are, and the commands that it names."""

import shutil

import pytest
from conftest import ROOT

from digitbook.experiments.kinds import KINDS

pytestmark = pytest.mark.quick


def strangers(results):
    """The JSON files among records that are of no kind and describe no released network."""
    known = {path for kind in KINDS.values() for path in kind.paths(results)}
    described = {path.with_suffix(".json") for path in results.glob("*.tflite")}
    return sorted(path.name for path in {*results.rglob("*.json")} - known - described)


def test_every_record_of_the_book_is_of_a_kind(tmp_path):
    assert strangers(ROOT / "results") == []
    shutil.copytree(ROOT / "results", tmp_path / "results")
    (tmp_path / "results" / "hearsay.json").write_text("{}")
    assert strangers(tmp_path / "results") == ["hearsay.json"]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_has_records_and_none_of_another_kind(name):
    paths = KINDS[name].paths(ROOT / "results")
    assert paths
    others = {path for other in KINDS if other != name for path in KINDS[other].paths(ROOT / "results")}
    assert not others & {*paths}
