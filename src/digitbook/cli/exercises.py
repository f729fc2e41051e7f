"""`digitbook exercises`."""

from __future__ import annotations

import json

import click

from digitbook.cli.options import json_option


@click.command(short_help="List the exercises that can be checked, and which are done.")
@json_option
def exercises(as_json: bool) -> None:
    """List the exercises that `digitbook.exercises.check` knows, and the day on which each was done.

    What is done is kept on this machine alone.
    """
    from rich.table import Table

    from digitbook._util.console import new_console
    from digitbook.exercises import progress
    from digitbook.exercises.tasks import EXERCISES

    days = progress.done()
    found = [
        {"exercise": number, "title": each.title, "done": days.get(number)}
        for number, each in EXERCISES.items()
    ]
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    console = new_console()
    table = Table("exercise", "what to write", "done")
    for row in found:
        table.add_row(row["exercise"], row["title"], row["done"] or "")
    console.print(table)
    console.print(f"{sum(row['done'] is not None for row in found)} of {len(found)} done.")
