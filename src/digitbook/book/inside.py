"""A Sphinx extension for the appendix, whose pages show the library as its code is.

- `{rooms}` draws the library's rooms and which of them imports which, and says what each holds.
- In the reference every function and class is followed by the chapters that show or use it.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from graphlib import TopologicalSorter
from html import escape
from pathlib import Path

import nbformat
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from digitbook.book.dependencies import import_graph, named
from digitbook.paths import LIBRARY

KERAS = "digitbook.networks.backend"
"""What imports this module, directly or through others, takes TensorFlow along."""
WIDTH, STOREY, BOX = 400, 78, (120, 40)

Imports = dict[str, set[str]]


def rooms() -> Imports:
    """Return each room with the rooms that its modules import; what serves all of them is no room."""
    graph = import_graph()
    found = {}
    for package in graph.find_children("digitbook"):
        name = package.rpartition(".")[2]
        if graph.find_children(package) and not name.startswith("_"):
            modules = {package, *graph.find_descendants(package)}
            found[name] = {
                imported.split(".")[1]
                for module in modules
                for imported in graph.find_modules_directly_imported_by(module)
            } - {name}
    return {name: found[name] & set(found) for name in sorted(found)}


def with_keras() -> set[str]:
    """Name the rooms in which a module imports Keras, directly or through others."""
    return {module.split(".")[1] for module in import_graph().find_downstream_modules(KERAS)}


def arrows(imports: Imports) -> list[tuple[str, str]]:
    """List who imports whom, without what follows: if a imports b and b imports c, so does a."""
    below: Imports = {}
    for name in TopologicalSorter(imports).static_order():
        below[name] = imports[name].union(*(below[other] for other in imports[name]))
    return [
        (upper, lower)
        for upper, others in imports.items()
        for lower in sorted(others)
        if not any(lower in below[other] for other in others)
    ]


def places(imports: Imports) -> dict[str, tuple[float, int]]:
    """Give each room a place: across, from 0 to 1, and a storey, below all rooms that import it."""
    importers = {name: {n for n, others in imports.items() if name in others} for name in imports}
    storeys: dict[int, list[str]] = defaultdict(list)
    depth: dict[str, int] = {}
    for name in TopologicalSorter(importers).static_order():
        depth[name] = 1 + max((depth[other] for other in importers[name]), default=-1)
        storeys[depth[name]].append(name)
    across: dict[str, float] = {}
    for storey in sorted(storeys):
        names = storeys[storey]
        wished = {}
        for name in sorted(names):
            above = [across[upper] for upper, lower in arrows(imports) if lower == name]
            wished[name] = sum(above) / len(above) if above else 0.5
        for place, name in enumerate(sorted(wished, key=wished.__getitem__)):
            across[name] = wished[name] if len(names) == 1 else (place + 0.5) / len(names)
    return {name: (across[name], depth[name]) for name in imports}


def drawing(imports: Imports) -> str:
    """Draw the rooms as SVG in the page's own colours, with a text alternative."""
    width, height = BOX
    heavy = with_keras()
    corners = {
        name: (across * WIDTH - width / 2, 2 + storey * STOREY)
        for name, (across, storey) in places(imports).items()
    }
    parts = []
    for upper, lower in arrows(imports):
        (x1, y1), (x2, y2) = corners[upper], corners[lower]
        parts.append(
            f'<line x1="{x1 + width / 2:g}" y1="{y1 + height:g}" x2="{x2 + width / 2:g}" '
            f'y2="{y2 - 3:g}" marker-end="url(#rooms-arrow)"/>'
        )
    for name, (x, y) in corners.items():
        kind = ' class="heavy"' if name in heavy else ""
        parts.append(
            f'<rect{kind} x="{x:g}" y="{y:g}" width="{width}" height="{height}" rx="6"/>'
            f'<text x="{x + width / 2:g}" y="{y + height / 2:g}">{escape(name)}</text>'
        )
    told = "; ".join(f"{upper} imports {lower}" for upper, lower in arrows(imports))
    bottom = max(y for _, y in corners.values()) + height + 2
    return (
        f'<svg viewBox="0 0 {WIDTH} {bottom:g}" role="img" '
        'aria-labelledby="rooms-title rooms-told">'
        f'<title id="rooms-title">The rooms of the library, each above those it imports</title>'
        f'<desc id="rooms-told">{escape(told)}. With TensorFlow: '
        f"{', '.join(sorted(heavy))}; without: {', '.join(sorted(set(imports) - heavy))}.</desc>"
        '<defs><marker id="rooms-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
        f"{''.join(parts)}</svg>"
    )


class Rooms(Directive):
    """`{rooms}`: the picture, then what each room's code says of itself and what it imports."""

    def run(self) -> list[nodes.Node]:
        imports = rooms()
        depth = {name: storey for name, (_, storey) in places(imports).items()}
        picture = nodes.raw("", f'<div class="rooms">{drawing(imports)}</div>', format="html")
        lines = []
        for name in sorted(imports, key=depth.__getitem__, reverse=True):
            said = ast.get_docstring(ast.parse((LIBRARY / name / "__init__.py").read_text())) or ""
            others = ", ".join(f"`{other}`" for other in sorted(imports[name])) or "no other room"
            lines.append(f"- **{name}**: {' '.join(said.split())} *Imports* {others}.")
        listed = nodes.container()
        self.state.nested_parse(StringList(lines, "rooms"), self.content_offset, listed)
        return [picture, *listed.children]


class Uses:
    """Which pages show the source of an object of the library, use it, or speak of it.

    Pages are named as Sphinx names them. An object is known by its full name.
    """

    def __init__(self, folder: Path):
        self.shown: dict[str, set[str]] = {}
        self.used: dict[str, set[str]] = {}
        self.told: dict[str, set[str]] = {}
        for path in sorted([*folder.glob("notebooks/*.ipynb"), *folder.glob("book/*.md")]):
            page = f"/{path.relative_to(folder).with_suffix('').as_posix()}"
            code, prose = _read(path)
            self.used[page] = named(code)
            shown = tuple(f".{name}" for cell in code for name in SHOWN.findall(cell))
            self.shown[page] = {name for name in self.used[page] if name.endswith(shown)}
            self.told[page] = {re.split("[.:]", name)[-1] for name in NAMED.findall(prose)}

    def sentence(self, name: str, here: str = "") -> str:
        """Say in reStructuredText which pages explain an object, other than the page `here`."""
        module, _, last = name.rpartition(".")
        shown = [page for page, names in self.shown.items() if name in names]
        used = [page for page, names in self.used.items() if name in names and page not in shown]
        parts = [f"source shown in {_links(shown)}"] if shown else []
        parts += [f"used in {_links(used)}"] if used else []
        if parts:
            return "; ".join(parts)
        if beside := [page for page, names in self.used.items() if module in names]:
            return f"its module is used in {_links(beside)}"
        told = [page for page, names in self.told.items() if last in names and page != here]
        return f"mentioned in {_links(told)}" if told else ""


SHOWN = re.compile(r"show_source\(([\w.]+)")
NAMED = re.compile(r"`([\w.:]+)(?:\(.*?\))?`")
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _read(path: Path) -> tuple[list[str], str]:
    """Return a page's pieces of Python, and its prose."""
    if path.suffix == ".md":
        return BLOCK.findall(path.read_text()), path.read_text()
    cells = nbformat.read(path, as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    return code, "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def _links(pages: list[str]) -> str:
    """Link chapters by their number, and other pages by their title."""
    numbers = {page: page.rpartition("/")[2].partition("-")[0] for page in pages}
    chapters = [f":doc:`{int(n)} <{page}>`" for page, n in numbers.items() if n.isdigit()]
    others = [f":doc:`{page}`" for page, n in numbers.items() if not n.isdigit()]
    if chapters:
        others.insert(0, f"chapter{'s' * (len(chapters) > 1)} {', '.join(chapters)}")
    return " and ".join(others)


def _note_uses(app) -> None:
    app.env.digitbook_uses = Uses(Path(app.srcdir))


def _tell_where(app, what, name, obj, options, lines) -> None:
    if what not in ("function", "class", "exception"):
        return
    if where := app.env.digitbook_uses.sentence(name, here=f"/{app.env.docname}"):
        lines += ["", f"*In the book:* {where}.", ""]


def setup(app) -> dict:
    """Register with Sphinx; called once a build."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.add_directive("rooms", Rooms)
    app.connect("builder-inited", _note_uses)
    app.connect("autodoc-process-docstring", _tell_where)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
