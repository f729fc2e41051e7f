"""Draw 1,000 digits with the mouse on the drawing page, and record how many are read right.

`make drawings` runs it on the built book. The drawings are twenty variations of each of fifty hands
(`images.handwriting`), drawn by real mouse events in a headless Chromium. An answer counts by its
likeliest digit, whether or not the page calls it unsure; a drawing that it refuses counts as misread.
How fast the page answers is measured on drawings made at the pace of a hand: from the moment that the
page receives a mouse event until its answer is in the page, and until it has been painted. How long the
browser kept the event back before, to deliver it with its next frame, is given beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
from playwright.async_api import CDPSession, Page, async_playwright

from digitbook._util import provenance
from digitbook._util.files import atomic_write
from digitbook.images import handwriting

ROOT = Path(__file__).parents[1]

PACE = 0.008
"""Seconds between two events of a mouse that reports 125 times a second."""
LISTEN = """
window.readings = [];
let received = 0;
for (const kind of ["pointerdown", "pointermove"]) {
  document.addEventListener(kind, () => { received = performance.now(); }, true);
}
document.querySelector(".draw").addEventListener("read", ({ detail }) => {
  const start = received, answered = performance.now(), channel = new MessageChannel();
  requestAnimationFrame(() => {
    channel.port1.onmessage = () =>
      window.readings.push([answered - start, performance.now() - start, start - detail.since]);
    channel.port2.postMessage(null);
  });
});
"""
READ = """
() => [...document.querySelectorAll(".draw .bars li")].map((bar) =>
  Number(bar.querySelector(".fill").style.transform.match(/scaleX\\((.*)\\)/)[1]))
"""
PREPARE = """
(width) => {
  [...document.querySelectorAll(".draw button")].find((one) => one.textContent === "Clear").click();
  const range = document.querySelector(".draw input[type=range]");
  range.value = width;
  range.dispatchEvent(new Event("input"));
}
"""


async def draw(page: Page, mouse: CDPSession, drawing: tuple, pace: float = 0) -> np.ndarray:
    """Draw one of `handwriting.drawings` and return the probabilities that the page shows."""
    *_, paths, width = drawing
    await page.evaluate(PREPARE, width)
    area = await page.locator(".draw .paper").first.bounding_box()
    sent = []
    for stroke in paths:
        points = np.array([area["x"], area["y"]]) + stroke * area["width"] / handwriting.CANVAS_SIDE
        kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 1), "mouseReleased"]
        for kind, (x, y) in zip(kinds, [*points.tolist(), points[-1].tolist()], strict=True):
            event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            event["buttons"] = 0 if kind == "mouseReleased" else 1
            # Not awaited one by one: the browser takes events in their order, as from a real mouse.
            sent.append(asyncio.ensure_future(mouse.send("Input.dispatchMouseEvent", event)))
            await asyncio.sleep(pace)
    await asyncio.gather(*sent)
    return np.array(await page.evaluate(READ))


async def measure(address: str, variations: int) -> tuple[dict, np.ndarray]:
    """Draw everything on the page at `address` and return the record and the times of some events.

    The times are float `(events, 3)`, in milliseconds: until answered, until painted, kept back before.
    """
    digits = {str(digit): {"right": 0, "total": 0} for digit in range(10)}
    misses, doubts, refused = [], 0, 0
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        page = await browser.new_page(viewport={"width": 1280, "height": 1000})
        await page.goto(address)
        await page.locator(".draw .bars li").last.wait_for()
        await page.locator(".draw").first.scroll_into_view_if_needed()
        mouse = await page.context.new_cdp_session(page)
        drawings = list(handwriting.drawings(variations))
        for drawing in drawings:
            digit, name, variation, *_ = drawing
            probabilities = await draw(page, mouse, drawing)
            state = await page.locator(".draw").get_attribute("data-state")
            answer = "none" if state == "refused" else int(probabilities.argmax())
            doubts += state == "unsure"
            refused += state == "refused"
            digits[str(digit)]["total"] += 1
            digits[str(digit)]["right"] += answer == digit
            if answer != digit:
                miss = {"digit": digit, "hand": name, "variation": variation}
                confidence = round(float(probabilities.max()), 4)
                misses.append({**miss, "answer": answer, "confidence": confidence})
        await page.evaluate(LISTEN)
        for drawing in drawings[:: max(1, len(drawings) // 20)]:
            await draw(page, mouse, drawing, pace=PACE)
        readings = np.array(await page.evaluate("window.readings"))
        await browser.close()
    record = {
        "right": len(drawings) - len(misses),
        "total": len(drawings),
        "unsure": doubts,
        "refused": refused,
        "digits": digits,
        "misses": misses,
        "hands_sha256": hashlib.sha256(handwriting.FILE.read_bytes()).hexdigest(),
        "weights_sha256": json.loads((ROOT / "results" / "cnn.json").read_text())["weights_sha256"],
        "commit": provenance.commit(),
    }
    return record, readings


def show(record: dict, times: np.ndarray) -> None:
    """Print what `measure` returned for people."""
    for digit, row in record["digits"].items():
        print(f"{digit}  {row['right']:3} of {row['total']} read right")
    for miss in record["misses"]:
        print(
            "{digit} read as {answer} ({confidence:.0%} sure): {hand}, variation {variation}".format(
                **miss
            )
        )
    answered, painted, waited = np.percentile(times, 95, axis=0)
    print(f"{record['right']} of {record['total']} drawings read right; {record['unsure']} not surely")
    print(
        f"Of {len(times)} mouse events, 95 % were answered within {answered:.1f} ms and the answer "
        f"painted within {painted:.1f} ms; the browser had kept them back for up to {waited:.1f} ms."
    )


def main() -> None:
    """Read the command line, draw, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="the built book")
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "drawings.json")
    parser.add_argument(
        "--variations", type=int, default=handwriting.VARIATIONS, help="drawings of each hand"
    )
    options = parser.parse_args()
    page = (options.site / "book" / "draw.html").resolve()
    if not page.is_file():
        sys.exit(f"There is no drawing page at {page}; run `make book` first.")
    record, times = asyncio.run(measure(page.as_uri(), options.variations))
    show(record, times)
    with atomic_write(options.output) as fresh:
        fresh.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
