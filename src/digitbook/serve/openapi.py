"""What the service promises: the limits of a request, and the OpenAPI description of every answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from digitbook.images.prepare import SIDE
from digitbook.inference.number import MOST_LINES

MAX_IMAGES = 64
"""Images in one request."""
MAX_BYTES = 16_000_000
"""Bytes of a request's body."""
MAX_JSON_BYTES = 4_000_000
"""Bytes of a body in JSON, which takes far more memory than its length once it is read."""
MAX_PIXELS = 32_000_000
"""Pixels of all uploaded images of a request together: two photos of a good telephone."""

TOO_LARGE = (
    f"The request is too large: it may hold {MAX_IMAGES} images of together "
    f"{MAX_PIXELS // 1_000_000} million pixels in {MAX_BYTES // 1_000_000} MB, "
    f"or {MAX_JSON_BYTES // 1_000_000} MB of JSON."
)
REFUSALS = {
    400: "The body is not what this address takes.",
    404: "There is nothing at this address; GET /openapi.json describes what there is.",
    405: "This address does not take that method; GET /openapi.json describes what it takes.",
    413: TOO_LARGE,
    415: "Send PNG or JPEG images, as the body or as files of a form, or pixels in JSON.",
    422: "An image cannot be read, or there is no ink in it.",
}
"""The status codes of requests that are refused, each with what it means."""

Schema = dict[str, Any]

PROBABILITY: Schema = {"type": "number", "minimum": 0, "maximum": 1}
MODEL_NAME: Schema = {"type": "string", "description": "the network's name"}


def description(class_names: Iterable[str], one: str, kind: str) -> Schema:
    """Return the OpenAPI 3.1 description of a service whose network knows these classes.

    `one` is what an image shows: "digit", "letter" or "character", and `kind` what the network reads;
    where that is digits, numbers are read as well.
    """
    names = list(class_names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "digitbook",
            "version": "1",
            "summary": f"Reads one handwritten {one} an image.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            "/": {
                "get": {
                    "operationId": "page",
                    "summary": f"The page to draw a {one} on.",
                    "responses": {"200": _content("The page.", "text/html", {"type": "string"})},
                }
            },
            "/api/predict": {"post": _predict(one)},
            **({"/api/numbers": {"post": _numbers()}} if kind == "digits" else {}),
            "/api/model": {
                "get": {
                    "operationId": "model",
                    "summary": "What the network is, was trained on, and how well it reads.",
                    "responses": {"200": _json("The network.", _reference("Model"))},
                }
            },
            "/healthz": {
                "get": {
                    "operationId": "health",
                    "summary": "Whether the service answers.",
                    "responses": {"200": _json("It does.", _object(status={"const": "ok"}))},
                }
            },
            "/openapi.json": {
                "get": {
                    "operationId": "description",
                    "summary": "This description.",
                    "responses": {"200": _json("It.", {"type": "object"})},
                }
            },
        },
        "components": {"schemas": _schemas(names) | (_number_schemas() if kind == "digits" else {})},
    }


def _predict(one: str) -> Schema:
    return {
        "operationId": "predict",
        "summary": f"Read one image, or up to {MAX_IMAGES}.",
        "description": f"Uploaded images may be drawings, scans or photos of one {one}, dark on light "
        "or light on dark, of any size. A request is answered as a whole or refused as a whole.",
        **_reading(
            {"oneOf": [_reference("Images"), _reference("Drawings")]},
            MAX_IMAGES,
            _json("One prediction an image, in their order.", _reference("Predictions")),
        ),
    }


def _numbers() -> Schema:
    return {
        "operationId": "numbers",
        "summary": "Read the numbers in one image, lines of digits, from top to bottom.",
        "description": "The image may be a drawing, a scan or a photo, dark on light or light on dark, "
        "of any size.",
        **_reading(
            _object(drawings=_list(_reference("Drawing"), 1, 1)),
            1,
            _json("One answer a line.", _reference("Numbers")),
        ),
    }


def _reading(pixels: Schema, most: int, answer: Schema) -> Schema:
    """Return the body of a request to read images, as pixels or at most so many files; and answers."""
    upload = {
        "type": "array",
        "items": {"type": "string", "contentMediaType": "application/octet-stream"},
        "minItems": 1,
        "maxItems": most,
        "description": "PNG or JPEG files",
    }
    body = {
        "image/png": {"schema": {}},
        "image/jpeg": {"schema": {}},
        "multipart/form-data": {
            "schema": _object(image=upload),
            "encoding": {"image": {"contentType": "image/png, image/jpeg"}},
        },
        "application/json": {"schema": pixels},
    }
    refused = {str(code): _json(REFUSALS[code], _reference("Refusal")) for code in (400, 413, 415, 422)}
    return {
        "requestBody": {"required": True, "content": body},
        "responses": {"200": answer, **refused},
    }


def _schemas(names: list[str]) -> dict[str, Schema]:
    pixel = {"type": "integer", "minimum": 0, "maximum": 255}
    prepared = _list(_list(pixel, SIDE, SIDE), SIDE, SIDE)
    return {
        "Drawing": _list(_list(pixel, 1), 1),
        "Images": {
            **_object(images=_list(prepared, 1, MAX_IMAGES)),
            "description": f"Images of {SIDE} rows of {SIDE} pixels, prepared as MNIST's are: ink "
            "light (255) on dark (0), fitted into 20 by 20, centred by mass.",
        },
        "Drawings": {
            **_object(drawings=_list(_reference("Drawing"), 1, MAX_IMAGES)),
            "description": "Drawings of any size, ink light (255) on dark (0), all rows of one as long "
            "as each other; the service crops, shrinks and centres them.",
        },
        "Predictions": _object(
            predictions=_list(_reference("Prediction"), 1, MAX_IMAGES),
            model=MODEL_NAME,
        ),
        "Prediction": {
            **_object(
                label={"enum": [*names, None]},
                confidence=PROBABILITY,
                probabilities=_object(**dict.fromkeys(names, PROBABILITY)),
                why={"type": ["string", "null"], "description": "why there is no label"},
            ),
            "description": "What an image shows. Where it looks like something else, it is refused: "
            "`label` is null, `why` says what it looks like, and the rest what the answer would be.",
        },
        "Model": {
            "type": "object",
            "required": ["name", "classes", "temperature"],
            "properties": {
                "name": {"type": "string"},
                "kind": {"type": "string", "description": "what it reads"},
                "noun": {"type": "string", "description": "one of what it reads"},
                "classes": {"const": names},
                "temperature": {"type": "number", "exclusiveMinimum": 0},
                "confidence_limit": {
                    **PROBABILITY,
                    "description": "the page calls an answer with less confidence unsure",
                },
            },
        },
        "Refusal": _object(error={"type": "string", "description": "one sentence that says why"}),
    }


def _number_schemas() -> dict[str, Schema]:
    box = {
        **_list({"type": "number"}, 4, 4),
        "description": "left, top, right and bottom, as shares of the upright image's width and height",
    }
    digit = _object(digit={"enum": [*map(str, range(10)), None]}, confidence=PROBABILITY, box=box)
    return {
        "Numbers": _object(numbers=_list(_reference("Number"), 0, MOST_LINES), model=MODEL_NAME),
        "Number": {
            **_object(
                number={"type": ["string", "null"], "pattern": "^[0-9]+$"},
                confidence=PROBABILITY,
                digits=_list(digit, 0),
                box=box,
                why={"type": ["string", "null"], "description": "why there is no number"},
            ),
            "description": "A line. Where it is no number, `number` is null and `why` says what was "
            "found. A digit of null is a sign or a letter.",
        },
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(**properties: Schema) -> Schema:
    """Return the schema of an object that has exactly these properties."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(items: Schema, at_least: int, at_most: int | None = None) -> Schema:
    limits = {"minItems": at_least} | ({"maxItems": at_most} if at_most else {})
    return {"type": "array", "items": items, **limits}


def _content(description: str, media_type: str, schema: Schema) -> Schema:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _json(description: str, schema: Schema) -> Schema:
    return _content(description, "application/json", schema)
