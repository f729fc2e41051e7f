"""Each figure of the book, drawn once more and compared pixel by pixel (nbval skips pictures).

The second run uses the models that nbval's run has trained, from its own cache.
"""

import base64
import io

import nbformat
import numpy as np
import papermill
import pytest
from conftest import ROOT
from PIL import Image

BUILD = ROOT / "_build" / "test"
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def figures(notebook):
    """Pictures by cell and place, each with its text alternative."""
    return {
        (cell.id, number): (
            np.asarray(Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).convert("L")),
            output.metadata["image/png"]["alt"],
        )
        for cell in notebook.cells
        for number, output in enumerate(cell.get("outputs", []))
        if "image/png" in output.get("data", {})
    }


def differing(first, second):
    """The share of pixels that differ by more than a trace; 1 if the sizes differ."""
    if first.shape != second.shape:
        return 1
    return np.mean(np.abs(first.astype(int) - second.astype(int)) > 8)


def test_comparison_sees_a_moved_line_and_forgives_a_trace():
    blank, moved = np.full((100, 100), 250, "uint8"), np.full((100, 100), 250, "uint8")
    moved[40] = 30
    assert differing(blank, moved) == 0.01
    assert differing(blank, blank - 1) == 0
    assert differing(blank, blank[1:]) == 1


@pytest.mark.parametrize("source", CHAPTERS, ids=lambda path: path.stem)
def test_drawn_again_is_the_same(source, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITBOOK_CACHE", str(BUILD / "second-cache"))
    again = papermill.execute_notebook(
        source, tmp_path / source.name, {"dataset": "mnist5k"}, progress_bar=False
    )
    first = figures(nbformat.read(BUILD / "executed" / source.name, as_version=4))
    second = figures(again)
    assert first.keys() == second.keys() != set()
    for place, (picture, alt) in first.items():
        assert second[place][1] == alt, place
        assert differing(picture, second[place][0]) < 0.001, place
