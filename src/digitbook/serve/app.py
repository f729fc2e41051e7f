"""The service: the drawing page, and the network behind `POST /api/predict`.

`openapi` holds what it promises. Everything that it serves is in memory before the first request, and
no request names a file. Importing this module does not import TensorFlow.
"""

from __future__ import annotations

import json
import logging
import signal
import socket
from html import escape
from pathlib import Path
from string import Template

from flask import Flask, Response, abort, request
from flask.typing import ResponseReturnValue
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import create_server
from waitress.task import ErrorTask
from werkzeug.exceptions import HTTPException

from digitbook.errors import BadInput
from digitbook.images.read import NotReadable
from digitbook.inference.network import Network
from digitbook.inference.number import LineReader, numbers
from digitbook.paths import STATIC
from digitbook.serve import openapi, requests
from digitbook.serve.openapi import MAX_BYTES, REFUSALS

PAGE = Path(__file__).parent / "page"
ASSETS = {
    **dict.fromkeys(("page.css", "page.js"), PAGE),
    **dict.fromkeys(("digitbook.css", "draw.css", "logo.svg"), STATIC),
    **dict.fromkeys(("element.js", "pictures.js", "prepare.js", "pad.js"), STATIC),
    **dict.fromkeys(("service.js", "draw.js"), STATIC),
}
"""The files of the page, and where they are."""
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Sent with every answer: the page may load and ask what comes from this service, and nothing else."""
CONNECTIONS, IDLE = 2000, 10
"""Connections that may be open at once, and seconds after which one that is silent is closed."""


def create_app(network: Network | None = None) -> Flask:
    """Return the WSGI application that answers for `network`, or for the released one.

    Raises:
        BadInput: there is no such network, or a file of the page is missing.
    """
    network = network or Network.load()
    page = Template(_read(PAGE / "index.html").decode()).substitute(
        one=escape(network.noun), kind=escape(network.kind), most=openapi.MAX_IMAGES
    )
    assets = {name: _read(folder / name) for name, folder in ASSETS.items()}
    description = openapi.description(network.class_names, network.noun, network.kind)
    model = {key: value for key, value in network.description.items() if key != "layers"}

    app = Flask("digitbook", static_folder=None, template_folder=None)
    app.request_class = requests.InMemory
    app.config.update(DEBUG=False, MAX_CONTENT_LENGTH=MAX_BYTES, PROVIDE_AUTOMATIC_OPTIONS=False)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the provider that Flask starts with
    app.url_map.merge_slashes = False

    @app.get("/")
    def show_page() -> Response:
        return Response(page, mimetype="text/html")

    @app.get("/static/<name>")
    def asset(name: str) -> ResponseReturnValue:
        if name not in assets:
            abort(404)
        response = Response(assets[name], mimetype=TYPES[Path(name).suffix])
        response.add_etag()
        return response.make_conditional(request)

    @app.post("/api/predict")
    def predict() -> dict:
        answers = network.answers(requests.images())
        return {"predictions": answers, "model": network.description["name"]}

    if network.kind == "digits":
        lines = LineReader.load(network)

        @app.post("/api/numbers")
        def read_numbers() -> dict:
            ink, part = requests.sheet()
            try:
                found = requests.in_turn(ink.size, lambda: numbers(lines, ink, part))
            except NotReadable as error:
                abort(422, f"Image 1: {error}")
            return {"numbers": found, "model": network.description["name"]}

    @app.get("/api/model")
    def describe_model() -> dict:
        return model

    @app.get("/healthz")
    def health() -> dict:
        return {"status": "ok"}

    @app.get("/openapi.json")
    def describe_service() -> dict:
        return description

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> ResponseReturnValue:
        response = error.get_response()
        sentence = error.description
        if error.code in (404, 405, 413):
            sentence = REFUSALS[error.code]
        elif error.code == 500:
            sentence = "Something went wrong in the service, which has logged it."
        response.data = json.dumps({"error": sentence})
        response.content_type = "application/json"
        return response

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(HEADERS)
        response.headers.setdefault("Cache-Control", "no-cache")
        return response

    return app


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"The drawing page cannot be served without {path}: {error.strerror}. "
            "It comes with a clone of the book's repository."
        ) from error


class _ErrorTask(ErrorTask):
    """Refuses what waitress will not pass on as the application refuses what it will not read."""

    def execute(self) -> None:
        error = self.request.error
        unreadable = f"This is no HTTP request that can be answered: {error.body}."
        sentence = REFUSALS[413] if error.code == 413 else unreadable
        body = json.dumps({"error": sentence}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [("Content-Type", "application/json"), *HEADERS.items()]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Parser(HTTPRequestParser):
    """Also refuses an address that Python cannot take apart, such as `http://[/`."""

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError(str(error)) from error


class _Channel(HTTPChannel):
    parser_class = _Parser
    error_task_class = _ErrorTask


def run(app: Flask, host: str, port: int, threads: int) -> None:
    """Serve `app` until the process is told to stop; port 0 takes one that is free.

    Raises:
        BadInput: the address cannot be had.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise BadInput(
            f"Nothing can be served at {host}, port {port}: {error.strerror}; "
            "choose another with --host and --port."
        ) from error
    server = create_server(
        app,
        sockets=[listening],
        threads=threads,
        ident=None,
        max_request_body_size=MAX_BYTES + 1,
        connection_limit=CONNECTIONS,
        asyncore_use_poll=True,  # select knows no more than 1,024 files
        channel_timeout=IDLE,
        cleanup_interval=IDLE,
    )
    server.channel_class = _Channel
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a full queue is no news
    # waitress ends in order on KeyboardInterrupt; a shell's background job starts with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    name = f"[{host}]" if ":" in host else host
    print(f"http://{name}:{listening.getsockname()[1]}/ is open; Ctrl-C stops it.", flush=True)
    server.run()
    print("Stopped.")
