"""`digitbook release` and `export`."""

from __future__ import annotations

from pathlib import Path

import click

from digitbook.cli.options import FOLDER, Trained, data_option, results_option
from digitbook.paths import RELEASED


@click.command(short_help="Publish a recorded network with its model card.")
@click.argument("model")
@data_option()
@results_option
def release(model: str, data: str, results: Path) -> None:
    """Copy the network of the run with the best validation accuracy beside the records.

    It becomes MODEL.keras, or NAME-MODEL.keras for data other than mnist, and gets a model card. MODEL
    is the name of a recorded model, such as cnn.
    """
    from digitbook.release import card

    path = card.release(model, data, results)
    print(f"network  {path}\ncard     {path.with_suffix('.md')}")


@click.command(short_help="Write a network for LiteRT and for the browser.")
@click.argument("model", type=Trained(), required=False)
@click.option("--output", type=FOLDER, show_default="beside MODEL", help="Where to write.")
def export(model: Path | None, output: Path | None) -> None:
    """Write NAME.tflite, NAME.bin and NAME.json from NAME.keras, for reading drawings without Keras.

    MODEL is a .keras file, or the name of a released network; by default the one that reads digits.
    """
    from digitbook.release import export

    model = model or RELEASED.with_suffix(".keras")
    for path in export.export(model, output or model.parent):
        print(f"{path}  {path.stat().st_size:,} bytes")
