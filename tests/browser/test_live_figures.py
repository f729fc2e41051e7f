"""The live figures in the built book's pages: by mouse, touch and keyboard, and on paper."""

import re
import zipfile

import numpy as np
import pytest
from conftest import SITE
from npm import violations
from playwright.sync_api import expect

from digitbook.images.handwriting import vary
from digitbook.images.read import read_image

pytestmark = pytest.mark.built

PLACES = {
    "notebooks/04-dense-training": ["step", "train"],
    "notebooks/05-evaluation": ["exam", "matrix"],
    "notebooks/06-cnn": ["filter", "filter"],
    "notebooks/12-shift": ["bend"],
    "book/mistakes": ["beat"],
    "book/index": ["write"],
    "book/draw": ["teach"],
}


@pytest.fixture(scope="module", autouse=True)
def _bundled():
    if not (SITE / "_static" / "figures").is_dir():
        pytest.skip("THE LIVE FIGURES ARE NOT TESTED: the site was built without npm")


@pytest.fixture
def page(browser):
    """Open a page of the site; an error in it fails the test."""
    contexts, errors = [], []

    def open_page(name, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
        tab.goto((SITE / f"{name}.html").as_uri())
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def figure(tab, name, number=0):
    """A page's figure, once it came into view and stands."""
    place = tab.locator(f".live[data-figure={name}]").nth(number)
    place.scroll_into_view_if_needed()
    expect(place).to_have_attribute("data-state", "ready")
    return place


def share(text):
    return float(re.search(r"[\d.]+(?=%)", text)[0])


def drag(tab, target, places, touch=False):
    """Drag over an element, through places given as shares of its width and height."""
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    if touch:
        client = tab.context.new_cdp_session(tab)
        for kind, point in zip(["touchStart"] + ["touchMove"] * len(points), points, strict=False):
            told = {"type": kind, "touchPoints": [{"x": point[0], "y": point[1]}]}
            client.send("Input.dispatchTouchEvent", told)
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        return
    tab.mouse.move(*points[0])
    tab.mouse.down()
    for point in points[1:]:
        tab.mouse.move(*point, steps=6)
    tab.mouse.up()


SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]


def test_a_network_trains_in_the_page_and_reads_a_drawing(page):
    train = figure(page("notebooks/04-dense-training"), "train")
    train.get_by_role("button", name="A hidden layer").click()
    expect(train.locator(".more")).to_contain_text("Step 0")
    train.get_by_role("button", name="Train").click()
    train.page.wait_for_function(
        "parseFloat(document.querySelector('.figure-train .score').textContent) >= 90", timeout=60_000
    )
    train.get_by_role("button", name="Stop").click()
    expect(train.locator("[role=status]").last).to_contain_text("Stopped")
    drag(train.page, train.locator("canvas.paper"), SEVEN)
    expect(train.locator(".bars .first")).to_contain_text("7")
    train.get_by_role("button", name="Clear").click()
    expect(train.locator(".bars .first")).to_have_count(0)


def test_two_runs_stand_side_by_side_and_too_large_a_step_shows(page):
    train = figure(page("notebooks/04-dense-training"), "train")
    train.get_by_role("button", name="One step").click()
    expect(train.locator(".more")).to_contain_text("Step 1,")
    train.get_by_role("button", name="Keep to compare").click()
    train.get_by_role("button", name="Too large a step").click()
    train.get_by_role("button", name="Train").click()
    rows = train.locator(".compared tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("kept: 3,000 digits, one layer")
    steps = rows.nth(1).locator("td").first
    expect(steps).to_have_text(re.compile(r"[1-9],\d{3}"), timeout=60_000)
    assert share(rows.nth(1).inner_text()) < 40


def test_a_network_is_trained_by_keyboard(page):
    tab = page("notebooks/04-dense-training", reduced_motion="reduce")
    train = figure(tab, "train")
    slider = train.get_by_label("Hidden units")
    slider.focus()
    tab.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "4")
    train.get_by_role("button", name="Train").focus()
    tab.keyboard.press("Enter")
    expect(train.get_by_role("button", name="Stop")).to_be_visible()
    tab.keyboard.press("Enter")
    expect(train.get_by_role("button", name="Train")).to_be_visible()


def test_the_ball_rolls_downhill_and_a_large_rate_throws_it_off(page):
    tab = page("notebooks/04-dense-training")
    step = figure(tab, "step")
    score = step.locator(".score").first
    before = float(score.inner_text().split()[1])
    step.get_by_role("button", name="Step", exact=True).click()
    assert float(score.inner_text().split()[1]) < before
    drag(tab, step.locator(".ground"), [(0.5, 0.5), (0.9, 0.1)])
    expect(step.locator(".more").first).to_contain_text("Weights 4.80 and 4.80")
    step.locator(".ground").focus()
    tab.keyboard.press("ArrowLeft")
    expect(step.locator(".more").first).to_contain_text("Weights 4.30 and 4.80")
    step.get_by_label("Learning rate").fill("5")
    step.get_by_role("button", name="Ten steps").click()
    expect(step.locator(".more").first).to_contain_text("10 steps")


def test_steps_on_one_digit_make_its_probability_grow(page):
    step = figure(page("notebooks/04-dense-training"), "step")
    step.get_by_label("784 slopes").check()
    score, press = step.locator(".score:visible"), step.locator("button.main:visible")
    before = share(score.inner_text())
    for _ in range(5):
        press.click()
    assert share(score.inner_text()) > before + 20
    expect(step.locator(".more:visible")).to_contain_text("After 5 steps")


@pytest.mark.parametrize("touch", [False, True])
def test_a_filter_is_dragged_and_its_sum_is_that_of_its_products(page, touch):
    options = {"has_touch": True, "viewport": {"width": 390, "height": 844}} if touch else {}
    tab = page("notebooks/06-cnn", **options)
    place = figure(tab, "filter")
    drag(tab, place.locator(".ground"), [(0.3, 0.5), (0.5, 0.5)], touch)
    products = place.locator(".products span").all_inner_texts()
    assert len(products) == 9
    pairs = [product.replace("−", "-").split(" × ") for product in products]
    total = sum(float(level) * float(weight) for level, weight in pairs)
    assert f"Sum {total:g}".replace("-", "−") in place.locator(".score").inner_text()
    place.locator(".kernel input").first.fill("5")
    assert place.locator(".products span").first.inner_text().endswith("× 5")


def test_a_filter_is_moved_by_keyboard_and_learned_ones_are_larger(page):
    tab = page("notebooks/06-cnn", reduced_motion="reduce")
    place = figure(tab, "filter", 1)
    drag(tab, place.locator(".ground"), [(0.01, 0.01), (0.01, 0.01)])
    place.locator(".ground").focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowDown")
    expect(place.locator("[role=status]").last).to_contain_text("Row 2, column 2")
    place.get_by_label("learned 1", exact=True).check()
    expect(place.locator(".kernel input")).to_have_count(25)
    place.get_by_role("button", name="Slide over all of it").click()
    dark = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
        .filter((level, k) => k % 4 === 0 && level < 200).length"""
    assert place.get_by_label("The feature map", exact=True).evaluate(dark) > 10


def test_a_cell_of_the_matrix_shows_its_digits(page):
    tab = page("notebooks/05-evaluation")
    matrix = figure(tab, "matrix")
    cell = matrix.locator("button[style]").first
    count = int(cell.inner_text())
    cell.click()
    expect(matrix.locator(".gallery canvas")).to_have_count(count)
    expect(matrix.locator("[role=status]")).to_contain_text(f": {count}, with")
    matrix.locator("button").first.click()
    expect(matrix.locator("[role=status]")).to_contain_text("were read right")
    tab.keyboard.press("ArrowRight")
    expect(matrix.locator("button").nth(1)).to_be_focused()


def test_exams_spread_about_the_score(page):
    exam = figure(page("notebooks/05-evaluation"), "exam")
    ours = share(exam.locator(".score").inner_text())
    exam.get_by_role("button", name="A hundred exams").click()
    within = int(re.search(r"(\d+) of 100 exams", exam.locator(".more").inner_text())[1])
    assert 88 <= within <= 100
    exam.get_by_role("button", name="Another exam").click()
    assert abs(share(exam.locator(".score").inner_text().split(":")[1]) - ours) < 3


def test_the_hardest_digits_are_played_by_keys(page):
    tab = page("book/mistakes")
    beat = figure(tab, "beat")
    beat.get_by_role("button", name="0", exact=True).focus()
    for _ in range(20):
        tab.keyboard.press("4")
    expect(beat.locator(".score").last).to_contain_text(re.compile(r"You: \d+ of 20\..*over 5 seeds"))
    expect(beat.locator("tbody tr")).to_have_count(20)
    beat.get_by_role("button", name="Play again").click()
    expect(beat.locator(".score").first).to_contain_text("Digit 1 of 20")


def test_noise_bends_the_released_network_before_the_others(page):
    bend = figure(page("notebooks/12-shift"), "bend")
    rows = bend.locator(".readers li")
    expect(rows.first.locator(".share")).to_have_text(re.compile(r"\d+%"), timeout=30_000)
    bend.get_by_label("noise").check()
    bend.get_by_role("slider", name="Strength").fill("35")
    expect(bend.locator(".caption")).to_contain_text("cnn 10%, dense 70%, softmax 35% at strength 4")
    expect(bend.locator("b").first).to_have_text("3.5: 87.5 grey levels")
    wrong = 0
    for _ in range(10):
        bend.get_by_role("button", name="Another digit").click()
        bend.page.wait_for_timeout(200)
        wrong += rows.first.evaluate("row => row.classList.contains('wrong')")
    assert wrong >= 5


def test_a_digit_that_writes_itself_is_read(page):
    tab = page("book/index")
    write = figure(tab, "write")
    for digit in "37":
        write.get_by_role("button", name=digit).click()
        expect(tab.locator(".draw .answer")).to_have_text(digit, timeout=30_000)


@pytest.mark.parametrize("name", PLACES)
def test_without_scripts_and_on_paper_stills_stand(page, name):
    still = page(name, java_script_enabled=False)
    for each in still.locator(".tag_still").all():
        expect(each).to_be_visible()
    tab = page(name)
    for number, each in enumerate(PLACES[name]):
        figure(tab, each, PLACES[name][:number].count(each))
    for each in tab.locator(".tag_still").all():
        expect(each).to_be_hidden()
    tab.emulate_media(media="print")
    for each in tab.locator(".tag_still").all():
        expect(each).to_be_visible()
    expect(tab.locator(".live").first).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PLACES)
def test_figures_fit_the_screen_and_axe_finds_nothing(page, name, width):
    tab = page(name, viewport={"width": width, "height": 844}, color_scheme="light")
    for number, each in enumerate(PLACES[name]):
        figure(tab, each, PLACES[name][:number].count(each))
    wider = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wider <= 0, f"the page is {wider} pixels wider than the screen"
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        expect(tab.locator("html")).to_have_attribute("data-theme", scheme)
        assert violations(tab, ".live") == []


def drawn(tab, place, strokes):
    """Draw strokes, in pixels of 280 by 280, on a figure's pad."""
    for stroke in strokes:
        drag(tab, place.locator("canvas.paper"), [(x / 280, y / 280) for x, y in stroke.tolist()])


def test_a_sign_of_ones_own_is_taught_kept_and_taken_along(page, tmp_path):
    tab = page("book/draw")
    teach = figure(tab, "teach")
    teach.get_by_label("Name of a sign of your own").fill("tick")
    corners = np.array([[0, 0.6], [0.35, 1], [1, 0]])
    along = np.linspace(0, 2, 12)
    tick = np.stack([np.interp(along, range(3), axis) for axis in corners.T], axis=1)
    for variation in range(3):
        drawn(tab, teach, vary([tick], (99, 0, variation))[0])
        teach.get_by_role("button", name="Keep this tick").click()
    teach.get_by_role("button", name="Teach").click()
    table = teach.locator("table")
    expect(table).to_be_visible(timeout=60_000)
    examples, old = table.locator("tbody tr").all()
    assert examples.locator("td").all_inner_texts() == ["0.0%", "100.0%"]
    before, after = (float(text.rstrip("%")) for text in old.locator("td").all_inner_texts())
    assert after > before - 2
    drawn(tab, teach, vary([tick], (99, 0, 7))[0])
    expect(teach.locator(".score")).to_contain_text("Taught: tick.")

    with tab.expect_download() as download:
        teach.get_by_role("button", name="Take along").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        packed.extractall(tmp_path)
    images = [read_image(path) for path in sorted((tmp_path / "tick").glob("*.png"))]
    assert len(images) == 3
    assert all(image.max() == 255 for image in images)

    tab.reload()
    teach = figure(tab, "teach")
    expect(teach.locator(".examples button")).to_have_count(3)
    teach.locator(".examples button").first.click()
    expect(teach.locator(".examples button")).to_have_count(2)
    teach.get_by_role("button", name="Delete everything").click()
    tab.reload()
    expect(figure(tab, "teach").locator(".examples button")).to_have_count(0)
