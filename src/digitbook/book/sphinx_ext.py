"""A Sphinx extension for what the site needs and Jupyter Book does not offer.

- Pictures carry the text alternative that their figure computed (see `digitbook.book.plots.Figure`),
  also where another page shows them.
- Formulas become MathML, which browsers draw themselves: no script, no font, no third party.
- Thebe, which Jupyter Book loads on every page though the book does not use it, is left out.
- Font Awesome's script, 1.5 MB on every page for icons that `book/static/icons.css` draws, is left out,
  and no other script keeps a page from being painted.
- The search leads first to the page that is about a term, by `book/terms.yml`, of which the directive
  `terms` makes the glossary.
- A page describes itself, to search engines and where its address is shared, by its first paragraph.
- Pictures are loaded when they come into view.
- A page loads the scripts and styles that it names in its front matter: `assets: one.css two.js`; and
  one with a live figure (see `digitbook.book.live`) what fills its place.
"""

from __future__ import annotations

import re
import textwrap
from html import escape
from pathlib import Path

import yaml
from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.addnodes import index, pending_xref
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

DESCRIBED = 200
"""Characters of a page's description, at most."""
_alternatives: dict[str, str] = {}
"""Text alternatives by file name; MyST-NB names a picture after the hash of its bytes."""


class DescribedImages:
    """A MyST-NB renderer of PNG outputs that takes the text alternative from their metadata."""

    mime_priority_overrides = ()

    @staticmethod
    def handle_mime(renderer, mime_data, inline) -> list[nodes.Element] | None:
        alt = mime_data.output_metadata.get("image/png", {}).get("alt")
        if mime_data.mime_type != "image/png" or not alt:
            return None
        images = renderer.render_image(mime_data)
        for image in images:
            image["alt"] = _alternatives[Path(image["uri"]).name] = alt
        return images


def _finish_images(app, doctree, docname) -> None:
    """Load pictures late; describe those of other pages, for which `DescribedImages` is not asked."""
    for image in doctree.findall(nodes.image):
        image["loading"] = "lazy"
        if "alt" not in image:
            image["alt"] = _alternatives.get(Path(image["uri"]).name, "")


def _visit_math(translator, node) -> None:
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _visit_math_block(translator, node) -> None:
    translator.body.append(f'<div class="formula">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


class Terms(SphinxDirective):
    """The glossary of `book/terms.yml` as a list of definitions."""

    def run(self) -> list[nodes.Node]:
        """Return the list, each term with a link to the page that is about it."""
        self.env.note_dependency(str(_terms_file(self.env.app)))
        listed = nodes.definition_list()
        for term, told in sorted(_terms(self.env.app).items(), key=lambda item: item[0].lower()):
            link = pending_xref(
                "",
                nodes.inline("", "chapter"),
                refdomain="std",
                reftype="doc",
                refexplicit=False,
                reftarget=f"/{told['page']}",
            )
            means = nodes.paragraph("", "", nodes.Text(f"{told['means']} "), link, nodes.Text("."))
            item = nodes.definition_list_item("", nodes.term("", term), nodes.definition("", means))
            item["ids"].append(nodes.make_id(f"term-{term}"))
            listed += item
        return [listed]


class IndexTerms(SphinxTransform):
    """Name the terms that a page is about, so that the search finds it first."""

    default_priority = 800  # before the domains read the document

    def apply(self, **_: object) -> None:
        """Put an index entry for each term at the beginning of the page."""
        terms = [term for term, told in _terms(self.app).items() if told["page"] == self.env.docname]
        entries = [("single", term, "", "main", None) for term in terms]
        self.document.insert(0, index(entries=entries))


def _terms_file(app) -> Path:
    return Path(app.srcdir) / "book" / "terms.yml"


def _terms(app) -> dict[str, dict[str, str]]:
    return yaml.safe_load(_terms_file(app).read_text()) if _terms_file(app).is_file() else {}


def _summarise_nothing_from_disk(app, pagename, templatename, context, doctree) -> None:
    """Keep the search from fetching pages for their first lines where a browser forbids it."""
    if pagename == "search":
        off = 'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false'
        app.add_js_file(None, body=off)


def _leave_thebe_out(app, config) -> None:
    for listeners in app.events.listeners.values():
        listeners[:] = [item for item in listeners if item.handler.__module__ != "sphinx_thebe"]
    app.registry.css_files[:] = [item for item in app.registry.css_files if "thebe" not in item[0]]


def _introduce(app, pagename, templatename, context, doctree) -> None:
    """Give a page the description that search engines and shared links show: its first paragraph."""
    first = next(doctree.findall(nodes.paragraph), None) if doctree else None
    if first is None:
        return
    told = {
        "description": textwrap.shorten(first.astext(), DESCRIBED, placeholder=" …"),
        "og:title": context["title"],
        "og:type": "article",
    }
    told["og:description"] = told["description"]
    context["metatags"] += "".join(
        f'<meta {"property" if ":" in name else "name"}="{name}" content="{escape(text)}" />'
        for name, text in told.items()
    )


FONT_AWESOME = re.compile(r'<script[^>]*src="[^"]*/fontawesome\.js[^"]*"></script>')
BLOCKING = re.compile(r"<script (?=[^>]*src=)(?![^>]*(?:defer|async|documentation_options))")


def _lighten(app, exception) -> None:
    """Take out of the finished pages what the theme's templates put into all of them."""
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        # Options stay where they are: scripts in the page itself read them.
        page.write_text(BLOCKING.sub("<script defer ", FONT_AWESOME.sub("", page.read_text())))


LIVE = "figures.css element.js pictures.js prepare.js pad.js figures/load.js"
"""What a page with a live figure loads; the figures load the rest."""


def _load_assets(app, pagename, templatename, context, doctree) -> None:
    named = app.env.metadata.get(pagename, {}).get("assets", "")
    raw = doctree.findall(nodes.raw) if doctree else ()
    # Where npm could not be reached there is nothing to fill a place with.
    there = any(
        (Path(app.confdir) / folder / "figures").is_dir() for folder in app.config.html_static_path
    )
    if there and any('class="live"' in node.astext() for node in raw):
        named = f"{named} {LIVE}"
    for name in dict.fromkeys(named.split()):
        if name.endswith(".css"):
            app.add_css_file(name)
        else:
            app.add_js_file(name, loading_method="defer")


def setup(app) -> dict:
    """Register with Sphinx; called once a build."""
    app.add_html_math_renderer("mathml", (_visit_math, None), (_visit_math_block, None))
    app.connect("doctree-resolved", _finish_images)
    app.connect("config-inited", _leave_thebe_out, priority=0)
    app.connect("html-page-context", _load_assets)
    app.connect("html-page-context", _introduce)
    app.connect("html-page-context", _summarise_nothing_from_disk)
    app.add_directive("terms", Terms)
    app.add_transform(IndexTerms)
    app.connect("build-finished", _lighten)
    # Pages read in another process would leave their text alternatives there.
    return {"parallel_read_safe": False, "parallel_write_safe": True}
