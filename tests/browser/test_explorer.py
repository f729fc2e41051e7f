"""The error explorer: what is taken from the records, and the page, driven in a real browser."""

import io
import json
import re
import shutil
from collections import Counter

import numpy as np
import pytest
from conftest import ROOT, SITE
from PIL import Image
from playwright.sync_api import expect

from digitbook import data
from digitbook.book import explorer
from digitbook.errors import DataMissing
from digitbook.experiments import records

LIMIT = 300_000
"""Bytes that the page may take beyond what every page of the site loads."""

# By index: what each seed answered and its confidence; the label is the last figure of the index.
CNN = {
    4: [(9, 0.9), (9, 0.8), (4, 0.6)],
    7: [(2, 0.99), (2, 0.99), (2, 1.0)],
    13: [(5, 0.5), (8, 0.6), (3, 0.7)],
}
DENSE = {4: [(9, 0.7), (4, 0.5)], 16: [(6, 0.6), (0, 0.3)], 24: [(9, 0.95), (9, 0.75)]}


def dataset(examples=40, name="mnist5k"):
    images = np.random.default_rng(0).integers(0, 256, (examples, 28, 28), dtype="uint8")
    truth = np.arange(examples) % 10
    return data.Dataset(name, images, truth, images, truth, tuple("0123456789"), "made up", "5a", name)


def runs(model, mistakes, seeds, name="mnist5k", sha256="5a", examples=40, **more):
    """Return the records of a network that answered as `mistakes` says, and else rightly."""
    made = []
    for seed in range(seeds):
        predicted, confidence = np.arange(examples, dtype="uint8") % 10, np.full(examples, 0.97)
        for index, answers in mistakes.items():
            predicted[index], confidence[index] = answers[seed]
        wrong = np.flatnonzero(predicted != np.arange(examples) % 10)
        packed = records.pack(predicted), records.pack(confidence.astype("float16"))
        made.append(
            {
                "model": model,
                "data": name,
                "data_sha256": sha256,
                "configuration": "new",
                "seed": seed,
                "status": "done",
                "finished": f"2026-11-22T12:0{seed}:00+00:00",
                "errors": len(wrong),
                "examples": examples,
                "mistakes": {"index": wrong.tolist(), "true": (wrong % 10).tolist()},
                "answers": dict(zip(("predicted", "confidence"), packed, strict=True)),
                **more,
            }
        )
    return made


RECORDS = [
    *runs("dense", DENSE, 2),
    *runs("cnn", CNN, 3),
    *runs("cnn", {30: [(1, 0.5)]}, 1, configuration="old", finished="2025-01-01T00:00:00+00:00"),
    *runs("softmax", {31: [(2, 0.5)]}, 1, sha256="of other images"),
    *runs("failed", {32: [(3, 0.5)]}, 1, status="failed"),
    *runs("dense", {22: [(7, 0.9)], 35: [(3, 0.4)]}, 1, name="mnist", sha256="not here"),
]


def write(folder, recorded=RECORDS, digits=None, **more):
    """Write the explorer's data on made-up records and return the script's content."""
    for number, record in enumerate(recorded):
        records.store("runs", record, folder / "results", run=f"run-{number}")
    explorer.write(folder, folder / "results", digits or dataset(), **more)
    return content(folder)


def content(folder):
    script = (folder / explorer.SCRIPT).read_text()
    return json.loads(script.removeprefix("window.digitbookMistakes = ").removesuffix(";\n"))


def test_votes_are_counted_for_each_network(tmp_path):
    pictured, listed = write(tmp_path)["sets"]
    assert pictured["name"] == "mnist5k"
    assert pictured["examples"] == 40
    assert pictured["models"] == [
        {"name": "dense", "runs": 2, "errors": 2},
        {"name": "cnn", "runs": 3, "errors": 2.3},
    ]
    assert pictured["digits"] == [
        [4, 4, [[0, 4, 1, 500], [0, 9, 1, 700], [1, 4, 1, 600], [1, 9, 2, 850]]],
        [7, 7, [[1, 2, 3, 993]]],
        [13, 3, [[1, 3, 1, 700], [1, 5, 1, 500], [1, 8, 1, 600]]],
        [16, 6, [[0, 0, 1, 300], [0, 6, 1, 600]]],
        [24, 4, [[0, 9, 2, 850]]],
    ]
    assert listed["name"] == "mnist"
    assert "sheet" not in listed
    assert listed["digits"] == [[22, 2, [[0, 7, 1, 900]]], [35, 5, [[0, 3, 1, 400]]]]


def test_sheet_holds_each_picture_at_its_place(tmp_path):
    every = {index: [((index + 1) % 10, 0.5)] for index in range(1, 70)}
    digits = dataset(examples=80)
    sheet = write(tmp_path, runs("dense", every, 1, examples=80), digits)["sets"][0]["sheet"]
    with Image.open(tmp_path / explorer.SHEET) as image:
        assert image.mode == "L"
        pixels = np.asarray(image)
    assert pixels.shape == (3 * 28, sheet["columns"] * 28)
    for place, index in enumerate(every):
        row, column = divmod(place, sheet["columns"])
        found = pixels[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
        assert np.array_equal(255 - found, digits.x_test[index]), index


def test_changed_pictures_get_another_address(tmp_path):
    one = write(tmp_path / "one")["sets"][0]["sheet"]["file"]
    other = write(tmp_path / "other", RECORDS[:2])["sets"][0]["sheet"]["file"]
    assert one.startswith("mistakes.png?v=")
    assert one != other


def test_weakest_networks_are_left_out_of_a_small_budget(tmp_path):
    weak = runs("weak", {index: [((index + 1) % 10, 0.5)] for index in range(40)}, 1)
    content = write(tmp_path, [*RECORDS, *weak], budget=10_000)
    assert content["leftOut"] == ["weak on mnist5k"]
    assert [model["name"] for model in content["sets"][0]["models"]] == ["dense", "cnn"]
    assert size(tmp_path) <= 10_000


def test_whole_of_mnist_is_not_listed_a_second_time(tmp_path):
    recorded = runs("dense", DENSE, 2, name="mnist")
    sets = write(tmp_path, recorded, dataset(name="mnist"))["sets"]
    assert [(each["name"], "sheet" in each) for each in sets] == [("mnist", True)]


def test_without_records_there_is_nothing_to_show(tmp_path):
    assert write(tmp_path, [])["sets"] == []


def size(folder, names=(explorer.SCRIPT, explorer.SHEET)):
    return sum((folder / name).stat().st_size for name in names)


ASSETS = ("element.js", "explorer.js", "explorer.css")


@pytest.mark.built
def test_built_page_is_light():
    static = SITE / "_static"
    page = (SITE / "book" / "mistakes.html").stat().st_size
    assert size(static) + size(static, ASSETS) + page <= LIMIT


def test_page_on_the_whole_of_mnist_is_light(tmp_path):
    """The recorded mistakes on MNIST with pictures, whether MNIST is here (exact) or not (noise)."""
    recorded = [record for record in records.read() if record["data"] == "mnist"]
    try:
        digits = data.load("mnist")
    except DataMissing:
        digits = dataset(10_000, "mnist")
        recorded = [{**record, "data_sha256": digits.sha256} for record in recorded]
    written = write(tmp_path, recorded, digits)
    static = ROOT / "book" / "static"
    page = size(tmp_path) + size(static, ASSETS)
    assert page + (ROOT / "book" / "mistakes.md").stat().st_size <= LIMIT
    if digits.source != "made up":
        assert written["leftOut"] == []


@pytest.mark.built
def test_only_its_own_page_loads_the_explorer():
    loading = {
        str(path.relative_to(SITE))
        for path in SITE.rglob("*.html")
        if "explorer.js" in path.read_text() or "mistakes.js" in path.read_text()
    }
    assert loading == {"book/mistakes.html"}


@pytest.mark.built
def test_details_fit_a_narrow_screen_in_the_style_of_the_site(browser):
    tab = browser.new_page(viewport={"width": 360, "height": 780})
    tab.goto((SITE / "book" / "mistakes.html").as_uri())
    tab.locator("#explorer .tiles button").first.click()
    dialog = tab.get_by_role("dialog", name="Test digit")
    assert dialog.evaluate("it => it.scrollWidth - it.clientWidth") == 0
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    tab.close()


HTML = """<!doctype html>
<html lang="en" data-theme="light">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mistakes</title>
<link rel="stylesheet" href="digitbook.css"><link rel="stylesheet" href="explorer.css">
<style>
  * { box-sizing: border-box }
  body { color: var(--pst-color-text-base); background: var(--pst-color-background) }
</style>
<body><main><div id="explorer" class="explorer"></div></main>
<script src="element.js"></script><script src="mistakes.js"></script>
<script src="explorer.js"></script></body>
</html>
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The explorer of the made-up records, on a page of its own."""
    folder = tmp_path_factory.mktemp("explorer")
    write(folder)
    for name in (*ASSETS, "digitbook.css"):
        shutil.copy(ROOT / "book" / "static" / name, folder)
    (folder / "index.html").write_text(HTML)
    return (folder / "index.html").as_uri()


@pytest.fixture
def visit(browser, address):
    """Open the explorer with a hash; no error may come up while it is used."""
    contexts, errors = [], []

    def visit(hash="", width=1000, **more):
        context = browser.new_context(viewport={"width": width, "height": 800}, **more)
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("console", lambda message: errors.append(message.text))
        tab.goto(address + hash)
        return tab

    yield visit
    for context in contexts:
        context.close()
    assert errors == []


def shows(tab, *indices):
    """Wait for the tiles of these digits, in this order."""
    tiles = [re.compile(f"test digit {index}:") for index in indices]
    expect(tab.locator(".tiles .unseen")).to_have_text(tiles)


def counts(tab, text):
    expect(tab.get_by_role("status")).to_have_text(text)


def ends(tab, address):
    expect(tab).to_have_url(re.compile(re.escape(address) + "$"))


def test_it_opens_with_the_best_network(visit):
    tab = visit()
    assert tab.get_by_label("Misread by").input_value() == "dense"
    shows(tab, 24, 4, 16)
    counts(tab, "3 of 3 misread digits shown")
    assert "Of the 40 test digits of mnist5k, 5 were misread" in tab.locator(".about").inner_text()


def test_tiles_say_what_was_read_by_whom(visit):
    tab = visit("#model=cnn&order=index")
    assert tab.locator(".tiles .unseen").all_inner_texts() == [
        "test digit 4: a 4, read as 9 by cnn (2 of 3 seeds)",
        "test digit 7: a 7, read as 2 by cnn (3 of 3 seeds)",
        "test digit 13: a 3, read as 8 by cnn (1 of 3 seeds), as 5 by cnn (1 of 3 seeds)",
    ]
    assert tab.locator(".tiles .reading").first.inner_text().split() == ["4", "→", "92/3"]
    tab.get_by_role("button", name="test digit 7: a 7, read as 2 by cnn (3 of 3 seeds)").wait_for()


def test_filters_filter(visit):
    tab = visit()
    tab.get_by_label("Misread by").select_option("any of them")
    shows(tab, 7, 24, 4, 16, 13)
    tab.get_by_label("Label").select_option("4")
    shows(tab, 24, 4)
    counts(tab, "2 of 5 misread digits shown")
    tab.get_by_label("Label").select_option("any")
    tab.get_by_label("Read as").select_option("8")
    shows(tab, 13)
    tab.get_by_label("Label").select_option("4")
    shows(tab)
    counts(tab, "0 of 5 misread digits shown")
    tab.get_by_role("button", name="Reset").click()
    counts(tab, "3 of 3 misread digits shown")


def test_confidence_is_that_of_the_wrong_answers(visit):
    tab = visit("#model=any&sure=84")
    shows(tab, 7, 24, 4)
    slider = tab.get_by_label("At least this sure")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    shows(tab, 7)
    expect(slider).to_have_attribute("aria-valuetext", "at least 86% sure")
    ends(tab, "#model=any&sure=86")


def test_orders(visit):
    tab = visit("#model=any")
    orders = {"votes": (7, 24, 4, 16, 13), "surest": (7, 4, 24, 13, 16), "index": (4, 7, 13, 16, 24)}
    orders["doubtful"] = (16, 13, 4, 24, 7)
    for order, expected in orders.items():
        tab.get_by_label("Order").select_option(order)
        shows(tab, *expected)


def focuses(tab, index):
    expect(tab.locator(":focus")).to_contain_text(f"test digit {index}:")


def test_keyboard_alone_is_enough(visit):
    tab = visit("#model=any&order=index", width=320)
    tab.get_by_role("button", name="Reset").focus()
    tab.keyboard.press("Tab")
    focuses(tab, 4)
    for key, index in [("ArrowRight", 7), ("ArrowLeft", 4), ("ArrowLeft", 4), ("End", 24), ("Home", 4)]:
        tab.keyboard.press(key)
        focuses(tab, index)
    tops = tab.locator(".tiles button").evaluate_all("all => all.map(one => one.offsetTop)")
    columns = Counter(tops)[tops[0]]
    tab.keyboard.press("ArrowDown")
    focuses(tab, [4, 7, 13, 16, 24][columns])
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Enter")
    dialog = tab.get_by_role("dialog", name="Test digit 7: a 7")
    dialog.wait_for()
    tab.keyboard.press("ArrowRight")
    tab.get_by_role("dialog", name="Test digit 13: a 3").wait_for()
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("dialog")).to_have_count(0)
    focuses(tab, 13)
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Tab")
    focuses(tab, 13)


def test_details_show_the_votes_of_every_network(visit):
    tab = visit("#digit=4")
    dialog = tab.get_by_role("dialog", name="Test digit 4: a 4")
    assert dialog.locator(".verdict").all_inner_texts() == [
        "1 of 2 seeds says 9 (70% sure), 1 says 4 (50% sure)",
        "2 of 3 seeds say 9 (85% sure), 1 says 4 (60% sure)",
    ]
    assert dialog.locator(".chips").evaluate_all("all => all.map(one => one.textContent)") == [
        "94",
        "994",
    ]
    assert dialog.locator(".wrong").count() == 3
    dialog.get_by_role("button", name="next digit").click()
    dialog = tab.get_by_role("dialog", name="Test digit 16: a 6")
    expect(dialog.locator(".verdict").last).to_have_text("all 3 seeds read it right")
    dialog.get_by_role("button", name="close").click()
    ends(tab, "index.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_are_those_of_the_digits(visit, scheme):
    tab = visit("#model=cnn&digit=7")
    tab.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
    shot = tab.locator("dialog .digit").screenshot()
    with Image.open(io.BytesIO(shot)) as image:
        grey = np.asarray(image.convert("L").resize((28, 28), Image.Resampling.BOX), dtype=float)
    expected = 255 - dataset().x_test[7].astype(float)
    assert np.corrcoef(grey[2:-2, 2:-2].ravel(), expected[2:-2, 2:-2].ravel())[0, 1] > 0.98


def test_touch_opens_and_closes(visit):
    tab = visit(width=360, has_touch=True, is_mobile=True)
    tab.locator(".tiles button").nth(1).tap()
    tab.get_by_role("dialog", name="Test digit 4: a 4").wait_for()
    tab.touchscreen.tap(180, 790)  # beside the dialog
    expect(tab.get_by_role("dialog")).to_have_count(0)
    for target in tab.locator("#explorer button, #explorer select, #explorer input").all():
        box = target.bounding_box()
        if box:
            assert box["height"] >= 44
            assert box["width"] >= 44


@pytest.mark.parametrize("hash", ["", "#model=any", "#data=mnist", "#digit=4"])
def test_narrow_screens_need_no_sideways_scrolling(visit, hash):
    tab = visit(hash, width=360)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    for box in tab.locator("dialog").all():
        assert box.evaluate("it => it.scrollWidth - it.clientWidth") == 0


def test_address_keeps_the_selection(visit):
    tab = visit()
    ends(tab, "index.html")
    tab.get_by_label("Misread by").select_option("cnn")
    tab.get_by_label("Read as").select_option("2")
    tab.locator(".tiles button").click()
    ends(tab, "#model=cnn&read=2&digit=7")
    other = visit(tab.url[tab.url.index("#") :])
    counts(other, "1 of 3 misread digits shown")
    other.get_by_role("dialog", name="Test digit 7: a 7").wait_for()
    other.evaluate("location.hash = '#model=any&true=4'")
    shows(other, 24, 4)
    expect(other.get_by_role("dialog")).to_have_count(0)
    expect(other.get_by_label("Label")).to_have_value("4")


@pytest.mark.parametrize("hash", ["#hard-for-whom", "#model=vgg&true=x&sure=-3&order=&digit=9&data=x"])
def test_addresses_that_select_nothing_are_harmless(visit, hash):
    counts(visit(hash), "3 of 3 misread digits shown")


def test_mistakes_without_pictures_are_listed(visit):
    tab = visit()
    tab.get_by_label("Test digits of").select_option("mnist, as a list")
    counts(tab, "2 of 2 misread digits shown")
    assert tab.locator(".tiles button").count() == 0
    rows = tab.locator(".listed tbody tr").all_inner_texts()
    assert [" ".join(row.split()) for row in rows] == [
        "22 2 dense: 1 of 1 seed says 7 (90% sure)",
        "35 5 dense: 1 of 1 seed says 3 (40% sure)",
    ]
    assert "built without their images" in tab.locator(".about").inner_text()
    ends(tab, "#data=mnist")
    tab.get_by_label("Label").select_option("5")
    expect(tab.locator(".listed tbody tr")).to_have_count(1)
    tab.get_by_role("button", name="Reset").click()
    assert tab.get_by_label("Test digits of").input_value() == "mnist"
    counts(tab, "2 of 2 misread digits shown")


CONTRAST = """
() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = channels(colour).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const node of document.querySelectorAll("#explorer *, #explorer dialog *")) {
    const text = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!text || !node.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), node.className + ": " + node.textContent]);
  }
  return found;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("hash", ["#digit=4", "#data=mnist"])
def test_text_is_legible(visit, hash, scheme):
    tab = visit(hash)
    tab.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
    found = tab.evaluate(CONTRAST)
    assert len(found) > 15
    assert [text for contrast, text in found if contrast < 4.5] == []
