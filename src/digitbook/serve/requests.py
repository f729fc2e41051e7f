"""What a request to read images holds: uploaded files or pixels, checked and prepared.

What cannot be read ends in `abort` with a status code and one sentence (see `digitbook.serve.openapi`).
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn, TypeVar

import numpy as np
from flask import Request, abort, copy_current_request_context, request
from PIL import Image

from digitbook.images.prepare import SIDE, prepare_drawing
from digitbook.images.read import NO_INK, NotReadable, read_image, read_ink
from digitbook.serve.openapi import MAX_IMAGES, MAX_JSON_BYTES, MAX_PIXELS, REFUSALS

FORMATS = ("PNG", "JPEG")
LARGE = 250_000
"""Bytes or pixels of a request from which on it waits until no other such is read, so that memory stays
bounded and ordinary requests are answered meanwhile."""

T = TypeVar("T")

# A thread of its own, and not a lock, for large requests: what several threads free stays with each.
_large = ThreadPoolExecutor(1, "large")


def in_turn(size: int, read: Callable[[], T]) -> T:
    """Return what `read` returns; where so many pixels or bytes are large, when it is their turn."""
    if size <= LARGE or threading.current_thread().name.startswith("large"):
        return read()
    return _large.submit(copy_current_request_context(read)).result()


class InMemory(Request):
    """A request whose uploaded files stay in memory, where its limits keep them small."""

    def _get_file_stream(self, *_, **__) -> io.BytesIO:
        return io.BytesIO()


def images() -> np.ndarray:
    """Return the images of the request, prepared, as uint8 `(N, 28, 28)`.

    Raises:
        HTTPException: the request is refused, for a reason that its description names.
    """
    return np.array(_received(_from_json, lambda files: _from_files(files, read_image)))


def sheet() -> tuple[np.ndarray, np.ndarray]:
    """Return the one image of the request as ink, uint8 `(rows, columns)`, and its part (`read_ink`).

    Raises:
        HTTPException: as `images`, or there are several.
    """
    return _received(_drawn_sheet, lambda files: _from_files([_one(files)], read_ink)[0])


def _received(from_json: Callable[[], T], from_files: Callable[[list[bytes]], T]) -> T:
    """Return what is made of the request's JSON or of its files, as whichever it was sent."""
    length = request.content_length or 0
    if request.mimetype == "application/json":
        return in_turn(length, from_json)
    if request.mimetype == "multipart/form-data":
        return in_turn(length, lambda: from_files(_uploads()))
    if request.mimetype in ("image/png", "image/jpeg"):
        return from_files([request.get_data(cache=False)])
    abort(415, REFUSALS[415])


def _drawn_sheet() -> tuple[np.ndarray, np.ndarray]:
    ((kind, items),) = _content().items()
    if kind != "drawings":
        abort(400, "Send a drawing: numbers are not read from prepared images.")
    ink = _pixels(_one(items), 1)
    if not ink.any():
        abort(422, f"Image 1: {NO_INK}")
    return ink, np.array([0.0, 0.0, 1.0, 1.0])


def _one(items: list[T]) -> T:
    if len(items) != 1:
        abort(400, "Send one image: numbers are read from one at a time.")
    return items[0]


def _uploads() -> list[bytes]:
    if set(request.files) != {"image"} or request.form:
        abort(400, "Send the images as files of the form's field image, and no other field.")
    files = request.files.getlist("image")
    if len(files) > MAX_IMAGES:
        abort(413)
    return [file.read() for file in files]


def _from_files(contents: list[bytes], read: Callable[..., T]) -> list[T]:
    pixels = sum(map(_pixel_count, contents))
    if pixels > MAX_PIXELS:
        abort(413)
    return in_turn(
        pixels,
        lambda: [_from_file(content, number, read) for number, content in enumerate(contents, start=1)],
    )


def _pixel_count(content: bytes) -> int:
    """Return what an image's header says; 0 where it says nothing, which `_from_file` refuses."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return image.width * image.height
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return MAX_PIXELS + 1
    except Exception:  # decoders pass on whatever a damaged file makes them raise
        return 0


def _from_file(content: bytes, number: int, read: Callable[..., T]) -> T:
    try:
        return read(io.BytesIO(content), FORMATS)
    except NotReadable as error:
        abort(422, f"Image {number}: {error}")


def _content() -> dict[str, list]:
    """Return the JSON that was sent: `images` or `drawings`, a list that is not too long."""
    if (request.content_length or 0) > MAX_JSON_BYTES:
        abort(413)
    body = request.get_data(cache=False)
    if len(body) > MAX_JSON_BYTES:
        abort(413)
    try:
        content = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        abort(400, "The body is not JSON.")
    if not isinstance(content, dict) or list(content) not in (["images"], ["drawings"]):
        abort(400, "Send an object with either images or drawings in it.")
    ((kind, items),) = content.items()
    if not isinstance(items, list) or not items:
        abort(400, f"Send the {kind} as a list with at least one in it.")
    if len(items) > MAX_IMAGES:
        abort(413)
    return content


def _from_json() -> list[np.ndarray]:
    ((kind, items),) = _content().items()
    images = [_pixels(item, number) for number, item in enumerate(items, start=1)]
    for number, image in enumerate(images, start=1):
        if kind == "images" and image.shape != (SIDE, SIDE):
            abort(400, f"Image {number} is not {SIDE} rows of {SIDE} pixels; send it as a drawing.")
        if not image.any():
            abort(422, f"Image {number}: {NO_INK}")
    return images if kind == "images" else [prepare_drawing(image) for image in images]


def _refuse_constant(name: str) -> NoReturn:
    abort(400, f"{name} is not a pixel: pixels are whole numbers from 0 to 255.")


def _pixels(rows: object, number: int) -> np.ndarray:
    """Return a list of lists of whole numbers from 0 to 255 as uint8 `(rows, columns)`."""
    if not (isinstance(rows, list) and all(isinstance(row, list) for row in rows)):
        abort(400, f"Image {number} is not a list of rows, each a list of pixels.")
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        abort(400, f"The rows of image {number} have to be of one length, and not empty.")
    values = [value for row in rows for value in row]
    numeric = set(map(type, values)) <= {int, float}
    if not numeric or any(not 0 <= value <= 255 or value % 1 for value in values):
        abort(400, f"The pixels of image {number} are not all whole numbers from 0 to 255.")
    return np.array(values, "uint8").reshape(len(rows), -1)
