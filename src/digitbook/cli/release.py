"""`digitbook release`, `export`, `ink` and `line`."""

from __future__ import annotations

from pathlib import Path

import click

from digitbook.cli.options import FOLDER, SEED, Trained, data_option, results_option, say
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


@click.command(short_help="Teach the network that finds the ink in pictures.")
@click.option("--seed", type=SEED, default=0, help="Decides the pictures and the first weights.")
@results_option
def ink(seed: int, results: Path) -> None:
    """Make pictures of digits on papers, teach a small network to find their ink, and store it.

    It becomes ink.keras and, for reading pictures without Keras, ink.tflite. That takes half an hour on
    two cores. Stopped, the same command goes on.
    """
    from digitbook.data import load
    from digitbook.experiments.ink import store_ink_network

    for path in store_ink_network(load("mnist"), results, seed, say=say):
        print(f"{path}  {path.stat().st_size:,} bytes")


@click.command(short_help="Teach the network that reads lines of digits.")
@click.option("--seed", type=SEED, default=0, help="Decides the lines and the first weights.")
@results_option
def line(seed: int, results: Path) -> None:
    """Put lines together from training digits, teach a small network to read them, and store it.

    It becomes line.keras and, for reading numbers without Keras, line.tflite and line.json. That takes
    three quarters of an hour on two cores. Stopped, the same command goes on.
    """
    from digitbook.data import load
    from digitbook.experiments.line_reader import store_line_network

    for path in store_line_network(load("mnist"), load("letters"), results, seed, say=say):
        print(f"{path}  {path.stat().st_size:,} bytes")
