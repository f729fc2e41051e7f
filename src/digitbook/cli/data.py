"""`digitbook data`."""

from __future__ import annotations

import json

import click

from digitbook.cli.options import DataName, json_option


@click.command(short_help="Say where a data set comes from and what it holds.")
@click.argument("name", type=DataName(), default="auto")
@click.option(
    "--list", "as_list", is_flag=True, help="List the data sets that are here or can be fetched."
)
@json_option
def data(name: str, as_list: bool, as_json: bool) -> None:
    """Load a data set, check it, and print its source, counts, classes, terms and hashes.

    NAME is one of those that --list lists, a folder of images, or auto, the default.
    """
    if as_list:
        _list(as_json)
        return
    from digitbook.data import load
    from digitbook.data.registry import entry

    dataset = load(name)
    known = entry(dataset.name)
    found = {
        "name": dataset.name,
        "summary": known.summary,
        "source": dataset.source,
        "training": len(dataset.x_train),
        "test": len(dataset.x_test),
        "classes": dataset.class_names,
        "terms": known.terms,
        "cite": known.citation,
        "sha256": dataset.sha256,
        "arrays": known.sha256 or {},
    }
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    print(known.summary)
    print(f"source   {dataset.source}")
    print(f"counts   {found['training']:,} training, {found['test']:,} test")
    print(f"classes  {' '.join(dataset.class_names)}")
    print(f"terms    {known.terms}")
    print(f"cite     {known.citation}")
    print(f"sha256   {dataset.sha256} (of its four arrays' hashes)")
    for part, digest in (known.sha256 or {}).items():
        print(f"  {part:<8} {digest}")


def _list(as_json: bool) -> None:
    from rich.table import Table

    from digitbook._util.console import new_console
    from digitbook.data import finder
    from digitbook.data.registry import entry

    found = []
    for name in finder.names():
        known = entry(name)
        elsewhere = "to be fetched" if known.fetched_from else "not here"
        there = "here" if finder.is_here(name) else elsewhere
        found.append({"name": name, "where": there, "what": known.summary.removeprefix(f"{name}: ")})
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for row in found:
        table.add_row(*row.values())
    new_console().print(table)
