"""Time `digitbook serve` against a plain Flask handler, in turn on this machine, and record it.

What a request takes is measured in the application, and by a client over one kept connection; how many
requests a second are answered, by several such clients at once, who ask again as soon as they have an
answer. They share the cores with the service that they ask.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from flask import Flask
from PIL import Image
from rich.console import Console
from rich.table import Table
from speed import BUILD, ROOT, timed
from werkzeug.test import EnvironBuilder, run_wsgi_app

from digitbook import data
from digitbook._util import files
from digitbook._util.console import new_console
from digitbook.serve.app import create_app
from digitbook.serve.openapi import MAX_IMAGES

SERVICES = {
    "ours": [sys.executable, "-m", "digitbook.cli", "serve", "--port"],
    "plain": [sys.executable, str(Path(__file__).with_name("plain_handler.py"))],
}
CLIENTS = 64
GREEDY, SILENT = 16, 200
"""Clients that send the dearest request that is permitted, and such that stop in the middle of one."""


@dataclass(frozen=True)
class Extent:
    """How long each part goes on, in seconds, and how often the two services take turns."""

    alone: float
    together: float
    turns: int
    endurance: float
    hostile: float


FULL = Extent(alone=5, together=10, turns=3, endurance=60, hostile=60)
SMOKE = Extent(alone=0.5, together=1, turns=1, endurance=2, hostile=3)


class Client(threading.Thread):
    """Asks one thing over one connection again and again, and notes how long each answer took."""

    def __init__(self, port: int, requests: list[bytes], until: float):
        super().__init__()
        self.port, self.requests, self.until = port, requests, until
        self.seconds: list[float] = []
        self.errors: list[str] = []

    def run(self) -> None:
        """Ask until the time is over or something other than an answer came."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
                while (started := time.perf_counter()) < self.until:
                    connection.sendall(self.requests[len(self.seconds) % len(self.requests)])
                    status = _status(connection)
                    if status != 200:
                        raise OSError(f"status {status}")
                    self.seconds.append(time.perf_counter() - started)
        except OSError as error:
            self.errors.append(str(error))


def _status(connection: socket.socket) -> int:
    """Read one answer to its end and return its status code."""
    received = connection.recv(65_536)
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    missing = int(re.search(rb"content-length: (\d+)", head, re.I)[1]) - len(body)
    while missing > 0:
        missing -= len(_more(connection))
    return int(head.split()[1])


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(65_536)
    if not received:
        raise OSError("the connection was closed")
    return received


def ask(port: int, requests: list[bytes], clients: int, seconds: float) -> dict:
    """Let `clients` ask for `seconds` and return what they met with: times in milliseconds."""
    started = time.perf_counter()
    threads = [Client(port, requests, started + seconds) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - started
    times = [1000 * each for thread in threads for each in thread.seconds]
    errors = [error for thread in threads for error in thread.errors]
    if not times:
        raise SystemExit(f"serving: no request was answered: {errors[0]}.")
    return {
        "clients": clients,
        "seconds": round(spent, 2),
        "requests": len(times),
        "errors": len(errors),
        "per_second": round(len(times) / spent, 1),
        "median_ms": round(float(np.median(times)), 3),
        "p95_ms": round(float(np.percentile(times, 95)), 3),
        "p99_ms": round(float(np.percentile(times, 99)), 3),
    }


@dataclass(frozen=True)
class Body:
    """What a request to read images brings."""

    media_type: str
    content: bytes

    def request(self) -> bytes:
        """Return it as it goes over the wire."""
        head = f"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: {self.media_type}\r\n"
        return f"{head}Content-Length: {len(self.content)}\r\n\r\n".encode() + self.content


def multipart(*images: np.ndarray) -> Body:
    """Upload images `(rows, columns)` as PNG files of a form."""
    parts = b"".join(
        b'--edge\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + _png(image) + b"\r\n"
        for image in images
    )
    return Body("multipart/form-data; boundary=edge", parts + b"--edge--\r\n")


def pixels(image: np.ndarray) -> Body:
    """Send one prepared image as the drawing page does."""
    return Body("application/json", json.dumps({"images": [image.tolist()]}).encode())


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "png")
    return file.getvalue()


def handled(app: Flask, bodies: list[Body], seconds: float) -> float:
    """Return the median time, in milliseconds, in the application: no server, no network."""
    times: list[float] = []
    until = time.perf_counter() + seconds
    for body in itertools.cycle(bodies):
        environ = EnvironBuilder(
            "/api/predict", method="POST", content_type=body.media_type, data=body.content
        ).get_environ()
        started = time.perf_counter()
        if started > until:
            return round(1000 * statistics.median(times), 3)
        _, status, _ = run_wsgi_app(app, environ, buffered=True)
        times.append(time.perf_counter() - started)
        if not status.startswith("200"):
            raise SystemExit(f"serving: the application answered {status}.")
    raise AssertionError("there are no bodies")


@contextmanager
def running(service: str) -> Iterator[tuple[psutil.Process, int, float]]:
    """Start a service on a free port; yields its process, the port and how long the start took."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen([*SERVICES[service], str(port)], stdout=subprocess.PIPE, text=True)
    try:
        process.stdout.readline()
        _wait_for(port, process)
        seconds = time.perf_counter() - started
        threading.Thread(target=process.stdout.read, daemon=True).start()  # predict prints a bar
        yield psutil.Process(process.pid), port, seconds
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen) -> None:
    while process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise SystemExit(f"serving: a service ended with exit code {process.returncode}.")


def hostile(port: int, ordinary: list[bytes], seconds: float) -> dict:
    """Return what ordinary clients meet with beside greedy and silent ones."""
    dear = _dearest().request()
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(SILENT)]
    for connection in silent:
        connection.sendall(dear[:300])
    until = time.perf_counter() + seconds
    greedy = [Client(port, [dear], until) for _ in range(GREEDY)]
    for client in greedy:
        client.start()
    health = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ThreadPoolExecutor() as pool:
        asked = {
            name: pool.submit(ask, port, requests, 1, seconds)
            for name, requests in (("/healthz", [health]), ("28x28 PNG", ordinary))
        }
    for client in greedy:
        client.join()
    for connection in silent:
        connection.close()
    return {
        "seconds": seconds,
        "silent": SILENT,
        "greedy": {
            "clients": GREEDY,
            "answers": sum(len(client.seconds) for client in greedy),
            "errors": sum(len(client.errors) for client in greedy),
        },
        **{name: done.result() for name, done in asked.items()},
    }


def _dearest() -> Body:
    """Return a request of as many photos as may be sent at once, with noise, which packs badly."""
    rng = np.random.default_rng(0)
    photo = np.full((480, 480), 220, "uint8") + rng.integers(0, 12, (480, 480)).astype("uint8")
    photo[120:360, 220:250] = 40
    return multipart(*[photo] * MAX_IMAGES)


class Memory(threading.Thread):
    """Looks at the memory that a process holds, every half second while it is entered."""

    def __init__(self, process: psutil.Process):
        super().__init__(daemon=True)
        self.process, self.stopped = process, threading.Event()
        self.megabytes = [self._held()]

    def _held(self) -> float:
        return round(self.process.memory_info().rss / 1e6, 1)

    def run(self) -> None:
        """Look until left."""
        while not self.stopped.wait(0.5):
            self.megabytes.append(self._held())

    def __enter__(self) -> Memory:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.join()


def measure(extent: Extent, console: Console) -> dict:
    """Make all measurements and return the record."""
    digits = data.load("mnist5k").x_test[:100]
    scan = np.kron(255 - digits[0], np.ones((10, 10), "uint8"))
    kinds = {
        "28x28 pixels in JSON": [pixels(digit) for digit in digits],
        "28x28 PNG": [multipart(digit) for digit in digits],
        "280x280 PNG": [multipart(scan)],
        "64 PNGs of 28x28": [multipart(*digits[:64])],
    }
    asked = {kind: [body.request() for body in bodies] for kind, bodies in kinds.items()}
    uploads = asked["28x28 PNG"]
    setting = timed({"kind": "setting"})
    record: dict = {key: setting[key] for key in ("date", "commit", "machine")}
    record["load"] = round(os.getloadavg()[0], 2)
    app = create_app()
    record["handled_ms"] = {kind: handled(app, bodies, extent.alone) for kind, bodies in kinds.items()}
    with running("ours") as (process, port, start), running("plain") as (_, plain_port, plain_start):
        record["start_seconds"] = {"ours": round(start, 2), "plain": round(plain_start, 2)}
        for warm in (port, plain_port):
            ask(warm, uploads, 1, 1)
        record["alone"] = {
            kind: ask(port, requests, 1, extent.alone) for kind, requests in asked.items()
        }
        record["alone"]["28x28 PNG, plain"] = ask(plain_port, uploads, 1, extent.alone)
        turns = []
        for turn in range(extent.turns):
            turns.append(
                {
                    name: ask(its_port, uploads, 8, extent.together)
                    for name, its_port in (("ours", port), ("plain", plain_port))
                }
            )
            console.print(f"turn {turn + 1}: {_rates(turns[-1])}")
        record["together"] = turns
        ratios = [turn["ours"]["per_second"] / turn["plain"]["per_second"] for turn in turns]
        record["ratio"] = round(statistics.median(ratios), 1)
    with running("ours") as (process, port, _):
        ask(port, uploads, 1, 1)
        mixed = [requests[0] for kind, requests in asked.items() if kind != "64 PNGs of 28x28"]
        with Memory(process) as memory:
            record["endurance"] = ask(port, mixed, CLIENTS, extent.endurance)
        held = memory.megabytes
        half = held[len(held) // 2]
        record["endurance"]["memory_mb"] = {
            "before": held[0],
            "half way": half,
            "after": held[-1],
            "most": max(held),
        }
    with running("ours") as (process, port, _):
        with Memory(process) as memory:
            record["hostile"] = hostile(port, uploads, extent.hostile)
        record["hostile"]["most_memory_mb"] = max(memory.megabytes)
    return record


def _rates(turn: dict) -> str:
    return ", ".join(f"{name} {found['per_second']:,.0f} a second" for name, found in turn.items())


def show(record: dict, console: Console) -> None:
    """Print the tables."""
    table = Table("request", "handled in", "answered in", "95 %", title="One client (medians)")
    for kind, found in record["alone"].items():
        inside = record["handled_ms"].get(kind)
        times = (inside, found["median_ms"], found["p95_ms"])
        table.add_row(kind, *("" if each is None else f"{each:.2f} ms" for each in times))
    console.print(table)
    table = Table("turn", "ours", "plain handler", title="Eight clients: answers a second, 28x28 PNG")
    for number, turn in enumerate(record["together"], start=1):
        table.add_row(str(number), *(f"{turn[name]['per_second']:,.1f}" for name in SERVICES))
    console.print(table)
    console.print(f"Ours answers {record['ratio']} times as many (median of the turns).")
    found, start = record["endurance"], record["start_seconds"]
    memory = ", ".join(f"{when} {held:,.0f} MB" for when, held in found["memory_mb"].items())
    console.print(
        f"{found['clients']} clients for {found['seconds']:.0f} s: {found['requests']:,} answers, "
        f"{found['errors']} errors, median {found['median_ms']:.1f} ms; memory {memory}."
    )
    found = record["hostile"]
    console.print(
        f"Beside {found['greedy']['clients']} greedy and {found['silent']} silent clients: "
        f"/healthz 99 % in {found['/healthz']['p99_ms']:.0f} ms, a 28x28 PNG 95 % in "
        f"{found['28x28 PNG']['p95_ms']:.0f} ms, {found['greedy']['errors']} greedy clients gave up, "
        f"memory at most {found['most_memory_mb']:,.0f} MB."
    )
    console.print(
        f"Started in {start['ours']} s; the plain handler in {start['plain']} s. Load average before: "
        f"{record['load']} on {record['machine']['cores']} cores."
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the tables, write the record and return the exit code."""
    parser = argparse.ArgumentParser(prog="serving", description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path, metavar="FILE", help="default: results/serving.json")
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="try everything out in seconds; recorded under _build alone",
    )
    options = parser.parse_args(arguments)
    console = new_console()
    record = measure(SMOKE if options.smoke else FULL, console)
    default = BUILD / "serving-smoke.json" if options.smoke else ROOT / "results" / "serving.json"
    with files.atomic_write(options.results or default) as fresh:
        fresh.write_text(json.dumps(record, indent=1) + "\n")
    show(record, console)
    console.print(f"Recorded in {options.results or default}", soft_wrap=True)
    return 0 if record["endurance"]["errors"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
