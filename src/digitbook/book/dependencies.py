"""What decides how a chapter comes out: the parts of the library that it imports, and what these read.

The import graph is grimp's, which reads the code and runs none of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import grimp

from digitbook.data import finder
from digitbook.experiments import records
from digitbook.experiments.kinds import KINDS
from digitbook.images import ink
from digitbook.inference import network, number
from digitbook.paths import LIBRARY, RELEASED

NETWORKS = {
    ink.__name__: [ink.INK_NETWORK],
    network.__name__: [RELEASED, network.GUARD],
    number.__name__: [number.LINE_NETWORK],
}
"""The released networks that a module of the library reads."""


@cache
def import_graph() -> grimp.ImportGraph:
    """Return which module of the library imports which."""
    return grimp.build_graph("digitbook", exclude_type_checking_imports=True, cache_dir=None)


def dependencies(root: Path, code: Iterable[str]) -> set[Path]:
    """Return the files that decide, besides its code and the data, what a chapter comes out as.

    A chapter that reads recorded experiments depends on all runs, and on the records of each further
    kind whose name it spells out.
    """
    modules = library_modules(code)
    found = {_file(module) for module in modules} | {root / "requirements.txt"}
    networks = [path for module in modules & NETWORKS.keys() for path in NETWORKS[module]]
    found |= {path for each in networks if (path := root / "results" / each.name).is_file()}
    if records.__name__ in modules:
        for kind in {"runs", *(KINDS.keys() & _strings(code))}:
            found |= {*KINDS[kind].paths(root / "results")}
    return found


def _strings(code: Iterable[str]) -> set[str]:
    nodes = (node for cell in code for node in ast.walk(ast.parse(_without_magics(cell))))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and type(node.value) is str}


def sets_shown(code: Iterable[str]) -> list[str]:
    """Name the data sets that are here, for a chapter that itself asks which of them are."""
    if finder.__name__ not in imported(code):
        return []
    return [name for name in finder.names() if finder.is_here(name)]


def library_modules(code: Iterable[str]) -> set[str]:
    """Return the library's modules that pieces of Python import, directly or through each other.

    Importing a module imports the packages that it lies in.
    """
    graph, found = import_graph(), set()
    waiting = list(imported(code))
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            package = module.rpartition(".")[0]
            waiting += [
                *graph.find_modules_directly_imported_by(module),
                *([package] if package else []),
            ]
    return found


def imported(code: Iterable[str]) -> set[str]:
    """Return the library's modules that pieces of Python name, whatever they call them."""
    return named(code) & import_graph().modules


def named(code: Iterable[str]) -> set[str]:
    """Return the full names of what pieces of Python import, and of what they use of that."""
    found, called = set(), {}
    trees = [ast.parse(_without_magics(cell)) for cell in code]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                found.add(alias.name)
                called[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            for alias in node.names:
                called[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                found.add(f"{node.module}.{alias.name}")
    for node in nodes:
        if isinstance(node, ast.Attribute):
            name, _, rest = ast.unparse(node).partition(".")
            found.add(f"{called.get(name, '')}.{rest}")
    return found


def _file(module: str) -> Path:
    path = LIBRARY.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _without_magics(code: str) -> str:
    return "\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("%", "!")))
