"""`digitbook predict` and `serve`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digitbook.cli.options import network_option
from digitbook.paths import RELEASED

if TYPE_CHECKING:
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
    "--json",
    "as_json",
    is_flag=True,
    help="Print a list of objects: file, and label, confidence, probabilities and why, or error.",
)
def predict(files: tuple[str, ...], model: Path | None, top: int | None, as_json: bool) -> int:
    """Read the one digit in each image, or what else the network reads.

    An image is a photo, a scan or a drawing, dark on light or light on dark. FILE is an image, a folder
    of images, or - for one image on standard input. What does not look like a digit is read as none;
    in JSON its label is null, and why says what it looks like.
    """
    from digitbook._util.console import new_console
    from digitbook.inference import predict

    found = predict.predict(_network(model), list(files))
    failed = [item for item in found if "error" in item]
    if as_json:
        for item in found:
            if top and "error" not in item:
                item["probabilities"] = predict.likeliest(item["probabilities"], top)
        print(json.dumps(found, indent=1))
    else:
        if len(failed) < len(found):
            new_console().print(predict.table(found, top or 1))
        for item in found:
            if item.get("why"):
                print(f"{item['file']}: {item['why']}")
        for item in failed:
            print(f"digitbook: {item['file']}: {item['error']}", file=sys.stderr)
    return 2 if failed else 0


@click.command(short_help="Read drawings over HTTP, with a page to draw on.")
@click.option("--host", default="127.0.0.1", help="The address to listen at; this one is this machine.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8000, help="The port; 0 takes a free one."
)
@network_option
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=max(2, os.cpu_count() or 1),
    show_default="one a core",
    help="Requests handled side by side.",
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
