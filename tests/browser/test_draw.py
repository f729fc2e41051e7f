"""The drawing page in a real browser: drawn on by mouse, touch and keyboard, and held to Keras."""

import gzip
import json
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from conftest import ROOT, SITE
from npm import violations
from playwright.sync_api import expect

from digitbook import data
from digitbook.book import render, web_assets
from digitbook.errors import BadInput
from digitbook.experiments import store
from digitbook.images import strangers
from digitbook.images.handwriting import CANVAS_SIDE, hands
from digitbook.inference.network import GUARD, Network
from digitbook.paths import RELEASED

pytestmark = pytest.mark.built

STATIC = SITE / "_static"
PAGES = [(SITE / "book" / f"{name}.html").as_uri() for name in ("draw", "index")]
BUDGET = 450_000
"""Bytes, compressed as served, of the runtime and the network together."""
SCRIPTS = (
    *("element.js", "pictures.js", "prepare.js", "pad.js"),
    *(web_assets.LIST, "network.js", "draw.js"),
)
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'"
)
HTML = f"""<!doctype html>
<html lang="en" data-theme="light">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Draw</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="digitbook.css"><link rel="stylesheet" href="draw.css">
<body><main><h1>Draw a digit</h1><div class="draw"></div></main>
{"".join(f'<script src="{name}"></script>' for name in SCRIPTS)}</body>
</html>
"""
WRITTEN = {digit: strokes for (digit, _), strokes in reversed(hands().items())}
"""The first hand of each digit."""


@pytest.fixture(scope="module", autouse=True)
def _built():
    if not (STATIC / web_assets.BINARY).is_file():
        pytest.skip("THE DRAWING PAGE IS NOT TESTED: the site was built without TensorFlow.js from npm")


def write_page(folder, *networks):
    """Write the page apart from the book's theme, with these networks, to a new folder."""
    results = folder / "results"
    results.mkdir(parents=True)
    for path in networks:
        for suffix in (".json", ".bin"):
            shutil.copy(path.with_suffix(suffix), results)
    names = {
        *SCRIPTS,
        web_assets.SCRIPT,
        web_assets.BINARY,
        f"{web_assets.BINARY}.js",
        "draw.css",
        "digitbook.css",
    }
    for name in names - {web_assets.LIST}:
        shutil.copy(STATIC / name, folder)
    web_assets.write_networks(folder, results)
    (folder / "index.html").write_text(HTML)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, letters):
    """The page with the released network alone, and in folders beside a guard and one for letters."""
    folder = tmp_path_factory.mktemp("draw")
    write_page(folder / "one", RELEASED)
    write_page(folder / "guarded", RELEASED, GUARD)
    write_page(folder / "both", RELEASED, letters / "letters-cnn.json")
    return folder


@pytest.fixture(scope="module")
def server(folder):
    """The address of both pages on a server with a strict Content-Security-Policy."""

    class Handler(SimpleHTTPRequestHandler):
        def end_headers(self):
            self.send_header("Content-Security-Policy", f"{POLICY}; img-src data:")
            super().end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def visit(browser, server):
    """Open the page and wait until it reads; no error may come up and nothing else be asked."""
    contexts, errors, hosts = [], [], set()

    def visit(target=f"{server}/one/", prepare="", **more):
        context = browser.new_context(**{"viewport": {"width": 1000, "height": 900}, **more})
        contexts.append(context)
        context.add_init_script(prepare)
        tab = context.new_page()
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        tab.on("request", lambda request: hosts.add(request.url.split("/", 3)[2].partition(":")[0]))
        tab.goto(target)
        expect(tab.locator(".bars li")).to_have_count(10)
        tab.locator(".draw .paper").scroll_into_view_if_needed()
        return tab

    yield visit
    for context in contexts:
        context.close()
    assert errors == []
    assert hosts <= {"127.0.0.1", "", "application"}, "the page asks a third party"


def points(tab, strokes):
    """The strokes of a hand, in the middle of the canvas, as places in the window."""
    area = tab.locator(".draw .paper").bounding_box()
    scale = area["width"] / CANVAS_SIDE
    left = (CANVAS_SIDE - 180 * max(stroke[:, 0].max() for stroke in strokes)) / 2
    return [
        np.array([area["x"], area["y"]]) + scale * (180 * stroke[::2] + [left, 50])
        for stroke in strokes
    ]


def draw(tab, strokes):
    for number in range(len(strokes)):
        draw_one(tab, strokes, number)


def draw_one(tab, strokes, number):
    (x, y), *others = points(tab, strokes)[number].tolist()
    tab.mouse.move(x, y)
    tab.mouse.down()
    for x, y in others:
        tab.mouse.move(x, y)
    tab.mouse.up()


def loaded(tab):
    """Wait until the network could read."""
    expect(tab.locator(".draw .remark")).to_contain_text("An empty canvas")


def says(tab, digit):
    expect(tab.locator(".draw .answer")).to_have_text(str(digit))


def seen(tab):
    """The 28 by 28 pixels that the page says the network sees."""
    pixels = "it => [...it.getContext('2d').getImageData(0, 0, 28, 28).data]"
    return np.array(tab.locator(".seen").evaluate(pixels)).reshape(28, 28, 4)[:, :, 0]


@pytest.mark.parametrize("digit", range(10))
def test_digits_drawn_with_the_mouse(visit, digit):
    tab = visit()
    draw(tab, WRITTEN[digit])
    says(tab, digit)
    shares = tab.locator(".bars .share").all_inner_texts()
    assert len(shares) == 10
    assert tab.locator(".bars .first b").inner_text() == str(digit)


def test_what_speaks_for_each_digit_adds_up_to_its_score(visit):
    tab = visit()
    told = []
    for digit in (4, 9):
        draw(tab, WRITTEN[digit])
        says(tab, digit)
        expect(tab.locator(".draw .looked")).to_be_visible()
        expect(tab.locator(".draw .ribbon")).to_be_visible()
        found = tab.evaluate(
            f"window.digitbookNetworks[0].read(Uint8Array.from({seen(tab).ravel().tolist()}))"
            ".then(({ softmax, looked }) => [[...softmax], looked.values.map((each) => [...each])])"
        )
        told.append(np.log(found[0]) - np.sum(found[1], axis=1))
        tab.locator(".draw").get_by_role("button", name="Clear").click()
    # What is left are the biases of the last layer and a constant of each drawing.
    np.testing.assert_allclose(np.ptp(told[0] - told[1]), 0, atol=1e-2)
    expect(tab.locator(".draw .looked")).to_be_hidden()


@pytest.mark.parametrize("digit", range(10))
def test_digits_drawn_by_touch_do_not_scroll(visit, digit):
    tab = visit(viewport={"width": 390, "height": 500}, has_touch=True, is_mobile=True)
    finger = tab.context.new_cdp_session(tab)
    before = tab.evaluate("scrollY")
    for stroke in points(tab, WRITTEN[digit]):
        kinds = ["touchStart"] + ["touchMove"] * (len(stroke) - 1)
        for kind, (x, y) in zip(kinds, stroke.tolist(), strict=True):
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    says(tab, digit)
    assert tab.evaluate("scrollY") == before


def test_a_second_finger_does_not_draw(visit):
    tab = visit(has_touch=True)
    finger = tab.context.new_cdp_session(tab)
    area = tab.locator(".paper").bounding_box()
    first, second = ({"x": area["x"] + x, "y": area["y"] + 60, "id": x} for x in (60, 200))
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [first]})
    alone = seen(tab)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [first, second]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert alone.any()
    assert np.array_equal(seen(tab), alone)


def test_one_network_leaves_no_choice(visit):
    expect(visit().get_by_role("radiogroup")).to_have_count(0)


@pytest.fixture
def both(visit, server, folder):
    """Open the page with two networks."""

    def both(from_disk=False, **more):
        place = folder.as_uri() if from_disk else server
        return visit(f"{place}/both/index.html", **more)

    return both


def choose(tab, kind):
    tab.get_by_role("radiogroup", name="What you draw").get_by_role("radio", name=kind).check()


def test_letters_are_read_once_they_are_chosen(both):
    tab, asked = both(), []
    loaded(tab)
    tab.on("request", lambda request: asked.append(request.url.rpartition("/")[2].partition("?")[0]))
    draw(tab, WRITTEN[7])
    says(tab, 7)
    assert asked == []
    choose(tab, "Letters A to Z")
    says(tab, "H")
    assert asked == ["letters-cnn.json", "letters-cnn.bin"]
    expect(tab.get_by_role("status")).to_contain_text("H, ")
    shares = tab.get_by_role("list", name="Probability of each letter").get_by_role("listitem")
    expect(shares).to_have_count(26)
    assert tab.locator(".bars .first b").inner_text() == "H"
    expect(tab.locator(".maps canvas")).to_have_count(3)
    expect(tab.get_by_role("application", name="Canvas to draw a letter on")).to_be_visible()
    tab.get_by_role("button", name="Clear").click()
    expect(tab.get_by_text("Draw a letter here")).to_be_visible()
    expect(tab.locator(".remark")).to_have_text("An empty canvas is not a letter.")
    choose(tab, "Digits 0 to 9")
    expect(tab.get_by_text("Draw a digit here")).to_be_visible()
    draw(tab, WRITTEN[3])
    says(tab, 3)
    expect(tab.locator(".bars li")).to_have_count(10)
    assert len(asked) == 2


def test_the_choice_is_made_with_the_keyboard(both):
    tab = both()
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("radio", name="Digits")).to_be_focused()
    tab.keyboard.press("ArrowRight")
    expect(tab.get_by_role("radio", name="Letters")).to_be_checked()
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("application", name="Canvas to draw a letter on")).to_be_focused()


def test_both_networks_read_from_disk(both):
    tab = both(from_disk=True)
    draw(tab, WRITTEN[6])
    says(tab, 6)
    choose(tab, "Letters")
    says(tab, "G")


def test_a_choice_that_is_taken_back_while_it_loads_changes_nothing(both):
    tab, held = both(), []
    tab.route("**/letters-cnn.bin*", lambda route: held.append(route))
    draw(tab, WRITTEN[4])
    choose(tab, "Letters")
    says(tab, "…")
    choose(tab, "Digits")
    says(tab, 4)
    with tab.expect_response("**/letters-cnn.bin*"):
        held[0].continue_()
    tab.evaluate("digitbookNetworks[1].ready()")
    says(tab, 4)
    expect(tab.locator(".bars li")).to_have_count(10)


def test_a_network_that_cannot_be_loaded_is_named_and_may_be_tried_again(browser, server):
    tab = browser.new_page()
    tab.goto(f"{server}/both/")
    draw(tab, WRITTEN[2])
    says(tab, 2)
    tab.route("**/letters-cnn.bin*", lambda route: route.abort())
    choose(tab, "Letters")
    says(tab, "The network could not be loaded (letters-cnn.bin: no answer).")
    choose(tab, "Digits")
    says(tab, 2)
    tab.unroute("**/letters-cnn.bin*")
    choose(tab, "Letters")
    says(tab, "C")
    tab.close()


def test_undo_and_clear(visit):
    tab = visit()
    undo, clear = (tab.get_by_role("button", name=name) for name in ("Undo", "Clear"))
    expect(undo).to_be_disabled()
    draw(tab, WRITTEN[1])
    says(tab, 1)
    alone = seen(tab)
    draw(tab, WRITTEN[0])
    assert not np.array_equal(seen(tab), alone)
    undo.click()
    assert np.array_equal(seen(tab), alone)
    says(tab, 1)
    draw(tab, WRITTEN[0])
    clear.click()
    assert not seen(tab).any()
    expect(undo).to_be_disabled()
    expect(clear).to_be_disabled()
    draw(tab, WRITTEN[7])
    says(tab, 7)


def test_an_empty_canvas_is_not_a_digit(visit):
    tab = visit()
    for _ in range(2):
        expect(tab.locator(".remark")).to_have_text("An empty canvas is not a digit.")
        expect(tab.locator(".bars .first")).to_have_count(0)
        expect(tab.locator(".maps")).to_be_hidden()
        expect(tab.get_by_text("Draw a digit here")).to_be_visible()
        draw(tab, WRITTEN[3])
        expect(tab.get_by_text("Draw a digit here")).to_be_hidden()
        tab.get_by_role("button", name="Clear").click()


def test_it_says_when_it_is_not_sure(visit):
    """Whatever the drawing, what is said agrees with the bars and with the network's limit."""
    tab = visit()
    limit = json.loads(RELEASED.with_suffix(".json").read_text())["confidence_limit"]
    states = set()
    for strokes in WRITTEN.values():
        draw(tab, [[1, 0] + stroke * [-1, 1] for stroke in strokes])  # as in a mirror
        shown = tab.locator(".fill").evaluate_all(
            "all => all.map(one => Number(one.style.transform.slice(7, -1)))"
        )
        first, second = np.argsort(shown)[::-1][:2]
        sure = max(shown) >= limit
        says(tab, first if sure else f"{first} or {second}?")
        expect(tab.locator(".remark")).to_contain_text("sure" if sure else "Not sure")
        assert sum(shown) == pytest.approx(1, abs=1e-6)
        states.add(sure)
        tab.get_by_role("button", name="Clear").click()
    assert states == {True, False}, "mirrored digits no longer bring up both"


NO_DIGITS = {
    "A": [[(0, 1), (0.4, 0), (0.8, 1)], [(0.15, 0.65), (0.65, 0.65)]],
    "H": [[(0, 0), (0, 1)], [(0.7, 0), (0.7, 1)], [(0, 0.5), (0.7, 0.5)]],
    "M": [[(0, 1), (0.1, 0), (0.45, 0.7), (0.8, 0), (0.9, 1)]],
    "star": [[(0.2, 1), (0.5, 0), (0.8, 1), (0, 0.4), (1, 0.4), (0.2, 1)]],
    "smiley": [
        [(0.5 + 0.5 * np.cos(t), 0.5 + 0.5 * np.sin(t)) for t in np.linspace(0, 6.3, 40)],
        [(0.35, 0.3), (0.35, 0.4)],
        [(0.65, 0.3), (0.65, 0.4)],
        [(0.5 + 0.3 * np.cos(t), 0.5 + 0.3 * np.sin(t)) for t in np.linspace(0.4, 2.7, 20)],
    ],
    "dot": [[(0.5, 0.5), (0.5, 0.5)]],
}
"""Strokes, in units of their height, of what is no digit."""


@pytest.mark.parametrize("name", NO_DIGITS)
def test_what_is_no_digit_is_refused_with_a_reason(visit, server, name):
    tab = visit(f"{server}/guarded/")
    draw(tab, [np.repeat(np.array(stroke, float), 2, axis=0) for stroke in NO_DIGITS[name]])
    expect(tab.locator(".draw")).to_have_attribute("data-state", "refused")
    says(tab, "No digit")
    expect(tab.locator(".remark")).to_have_text(re.compile("^This looks like .*, not like a digit.$"))
    expect(tab.locator("[role=status]")).to_contain_text("No digit: This looks like")


def test_digits_pass_the_guard_and_the_page_refuses_what_python_refuses(visit, server, digits):
    tab = visit(f"{server}/guarded/")
    for digit, strokes in WRITTEN.items():
        draw(tab, strokes)
        says(tab, digit)
        tab.get_by_role("button", name="Clear").click()
    rng = np.random.default_rng(0)
    images = np.concatenate([digits.x_test[:100], strangers.several(digits.x_test, 100, rng)])
    asked = "images => Promise.all(images.map(image => digitbookNetworks[0].read(image)))"
    found = tab.evaluate(asked, images.reshape(-1, 784).tolist())
    assert [each["why"] for each in found] == [each["why"] for each in Network.load().answers(images)]


def described(folder, **changed):
    """The page with the released network, but these keys of its description; without those of None."""
    write_page(folder, RELEASED)
    path = folder / "cnn.json"
    description = {**json.loads(path.read_text()), **changed}
    path.write_text(json.dumps({key: value for key, value in description.items() if value is not None}))


def test_the_limit_is_the_networks_own(visit, server, folder):
    for name, limit in (("bold", 0), ("timid", 1)):
        described(folder / name, confidence_limit=limit)
        tab = visit(f"{server}/{name}/")
        draw(tab, [[1, 0] + stroke * [-1, 1] for stroke in WRITTEN[9]])
        expect(tab.locator(".draw")).to_have_attribute("data-state", "unsure" if limit else "sure")


def test_a_description_without_a_limit_is_to_be_exported_again(browser, server, folder):
    described(folder / "older", confidence_limit=None)
    tab = browser.new_page()
    tab.goto(f"{server}/older/")
    expect(tab.locator(".answer")).to_contain_text("names no confidence limit. “digitbook export”")
    tab.close()


def test_a_description_without_a_noun_stops_the_build(tmp_path):
    description = json.loads(RELEASED.with_suffix(".json").read_text())
    del description["noun"]
    (tmp_path / "cnn.json").write_text(json.dumps(description))
    (tmp_path / "cnn.bin").touch()
    with pytest.raises(BadInput, match="cnn.json has no 'noun'; `digitbook export`, given cnn.keras,"):
        web_assets.write_networks(tmp_path / "static", tmp_path)


def test_resizing_while_drawing_keeps_the_strokes(visit):
    five = next(strokes for strokes in WRITTEN.values() if len(strokes) > 1)
    tab = visit()
    draw(tab, five)
    whole = seen(tab)
    tab.get_by_role("button", name="Clear").click()
    draw_one(tab, five, 0)
    tab.set_viewport_size({"width": 330, "height": 900})
    tab.locator(".paper").scroll_into_view_if_needed()
    draw_one(tab, five, 1)
    assert np.abs(seen(tab) - whole).mean() < 3


def test_colours_and_resolution_do_not_change_what_the_network_sees(visit):
    images = []
    for theme, more in (("light", {}), ("dark", {"device_scale_factor": 3, "color_scheme": "dark"})):
        tab = visit(**more)
        tab.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        draw(tab, WRITTEN[4])
        images.append(seen(tab))
    assert np.array_equal(*images)


def test_keyboard_alone_is_enough(visit):
    tab = visit()
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("application", name="Canvas to draw a digit on")).to_be_focused()
    status = tab.get_by_role("status")
    press(tab, "ArrowLeft", 4)
    assert not seen(tab).any()
    tab.keyboard.press("Space")
    expect(status).to_have_text("Pen down.")
    press(tab, "ArrowRight", 9)
    tab.keyboard.down("ArrowLeft")
    press(tab, "ArrowDown", 1)
    for _ in range(7):
        tab.keyboard.down("ArrowDown")
    tab.keyboard.up("ArrowDown")
    tab.keyboard.up("ArrowLeft")
    tab.keyboard.press("Space")
    expect(status).to_have_text("Pen lifted.")
    says(tab, 7)
    expect(status).to_contain_text("7, ")
    before = seen(tab)
    tab.keyboard.press("Space")
    press(tab, "ArrowRight", 3)
    tab.keyboard.press("Backspace")
    assert np.array_equal(seen(tab), before)
    tab.keyboard.press("Delete")
    assert not seen(tab).any()
    expect(status).to_have_text("The canvas is empty.")
    tab.keyboard.press("Tab")
    expect(tab.locator(".paper")).not_to_be_focused()


def press(tab, key, times):
    for _ in range(times):
        tab.keyboard.press(key)


def test_maps_follow_the_drawing(visit):
    tab = visit()
    pictures = []
    for digit in (1, 8):
        draw(tab, WRITTEN[digit])
        expect(tab.locator(".maps canvas")).to_have_count(3)
        pictures.append(
            tab.locator(".maps canvas").evaluate_all("all => all.map(one => one.toDataURL())")
        )
        tab.get_by_role("button", name="Clear").click()
    assert all(one != other for one, other in zip(*pictures, strict=True))


def test_it_reads_offline_once_loaded(visit):
    tab = visit()
    loaded(tab)
    tab.context.set_offline(True)
    draw(tab, WRITTEN[2])
    says(tab, 2)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
def test_the_built_pages_read_from_disk(visit, page, width):
    tab = visit(page, viewport={"width": width, "height": 900})
    draw(tab, WRITTEN[6])
    says(tab, 6)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_only_the_pages_that_read_load_the_runtime():
    script = re.compile(rf'<script[^>]*src="[^"]*(draw\.js|{re.escape(web_assets.SCRIPT)})')
    loading = {
        str(path.relative_to(SITE)) for path in SITE.rglob("*.html") if script.search(path.read_text())
    }
    assert loading == {"book/draw.html", "book/index.html"}


def test_without_webassembly_it_reads_all_the_same(visit):
    tab = visit(prepare="delete window.WebAssembly")
    draw(tab, WRITTEN[5])
    says(tab, 5)
    assert tab.evaluate("digitbookNetworks[0].backend") == "cpu"


def test_without_the_runtime_the_page_says_what_is_missing(browser, tmp_path):
    source = tmp_path / "runtime"
    shutil.copytree(ROOT / "book" / "runtime", source)
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("https_proxy", "HTTPS_PROXY", "npm_config_https_proxy"):
            patch.setenv(variable, "http://127.0.0.1:9")
        patch.setenv("npm_config_cache", str(tmp_path / "npm"))
        reason = web_assets.write(tmp_path, source, ROOT / "results")
    assert reason == "npm ci failed (ECONNREFUSED)"
    assert not web_assets.is_cached(source)
    for name in set(SCRIPTS) - {web_assets.LIST}:
        shutil.copy(STATIC / name, tmp_path)
    (tmp_path / "index.html").write_text(HTML)
    tab = browser.new_page()
    tab.goto((tmp_path / "index.html").as_uri())
    expect(tab.locator(".answer")).to_contain_text("built without TensorFlow.js")
    draw(tab, WRITTEN[3])
    assert seen(tab).any()
    expect(tab.locator(".answer")).to_contain_text("make book")
    tab.close()


SOFTMAX = """
async ([number, images]) => {
  const found = [];
  for (const image of images) {
    const { softmax, probabilities } = await digitbookNetworks[number].read(Uint8Array.from(image));
    found.push([Array.from(softmax), probabilities]);
  }
  return found;
}
"""


def in_the_page(tab, images, number=0):
    """Softmax and shown probabilities of images (N, 28, 28), as arrays (N, classes)."""
    found = []
    for start in range(0, len(images), 500):
        found += tab.evaluate(SOFTMAX, [number, images[start : start + 500].reshape(-1, 784).tolist()])
    return np.array(found).swapaxes(0, 1)


@pytest.mark.parametrize("name", ["mnist5k", pytest.param("mnist", marks=pytest.mark.mnist)])
def test_the_page_answers_as_keras_does(visit, name):
    from digitbook.networks import evaluation

    digits = data.load(name)
    model, _ = store.load_network(ROOT / "results" / "cnn.keras")
    softmax = evaluation.predict(model, digits.x_test)
    temperature = json.loads((ROOT / "results" / "cnn.json").read_text())["temperature"]
    tab = visit()
    found, shown = in_the_page(tab, digits.x_test)
    furthest = np.abs(found - softmax).max()
    print(f"\nsoftmax of {len(found):,} digits within {furthest:.1e} of Keras")
    assert tab.evaluate("digitbookNetworks[0].backend") == "wasm"
    assert furthest < 1e-4
    assert np.array_equal(found.argmax(axis=1), softmax.argmax(axis=1))
    np.testing.assert_allclose(shown, evaluation.with_temperature(softmax, temperature), atol=2e-4)


def test_every_network_of_the_page_answers_as_keras_does(both, digits, letters):
    from digitbook.networks import evaluation

    model, _ = store.load_network(letters / "letters-cnn.keras")
    tab = both()
    choose(tab, "Letters")
    expect(tab.locator(".bars li")).to_have_count(26)
    images = digits.x_test[:100]
    found, _ = in_the_page(tab, images, number=1)
    assert np.abs(found - evaluation.predict(model, images)).max() < 1e-4


@pytest.mark.mnist
def test_the_limit_does_what_the_page_says():
    (_, _), (images, truth) = data.hold_out(data.load("mnist"))
    network = Network.load()
    probabilities, limit = network.probabilities(images), network.description["confidence_limit"]
    unsure, wrong = probabilities.max(axis=1) < limit, probabilities.argmax(axis=1) != truth
    said = (
        f"of {len(truth):,} that were held out, it was less than {limit:.0%} sure of {unsure.sum()}, "
        f"and {(unsure & wrong).sum()} of those answers were wrong; of the other {(~unsure).sum():,} "
        f"answers, {(~unsure & wrong).sum()} were."
    )
    page = (ROOT / "book" / "draw.md").read_text()
    assert said in page.replace("{{ confidence_limit }}", render.limits()["confidence_limit"])


def test_runtime_and_any_network_fit_the_budget(folder):
    common = (web_assets.SCRIPT, web_assets.BINARY, web_assets.LIST, "network.js")
    pairs = [*web_assets.networks(ROOT / "results"), *web_assets.networks(folder / "both")]
    guard = next(pair for pair in pairs if pair[0].stem == "guard")
    for pair in pairs:
        files = [*(STATIC / name for name in common), *{*pair, *guard}]
        sizes = {file.name: len(gzip.compress(file.read_bytes())) for file in files}
        print(f"\ncompressed: {sizes}, {sum(sizes.values()):,} bytes in all")
        assert sum(sizes.values()) <= BUDGET


def test_the_built_page_offers_what_is_released():
    told = (STATIC / web_assets.LIST).read_text().removeprefix("window.digitbookReleased = ")
    listed = json.loads(told.rstrip(";\n"))
    digits = {"name": "cnn", "kind": "digits", "noun": "digit", "classes": list("0123456789")}
    assert listed[0] == {**digits, "data": "mnist", "guards": []}
    assert {"mnist", "mnist5k"} <= {*next(each for each in listed if each["name"] == "guard")["guards"]}
    released = [weights.stem for _, weights in web_assets.networks(ROOT / "results")]
    assert [each["name"] for each in listed] == released
    for name in (f"{each['name']}{suffix}" for each in listed for suffix in (".json", ".bin")):
        assert (STATIC / name).read_bytes() == (ROOT / "results" / name).read_bytes()
        assert (STATIC / f"{name}.js").is_file()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_letters_fit_the_screen_and_axe_finds_nothing(both, width, scheme):
    tab = both(from_disk=True, viewport={"width": width, "height": 900})
    tab.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
    choose(tab, "Letters")
    draw(tab, WRITTEN[8])
    says(tab, "I")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(tab, ".draw") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(visit, page, width, scheme):
    tab = visit(page, viewport={"width": width, "height": 900}, color_scheme=scheme)
    draw(tab, WRITTEN[8])
    says(tab, 8)
    assert violations(tab, "article.bd-article" if "draw.html" in page else ".draw") == []


@pytest.mark.parametrize("variations", [2, pytest.param(20, marks=pytest.mark.mnist)])
def test_drawings_are_read(tmp_path, variations):
    output = tmp_path / "drawings.json"
    script = ROOT / "benchmarks" / "drawings.py"
    command = [sys.executable, script, "--site", SITE, "--output", output]
    command += ["--variations", str(variations)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(f"\n{done.stdout}")
    record = json.loads(output.read_text())
    assert record["total"] == 50 * variations
    assert record["right"] >= 0.95 * record["total"]
