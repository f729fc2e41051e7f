"""The built site, as files and in a real browser. `make test` builds it first."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import ROOT, SITE
from playwright.sync_api import expect

from digitbook.data import registry

pytestmark = pytest.mark.built

CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text())
PAGES = [CONTENTS["root"], *(entry["file"] for part in CONTENTS["parts"] for entry in part["chapters"])]
FILES = sorted(path.relative_to(SITE) for path in SITE.rglob("*.html") if "_static" not in path.parts)
HTML = FILES or ["every page"]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@cache
def soup(page):
    return BeautifulSoup((SITE / page).read_text(), "html.parser")


def test_every_page_was_built():
    assert {Path(f"{page}.html") for page in PAGES} <= set(FILES)


@pytest.mark.parametrize("page", HTML, ids=str)
def test_internal_links_resolve(page):
    broken = []
    for tag in soup(page).find_all(["a", "link", "script", "img"]):
        target = urlsplit(tag.get("href") or tag.get("src") or "")
        if target.scheme or target.netloc or not (target.path or target.fragment):
            continue
        path = (SITE / page).parent / unquote(target.path) if target.path else SITE / page
        if not path.exists():
            broken.append(target.geturl())
        elif target.fragment and path.suffix == ".html":
            inside = soup(path.resolve().relative_to(SITE.resolve()))
            anchor = unquote(target.fragment)
            if not inside.find(id=anchor) and not inside.find(attrs={"name": anchor}):
                broken.append(target.geturl())
    assert broken == []


@pytest.mark.parametrize("page", HTML, ids=str)
def test_pictures_say_what_they_show(page):
    for image in soup(page).find_all("img"):
        alt = image.get("alt", "")
        assert alt.strip(), image
        assert not re.search(r"\.(png|svg|jpe?g)$|^(image|figure|plot)\b.?$", alt, re.I), alt
        if image.find_parent(class_="cell_output"):
            assert len(alt) > 60, f"too short to replace a figure: {alt}"


@pytest.mark.parametrize("page", HTML, ids=str)
def test_no_cell_printed_a_warning(page):
    assert [output.get_text()[:200] for output in soup(page).select(".cell_output .stderr")] == []


@pytest.mark.parametrize("page", HTML, ids=str)
def test_nothing_is_loaded_from_a_third_party(page):
    for tag in soup(page).find_all(["script", "link", "img", "iframe", "source"]):
        for target in (tag.get("src"), tag.get("href")):
            if target and tag.get("rel") != ["canonical"]:
                assert not urlsplit(target).netloc, tag
    assert "unpkg" not in (SITE / page).read_text()


def test_styles_load_nothing_from_a_third_party():
    for style in SITE.rglob("*.css"):
        assert not re.search(r"(url\(|@import )['\"]?(https?:)?//", style.read_text()), style


@pytest.mark.parametrize("page", PAGES)
def test_page_tells_which_data_it_was_computed_on(page):
    assert "computed on mnist5k" in " ".join(soup(f"{page}.html").get_text().split())


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("page", PAGES)
def test_page_in_a_browser(browser, page, viewport):
    context = browser.new_context(viewport=viewport, color_scheme="light")
    requests, errors = [], []
    tab = context.new_page()
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.goto((SITE / f"{page}.html").as_uri())
    tab.wait_for_load_state("networkidle")
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        expect(tab.locator("html")).to_have_attribute("data-theme", scheme)
        wider = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, f"the page is {wider} pixels wider than the screen ({scheme})"
    broken = """() => {
        for (const image of document.images) image.loading = "eager";
        return Promise.all([...document.images].map(image => image.decode().then(() => 0, () => 1)))
            .then(found => found.reduce((sum, one) => sum + one, 0));
    }"""
    assert tab.evaluate(broken) == 0
    assert [url for url in requests if urlsplit(url).scheme not in ("file", "data", "blob")] == []
    assert errors == []
    context.close()


def test_every_function_of_the_reference_is_linked_to_a_page_that_explains_it():
    functions = soup("book/reference.html").select("dl.py.function > dd")
    assert len(functions) > 50
    for entry in functions:
        told = entry.find(string=re.compile("In the book"))
        assert told, entry.get_text()
        assert told.find_parent("p").find("a", href=re.compile(r"notebooks/|manual")), entry.get_text()


def test_the_rooms_are_drawn_with_their_names_and_a_text_alternative():
    picture = soup("book/inside.html").find("svg", attrs={"role": "img"})
    names = {name.get_text() for name in picture.find_all("text")}
    assert {"images", "data", "networks", "inference", "experiments", "serve", "book", "cli"} <= names
    assert "cli imports book" in picture.find("desc").get_text()


WRITE = """(text) => {
  document.querySelector("article").innerHTML = `<p>${text}</p><h2>${text}</h2><code>${text}</code>`;
  return document.fonts.ready.then(() => [...document.fonts]
    .filter((face) => face.family.includes("digitbook") && face.status === "loaded").length);
}"""


def test_opened_mistake_is_closed_with_escape(browser):
    tab = browser.new_page()
    tab.goto((SITE / "book" / "mistakes.html").as_uri())
    tab.get_by_label("Misread by").select_option("any of them")
    tab.locator(".tiles button").first.click()
    tab.get_by_role("dialog").wait_for()
    tab.keyboard.press("Escape")
    tab.get_by_role("dialog").wait_for(state="hidden")
    tab.close()


def test_style_sheet_names_fonts_that_are_there():
    static = SITE / "_static"
    named = re.findall(r"""url\(["']?([^"')]+)""", (static / "fonts.css").read_text())
    assert [name for name in named if not (static / name).is_file()] == []


@pytest.mark.parametrize("name", ["kannada", "devanagari", "bangla", "telugu"])
def test_class_names_are_shown_in_a_font_of_the_site(browser, name):
    if not (SITE / "_static" / "fonts.css").stat().st_size:
        pytest.skip("THE SITE'S FONTS ARE NOT TESTED: it was built without npm")
    tab = browser.new_page()
    tab.goto((SITE / f"{PAGES[0]}.html").as_uri())
    assert tab.evaluate(WRITE, "digits") == 0
    assert tab.evaluate(WRITE, "".join(registry.REGISTRY[name].class_names)) == 1
    tools = tab.context.new_cdp_session(tab)
    for domain in ("DOM", "CSS"):
        tools.send(f"{domain}.enable")
    root = tools.send("DOM.getDocument")["root"]["nodeId"]
    for tag in ("p", "h2", "code"):
        found = tools.send("DOM.querySelector", {"nodeId": root, "selector": f"article {tag}"})
        (font,) = tools.send("CSS.getPlatformFontsForNode", found)["fonts"]
        assert (font["isCustomFont"], font["glyphCount"]) == (True, 10), tag
    tab.close()


@pytest.mark.parametrize(
    ("term", "page"),
    [
        ("convolution", "notebooks/06-cnn"),
        ("learning rate", "notebooks/04-dense-training"),
        ("overfitting", "notebooks/04-dense-training"),
        ("backpropagation", "notebooks/04-dense-training"),
        ("EMNIST", "notebooks/11-beyond-digits"),
    ],
)
def test_the_search_leads_first_to_the_chapter_about_a_term(browser, term, page):
    tab, errors = browser.new_page(), []
    tab.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
    tab.goto(f"{(SITE / 'search.html').as_uri()}?q={term}")
    first = tab.locator("#search-results li a").first
    expect(first).to_have_attribute("href", re.compile(rf"^{page}\.html"))
    assert errors == []
    tab.close()


def test_every_term_of_the_glossary_leads_to_its_page():
    terms = yaml.safe_load((ROOT / "book" / "terms.yml").read_text())
    listed = soup("book/glossary.html").select_one("article dl")
    titles = [each.get_text().replace("’", "'") for each in listed.select("dt")]
    assert titles == sorted(terms, key=str.lower)
    for term, told in zip(sorted(terms, key=str.lower), listed.select("dd"), strict=True):
        assert told.a["href"] == f"../{terms[term]['page']}.html"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_describes_itself(page):
    (described,) = soup(f"{page}.html").select('meta[name="description"]')
    assert 20 < len(described["content"]) <= 200
