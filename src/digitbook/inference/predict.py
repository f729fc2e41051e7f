"""Read the digits in image files, for `digitbook predict`."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import numpy as np
from rich.markup import escape
from rich.table import Table

from digitbook.images.read import NotReadable, images_in, read_image
from digitbook.inference.network import Network


def predict(network: Network, names: list[str]) -> list[dict]:
    """Return one object an image: `file`, and what `Network.answers` says of it or its `error`.

    A name is a file, a folder (then the images in it, by name; folders in it are left out) or `-`
    for standard input.
    """
    found = [_read(name) for listed in names for name in _images(listed)]
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


def _read(name: str) -> dict:
    try:
        if name == "-":
            return {"file": name, "image": read_image(io.BytesIO(sys.stdin.buffer.read()))}
        if Path(name).is_dir():
            raise NotReadable("There are no images in this folder.")
        return {"file": name, "image": read_image(Path(name))}
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
        # A file's name may hold bytes that are no text, which cannot be printed as they are.
        name = escape(os.fsencode(item["file"]).decode(errors="replace"))
        read = ("none", "", "") if item["why"] else (item["label"], f"{item['confidence']:.2%}", then)
        grid.add_row(name, *read[: 3 if top > 1 else 2])
    return grid
