"""Serve a built book and print what Lighthouse says of pages: `measure.py FOLDER [PAGE ...]`."""

import functools
import gzip
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.table import Table

PAGES = ("book/index.html", "book/draw.html", "notebooks/04-dense-training.html")
LIGHTHOUSE = Path("_build/javascript/scripts/lighthouse/node_modules/lighthouse/cli/index.js")
METRICS = {
    "first paint, ms": "first-contentful-paint",
    "largest, ms": "largest-contentful-paint",
    "blocked, ms": "total-blocking-time",
    "shift": "cumulative-layout-shift",
    "bytes": "total-byte-weight",
}
FORMATS = dict(zip(METRICS, (",.0f", ",.0f", ",.0f", ".3f", ",.0f"), strict=True))
PACKED = {".html", ".css", ".js", ".svg", ".json", ".wasm"}
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files as hosts of static sites do: what is text is packed."""

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Begin an answer, and return what is to follow."""
        path = Path(self.translate_path(self.path))
        if path.suffix not in PACKED or not path.is_file():
            return super().send_head()
        content = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path.name))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return io.BytesIO(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def measured(address: str) -> dict:
    """Return Lighthouse's report on a page."""
    found = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    environment = {**os.environ, **({"CHROME_PATH": found} if found else {})}
    options = ("--quiet", "--output=json", "--chrome-flags=--headless=new --no-sandbox")
    command = [".venv/bin/node", str(LIGHTHOUSE), address, *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"lighthouse: it stopped at {address}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def main() -> None:
    """Print a table with a row a page."""
    site, *pages = sys.argv[1:]
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=site)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    categories = ("performance", "accessibility", "best-practices", "seo")
    table = Table("page", *categories, *METRICS)
    for page in pages or PAGES:
        report = measured(f"http://127.0.0.1:{server.server_port}/{page}")
        scores = [f"{100 * report['categories'][name]['score']:.0f}" for name in categories]
        values = {name: report["audits"][audit]["numericValue"] for name, audit in METRICS.items()}
        shown = [f"{values[name]:{form}}" for name, form in FORMATS.items()]
        table.add_row(page, *scores, *shown)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
