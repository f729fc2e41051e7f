"""Class names in their own script, in the figures; with fonts from npm, which `make test` fetches."""

import warnings

import matplotlib as mpl
import pytest
from conftest import ROOT
from fontTools.ttLib import TTFont
from matplotlib.backends.backend_agg import FigureCanvasAgg

from digitbook.book import fonts, plots, web_assets
from digitbook.data import registry
from digitbook.networks import evaluation

NAMES = {
    name: registry.REGISTRY[name].class_names
    for name in ("kannada", "devanagari", "bangla", "telugu", "kmnist")
}


@pytest.fixture(autouse=True)
def _as_in_a_new_process(monkeypatch):
    monkeypatch.setitem(mpl.rcParams, "font.family", [fonts.OWN])
    forget = fonts.others.cache_clear
    forget()
    yield
    forget()


@pytest.fixture
def built(monkeypatch):
    """The folder of the fonts that were fetched before the tests."""
    monkeypatch.setenv("DIGITBOOK_CACHE", str(ROOT / "_build" / "test" / "cache"))
    folder = web_assets.cached(fonts.PACKAGES)
    if not folder.is_dir():
        pytest.skip(f"THE FONTS ARE NOT TESTED: npm could not be reached ({folder} is missing)")
    return folder


@pytest.fixture
def offline(monkeypatch):
    for variable in ("https_proxy", "HTTPS_PROXY", "npm_config_https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")


def drawn(name):
    """The pixels of a figure that shows the name alone, plain and bold, as bytes."""
    figure = plots.Figure(figsize=(1, 1), dpi=60)
    figure.text(0.1, 0.5, name, fontsize=16)
    figure.text(0.6, 0.5, name, fontsize=16, weight="bold")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return bytes(canvas.buffer_rgba())


@pytest.mark.built
@pytest.mark.parametrize("name", NAMES)
def test_fonts_have_an_outline_of_every_class_name(built, name):
    outlined = set()
    for path in built.glob("*.woff"):
        with TTFont(path) as font:
            glyphs = font["glyf"]
            cmap = font.getBestCmap().items()
            outlined |= {chr(code) for code, glyph in cmap if glyphs[glyph].numberOfContours}
    assert set(NAMES[name]) <= outlined


@pytest.mark.built
@pytest.mark.parametrize("name", NAMES)
def test_figures_show_every_class_by_its_name(built, name, caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Matplotlib's, that a glyph is missing, among them
        assert plots.legible(NAMES[name]) == NAMES[name]
        pictures = {drawn(one) for one in ("", *NAMES[name])}
    assert len(pictures) == 11
    assert caplog.messages == []


@pytest.mark.built
@pytest.mark.usefixtures("built")
@pytest.mark.filterwarnings("error:Glyph")
def test_confusion_matrix_names_its_classes():
    names = NAMES["telugu"]
    figure = plots.confusion_matrix(evaluation.confusion(range(10), range(10), names))
    figure.describe("Ten by ten cells.")._repr_mimebundle_()
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_xticklabels() + axes.get_yticklabels()] == [*names] * 2


def test_names_in_latin_letters_need_no_other_font(monkeypatch):
    monkeypatch.setattr(fonts, "others", lambda: pytest.fail("it looked for fonts"))
    assert plots.legible(["a", "Ä", "9"]) == ("a", "Ä", "9")


@pytest.mark.usefixtures("offline")
def test_without_fonts_classes_are_called_by_their_numbers(capfd):
    with pytest.warns(UserWarning, match="no font here has ೦೧೨೩೪೫೬೭೮೯") as told:
        assert plots.legible(NAMES["kannada"]) == tuple("0123456789")
    assert len(told) == 1
    assert mpl.rcParams["font.family"] == ["DejaVu Sans"]
    assert capfd.readouterr() == ("", "")


def test_npm_is_asked_once_a_process(monkeypatch):
    asked = []
    monkeypatch.setattr(web_assets, "is_reachable", lambda: asked.append(1))
    for name in ("kannada", "bangla"):
        with pytest.warns(UserWarning, match="no font here"):
            plots.legible(NAMES[name])
    assert len(asked) == 1


def test_installed_without_the_book_there_are_no_fonts(monkeypatch, tmp_path):
    monkeypatch.setattr(fonts, "PACKAGES", tmp_path / "nowhere")
    with pytest.warns(UserWarning, match="no font here"):
        assert plots.legible("০১") == ("0", "1")


@pytest.mark.built
def test_names_that_no_font_has_are_told(built):
    with pytest.warns(UserWarning, match="no font here has ก") as told:
        assert plots.legible(("ก", "০")) == ("0", "1")
    assert "০" not in str(told[0].message)
