"""`digitbook predict` and `serve`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digitbook.cli.options import network_option
from digitbook.errors import BadInput
from digitbook.paths import RELEASED

if TYPE_CHECKING:
    from rich.table import Table

    from digitbook.inference.network import Network


@click.command(short_help="Read the digits, or letters, in images.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@network_option
@click.option(
    "--top",
    type=click.IntRange(1),
    metavar="K",
    help="Show the K likeliest classes; by default 1 in the table, all in JSON.",
)
@click.option(
    "--numbers",
    is_flag=True,
    help="Read lines of digits as numbers, from top to bottom, instead of one digit.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a list of objects: file, and label, confidence, probabilities and why, or error; "
    "with --numbers file and numbers, or error.",
)
def predict(
    files: tuple[str, ...], model: Path | None, top: int | None, numbers: bool, as_json: bool
) -> int:
    """Read the one digit in each image, or what else the network reads, or with --numbers all of them.

    An image is a photo, a scan or a drawing, dark on light or light on dark. FILE is an image, a folder
    of images, or - for one image on standard input. What does not look like a digit is read as none;
    in JSON its label is null, and why says what it looks like. So it is with a line that is no number.
    """
    from digitbook.inference import predict

    network = _network(model)
    if numbers:
        return _predict_numbers(network, files, as_json)
    found = predict.predict(network, list(files))
    failed = [item for item in found if "error" in item]
    if as_json:
        for item in found:
            if top and "error" not in item:
                item["probabilities"] = predict.likeliest(item["probabilities"], top)
        print(json.dumps(found, indent=1))
    else:
        reasons = [(item["file"], item["why"]) for item in found if item.get("why")]
        _print(predict.table(found, top or 1), reasons, failed)
    return 2 if failed else 0


def _predict_numbers(network: Network, files: tuple[str, ...], as_json: bool) -> int:
    from digitbook.inference import predict
    from digitbook.inference.number import LineReader

    if network.kind != "digits":
        raise BadInput(f"--numbers reads digits, and this network reads {network.kind}.")
    found = predict.predict_numbers(LineReader.load(network), list(files))
    failed = [item for item in found if "error" in item]
    if as_json:
        print(json.dumps(found, indent=1))
    else:
        reasons = [
            (f"{item['file']}, line {place}", line["why"])
            for item in found
            for place, line in enumerate(item.get("numbers", []), start=1)
            if line["why"]
        ]
        _print(predict.numbers_table(found), reasons, failed)
    return 2 if failed else 0


def _print(table: Table, reasons: list[tuple[str, str]], failed: list[dict]) -> None:
    """Print what was read, why something was not, and on standard error what could not be."""
    from digitbook._util.console import new_console

    if table.row_count:
        new_console().print(table)
    for name, why in reasons:
        print(f"{name}: {why}")
    for item in failed:
        print(f"digitbook: {item['file']}: {item['error']}", file=sys.stderr)


@click.command(short_help="Read drawings over HTTP, with a page to draw on.")
@click.option("--host", default="127.0.0.1", help="The address to listen at; this one is this machine.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8000, help="The port; 0 takes a free one."
)
@network_option
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=32,
    help="Requests handled side by side; of large ones, one at a time.",
)
def serve(host: str, port: int, model: Path | None, threads: int) -> None:
    """Serve the drawing page and POST /api/predict until told to stop.

    Anyone who reaches the address may use it: by default that is this machine alone.
    """
    from digitbook.serve.app import create_app, run

    run(create_app(_network(model)), host, port, threads)


def _network(path: Path | None) -> Network:
    """Load an exported network, or a .keras file: Keras is imported for that alone."""
    if path and path.suffix == ".keras":
        from digitbook.release import export

        return export.as_exported(path)
    from digitbook.inference.network import Network

    return Network.load(path or RELEASED)
