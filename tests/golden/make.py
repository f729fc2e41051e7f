"""Write drawings.json: drawings, and the 28x28 images that both preprocessings must make of them.

    python tests/golden/make.py

The images come from `reference` below, not from the library: it follows the words of the contract
(the docstring of `prepare_drawing`) pixel by pixel, in fractions, and takes its time.
"""

import json
from fractions import Fraction
from itertools import groupby, pairwise
from math import floor
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("drawings.json")


def reference(ink):
    """Prepare a uint8 drawing: crop, make square, average areas, stretch, centre the mass."""
    strongest = int(ink.max())
    image = np.zeros((28, 28), "uint8")
    if strongest == 0:
        return image
    rows = [y for y in range(ink.shape[0]) if 8 * int(ink[y].max()) >= strongest]
    columns = [x for x in range(ink.shape[1]) if 8 * int(ink[:, x].max()) >= strongest]
    height, width = rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    n = max(height, width)
    # Where the crop lies in the square: an odd pixel of background goes to the right or below.
    y_start, x_start = (n - height) // 2, (n - width) // 2

    # Lengths are counted in twentieths of an old pixel, of which a new pixel is n high and wide.
    sums = [[0] * 20 for _ in range(20)]
    for y in range(height):
        for x in range(width):
            value = int(ink[rows[0] + y, columns[0] + x])
            if value:
                for row, tall in covered(20 * (y_start + y), n):
                    for column, wide in covered(20 * (x_start + x), n):
                        sums[row][column] += value * tall * wide
    means = [[Fraction(total, n * n) for total in line] for line in sums]

    highest = max(map(max, means))
    box = [[floor(255 * mean / highest + Fraction(1, 2)) for mean in line] for line in means]
    total = sum(map(sum, box))
    y_centre = Fraction(sum(y * sum(box[y]) for y in range(20)), total)
    x_centre = Fraction(sum(x * box[y][x] for y in range(20) for x in range(20)), total)
    down, right = floor(Fraction(29, 2) - y_centre), floor(Fraction(29, 2) - x_centre)
    for y in range(20):
        for x in range(20):
            if 0 <= y + down < 28 and 0 <= x + right < 28:
                image[y + down, x + right] = box[y][x]
    return image


def covered(start, n):
    """List the new pixels that the old one from `start` to `start + 20` reaches into, and how far."""
    shared = [(new, min(start + 20, (new + 1) * n) - max(start, new * n)) for new in range(20)]
    return [(new, length) for new, length in shared if length > 0]


def stroke(height, width, points, radius, strongest=255):
    """Draw a line of round pen marks through `points`, (x, y), with an edge one pixel soft."""
    y, x = np.mgrid[:height, :width]
    distance = np.full((height, width), np.inf)
    for (x0, y0), (x1, y1) in pairwise(points):
        length = (x1 - x0) ** 2 + (y1 - y0) ** 2
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / max(length, 1), 0, 1)
        across = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
        distance = np.minimum(distance, across)
    # In quarters, so that no computer rounds a pixel the other way.
    return (np.clip(np.round(4 * (radius + 0.5 - distance)), 0, 4) * strongest / 4).astype("uint8")


def drawings():
    """Return the drawings by name: uint8 of any shape."""
    seven = [(20, 20), (80, 20), (45, 110)]
    two = [(12, 18), (20, 8), (34, 8), (40, 18), (36, 30), (10, 56), (44, 56)]
    random = np.random.RandomState(0)  # its stream is frozen by NumPy's compatibility policy
    dot = np.zeros((40, 30), "uint8")
    dot[11, 7] = 200
    specked = stroke(64, 52, two, 3)
    specked[2:4, 49:51] = 31  # just too faint to count as ink
    counted = specked.copy()
    counted[2:4, 49:51] = 32
    return {
        "empty": np.zeros((17, 23), "uint8"),
        "one pixel, empty": np.zeros((1, 1), "uint8"),
        "one pixel, inked": np.full((1, 1), 9, "uint8"),
        "one dot": dot,
        "off-centre": stroke(140, 180, [(x + 95, y + 25) for x, y in seven], 5),
        "tiny": stroke(12, 10, [(2, 2), (7, 2), (4, 9)], 0.5),
        "five by five": np.array(
            [[0, 9, 9, 9, 0], [0, 0, 0, 9, 0], [0, 0, 9, 0, 0], [0, 9, 0, 0, 0], [0, 9, 0, 0, 0]],
            "uint8",
        ),
        "huge": stroke(300, 200, [(2 * x, 2 * y) for x, y in seven], 14),
        "thick": stroke(130, 100, seven, 16),
        "thin": stroke(130, 100, seven, 0.5),
        "wide": stroke(40, 190, [(15, 20), (120, 14), (170, 28)], 4),
        "tall, odd width": stroke(151, 41, [(22, 12), (18, 75), (20, 138)], 3),
        "a line one pixel wide": np.full((1, 90), 255, "uint8"),
        "exactly the box": np.kron(random.randint(0, 2, (5, 5)), np.full((4, 4), 255)).astype("uint8"),
        "touching the border": stroke(60, 48, [(0, 0), (47, 5), (20, 59)], 4),
        "faint": stroke(64, 52, two, 3, strongest=12),
        "a speck too faint to count": specked,
        "a speck that counts": counted,
        "mass at one end": stroke(120, 90, [(14, 14), (18, 16)], 12)
        | stroke(120, 90, [(14, 14), (80, 110)], 1),
        "noise": random.randint(0, 256, (37, 53)).astype("uint8"),
    }


def written(pixels):
    """Return an array's pixels row by row as text: `0*17 255*3` is 17 times 0, then 3 times 255."""
    return " ".join(f"{value}*{len(list(run))}" for value, run in groupby(pixels.ravel().tolist()))


def read(text):
    """Return the pixels that `written` wrote, as one row of uint8."""
    runs = [run.split("*") for run in text.split()]
    return np.repeat([int(value) for value, _ in runs], [int(times) for _, times in runs]).astype(
        "uint8"
    )


def content():
    """Return what the file is to hold, as text."""
    entries = [
        {
            "name": name,
            "height": ink.shape[0],
            "width": ink.shape[1],
            "ink": written(ink),
            "prepared": written(reference(ink)),
        }
        for name, ink in drawings().items()
    ]
    return json.dumps(entries, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(content())
