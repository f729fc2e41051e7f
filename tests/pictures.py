"""A pytest plugin: once nbval has found the text of a cell the same again, so must be its pictures."""

import base64
import io

import numpy as np
import pytest
from nbval.plugin import IPyNbCell
from PIL import Image


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    if isinstance(item, IPyNbCell):
        _compare(item)
    return result


def _compare(cell):
    """Fail the cell if a picture of the run just made differs from the stored one."""
    before, now = pictures(cell.cell.outputs), pictures(cell.test_outputs)
    if len(before) != len(now):
        cell.raise_cell_error(f"Pictures differ: there were {len(before)} and are {len(now)}")
    for number, (first, second) in enumerate(zip(before, now, strict=True), start=1):
        if (share := differing(first, second)) > 0.001:
            cell.raise_cell_error(f"Pictures differ: {share:.2%} of the pixels of picture {number}")


def pictures(outputs):
    """The PNG pictures of a cell in grey, uint8 `(height, width)` each."""
    shown = [output["data"] for output in outputs if "image/png" in output.get("data", {})]
    files = [io.BytesIO(base64.b64decode(data["image/png"])) for data in shown]
    return [np.asarray(Image.open(file).convert("L")) for file in files]


def differing(first, second):
    """The share of pixels that differ by more than a trace; 1 if the sizes differ."""
    if first.shape != second.shape:
        return 1
    return np.mean(np.abs(first.astype(int) - second.astype(int)) > 8)
