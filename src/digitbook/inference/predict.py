"""Read the digits in image files, for `digitbook predict`."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from rich.markup import escape
from rich.table import Table

from digitbook.images.read import NotReadable, images_in, read_image, read_ink
from digitbook.inference.network import Network
from digitbook.inference.number import LineReader, numbers


def predict(network: Network, names: list[str]) -> list[dict]:
    """Return one object an image: `file`, and what `Network.answers` says of it or its `error`.

    A name is a file, a folder (then the images in it, by name; folders in it are left out) or `-`
    for standard input.
    """
    found = [_read(name, read_image) for listed in names for name in _images(listed)]
    readable = [item for item in found if "image" in item]
    if readable:
        images = np.stack([item.pop("image") for item in readable])
        for item, answer in zip(readable, network.answers(images), strict=True):
            item.update(answer)
    return found


def _images(name: str) -> list[str]:
    """Return the name itself, or the names of the images in the folder of this name."""
    folder = Path(name)
    if name == "-" or not folder.is_dir():
        return [name]
    return [str(path) for path in images_in(folder)] or [name]


def predict_numbers(reader: LineReader, names: list[str]) -> list[dict]:
    """Return one object an image: `file`, and its `numbers` (see `inference.number`) or its `error`.

    Names are as `predict` takes them.
    """

    def read(source: Path | BinaryIO) -> list[dict]:
        return numbers(reader, *read_ink(source))

    found = [_read(name, read) for listed in names for name in _images(listed)]
    return [{"numbers" if key == "image" else key: item[key] for key in item} for item in found]


def _read(name: str, read: Callable[[Path | BinaryIO], object]) -> dict:
    try:
        if name == "-":
            return {"file": name, "image": read(io.BytesIO(sys.stdin.buffer.read()))}
        if Path(name).is_dir():
            raise NotReadable("There are no images in this folder.")
        return {"file": name, "image": read(Path(name))}
    except NotReadable as error:
        return {"file": name, "error": str(error)}


def likeliest(probabilities: dict[str, float], count: int) -> dict[str, float]:
    """Return the `count` likeliest classes with their probabilities, the likeliest first."""
    ordered = sorted(probabilities.items(), key=lambda pair: pair[1], reverse=True)
    return dict(ordered[:count])


def table(found: list[dict], top: int) -> Table:
    """Return what was read as a table, with the `top` likeliest classes of each image."""
    grid = Table("file", "read as", "confidence", *(["then"] if top > 1 else []))
    for item in found:
        if "error" in item:
            continue
        _, *others = likeliest(item["probabilities"], top).items()
        then = ", ".join(f"{label} {probability:.2%}" for label, probability in others)
        name = _printable(item["file"])
        read = ("none", "", "") if item["why"] else (item["label"], f"{item['confidence']:.2%}", then)
        grid.add_row(name, *read[: 3 if top > 1 else 2])
    return grid


def numbers_table(found: list[dict]) -> Table:
    """Return the numbers that were read as a table, a row for each line of an image."""
    grid = Table("file", "line", "number", "confidence", "digits")
    for item in found:
        for place, line in enumerate(item.get("numbers", []), start=1):
            each = " ".join(f"{digit['confidence']:.0%}" for digit in line["digits"])
            read = (
                ("none", "", "") if line["why"] else (line["number"], f"{line['confidence']:.2%}", each)
            )
            grid.add_row(_printable(item["file"]), str(place), *read)
    return grid


def _printable(name: str) -> str:
    """Return a file's name, which may hold bytes that are no text, as it can be printed."""
    return escape(os.fsencode(name).decode(errors="replace"))
