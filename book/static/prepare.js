// @ts-check
"use strict";
/* From a drawing of any size to the 28x28 image that a network is fed: prepare_drawing of
 * src/digitbook/images/prepare.py in JavaScript. Both compute with whole numbers until a quotient is
 * rounded, so that both give the same bytes (tests/golden/drawings.json). */
window.digitbookPrepare = (() => {
  const SIDE = 28, BOX = 20;
  const INK = 1 / 8; // of the strongest pixel: what counts as ink when the box is laid around it

  /**
   * Returns 784 whole numbers from 0 to 255, row by row; all are 0 if the drawing is empty, and only then.
   *
   * @param {ArrayLike<number> & Iterable<number>} ink whole numbers 0 (background) to 255, row by row
   * @param {number} width
   * @param {number} height
   */
  function prepareDrawing(ink, width, height) {
    if (!(width > 0 && height > 0 && ink.length === width * height)) {
      throw new RangeError(`A drawing of ${width} by ${height} pixels cannot have ${ink.length} of them.`);
    }
    const strongest = largest(ink);
    if (!strongest) return new Uint8Array(SIDE * SIDE);
    const box = boxAround(ink, width, height, INK * strongest);
    return centred(stretched(areaSums(ink, width, box)));
  }

  /** @param {Iterable<number>} values */
  function largest(values) {
    let found = 0;
    for (const value of values) if (value > found) found = value;
    return found;
  }

  /**
   * The smallest rectangle that holds every pixel of at least `threshold`; `right` and `bottom` lie
   * outside of it.
   *
   * @param {ArrayLike<number>} ink
   * @param {number} width
   * @param {number} height
   * @param {number} threshold
   */
  function boxAround(ink, width, height, threshold) {
    let left = width, right = 0, top = height, bottom = 0;
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (ink[i] < threshold) continue;
        if (x < left) left = x;
        if (x >= right) right = x + 1;
        if (y < top) top = y;
        bottom = y + 1;
      }
    }
    return { left, right, top, bottom };
  }

  /**
   * Resample the box, extended to an n by n square, to 20 by 20 by exact area averaging. Each new
   * pixel is the mean of the area it covers, times n * n.
   *
   * @param {ArrayLike<number>} ink
   * @param {number} width
   * @param {ReturnType<typeof boxAround>} box
   */
  function areaSums(ink, width, { left, right, top, bottom }) {
    const n = Math.max(right - left, bottom - top);
    const columns = coverage(right - left, n), rows = coverage(bottom - top, n);
    const sums = new Float64Array(BOX * BOX);
    for (let y = top; y < bottom; y++) {
      const row = new Float64Array(BOX);
      for (let x = left; x < right; x++) {
        const value = ink[y * width + x];
        if (value) for (const { to, share } of columns[x - left]) row[to] += share * value;
      }
      for (const { to, share } of rows[y - top]) {
        for (let x = 0; x < BOX; x++) sums[BOX * to + x] += share * row[x];
      }
    }
    return sums;
  }

  /**
   * For each of `extent` old pixels in the middle of `n` (an odd one missing is added at the end):
   * the new pixels it reaches into, and by how much in 1/20 of an old pixel.
   *
   * @param {number} extent
   * @param {number} n
   */
  function coverage(extent, n) {
    const before = Math.floor((n - extent) / 2);
    return Array.from({ length: extent }, (_, k) => {
      const start = BOX * (before + k), end = start + BOX, parts = [];
      for (let to = Math.floor(start / n); n * to < end; to++) {
        parts.push({ to, share: Math.min(end, n * (to + 1)) - Math.max(start, n * to) });
      }
      return parts;
    });
  }

  /**
   * Scale so that the largest value is 255, and round; halves are rounded up.
   *
   * @param {Float64Array} sums
   */
  function stretched(sums) {
    const strongest = largest(sums);
    return Uint8Array.from(sums, (sum) => Math.floor((510 * sum + strongest) / (2 * strongest)));
  }

  /**
   * Put the box into 28 by 28 with its centre of mass within half a pixel of pixel (14, 14).
   *
   * @param {Uint8Array} box
   */
  function centred(box) {
    let total = 0, across = 0, downwards = 0;
    box.forEach((value, i) => {
      total += value;
      across += value * (i % BOX);
      downwards += value * Math.floor(i / BOX);
    });
    const right = shift(total, across), down = shift(total, downwards);
    const image = new Uint8Array(SIDE * SIDE);
    box.forEach((value, i) => {
      const x = (i % BOX) + right, y = Math.floor(i / BOX) + down;
      if (x >= 0 && x < SIDE && y >= 0 && y < SIDE) image[SIDE * y + x] = value;
    });
    return image;
  }

  /**
   * By how many whole pixels to move the centre of mass, moment / total, to bring it to 14.
   *
   * @type {(total: number, moment: number) => number}
   */
  const shift = (total, moment) => Math.floor((29 * total - 2 * moment) / (2 * total));

  return { prepareDrawing };
})();
