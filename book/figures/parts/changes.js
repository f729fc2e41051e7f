// @ts-check
/* The changes of chapter 12 on one digit, as digitbook.images.corruptions makes them on many. What is drawn
 * at random there is fixed here: a shift to the right, a turn clockwise, one pattern of noise, one place of
 * the square. Amounts are in the units of the chapter. */
import { random } from "./learning.js";

const SIDE = 28, FINE = 4;

/** @typedef {(image: Uint8Array, amount: number) => Uint8Array} Change */

/** @param {number} value */
const grey = (value) => Math.min(255, Math.max(0, Math.round(value)));

/** @param {(x: number, y: number) => number} level */
const drawn = (level) => Uint8Array.from({ length: SIDE * SIDE }, (_, k) => grey(level(k % SIDE, Math.floor(k / SIDE))));

/**
 * The level between pixels, by their distance; paper beyond the edges.
 *
 * @param {ArrayLike<number>} image
 * @param {number} x
 * @param {number} y
 */
function between(image, x, y) {
  const left = Math.floor(x), top = Math.floor(y);
  let sum = 0;
  for (const [column, row] of [[left, top], [left + 1, top], [left, top + 1], [left + 1, top + 1]]) {
    if (column < 0 || row < 0 || column >= SIDE || row >= SIDE) continue;
    sum += image[SIDE * row + column] * (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
  }
  return sum;
}

/** @type {Change} */
const shift = (image, pixels) => drawn((x, y) => between(image, x - pixels, y));

/** @type {Change} */
function rotation(image, degrees) {
  const [sine, cosine] = [Math.sin, Math.cos].map((each) => each((degrees * Math.PI) / 180)), middle = (SIDE - 1) / 2;
  return drawn((x, y) => {
    const [right, down] = [x - middle, y - middle];
    return between(image, middle + cosine * right + sine * down, middle - sine * right + cosine * down);
  });
}

/** Each pixel is the mean of many points of what it covers. @type {Change} */
function scale(image, factor) {
  const points = [-0.375, -0.125, 0.125, 0.375], middle = (SIDE - 1) / 2;
  return drawn((x, y) => {
    let sum = 0;
    for (const right of points) {
      for (const down of points) {
        sum += between(image, middle + (x + right - middle) / factor, middle + (y + down - middle) / factor);
      }
    }
    return sum / points.length ** 2;
  });
}

/**
 * Move the edge of the ink by half of `pixels`, with a disc on a finer image.
 *
 * @param {Uint8Array} image
 * @param {number} pixels
 * @param {(a: number, b: number) => number} choose
 */
function morphed(image, pixels, choose) {
  const side = FINE * SIDE, radius = (FINE * pixels) / 2, reach = Math.floor(radius);
  /** @type {[number, number][]} */
  const disc = [];
  const place = (/** @type {number} */ k) => (k + 0.5) / FINE - 0.5;
  const clamped = (/** @type {number} */ value) => Math.min(SIDE - 1, Math.max(0, value));
  const fine = Float32Array.from({ length: side * side }, (_, k) =>
    between(image, clamped(place(k % side)), clamped(place(Math.floor(k / side)))));
  for (let down = -reach; down <= reach; down++) {
    for (let right = -reach; right <= reach; right++) if (Math.hypot(right, down) <= radius) disc.push([right, down]);
  }
  const found = Float32Array.from({ length: side * side }, (_, k) => {
    const x = k % side, y = Math.floor(k / side);
    let best = fine[k];
    for (const [right, down] of disc) {
      const column = Math.min(side - 1, Math.max(0, x + right)), row = Math.min(side - 1, Math.max(0, y + down));
      best = choose(best, fine[side * row + column]);
    }
    return best;
  });
  return drawn((x, y) => {
    let sum = 0;
    for (let k = 0; k < FINE * FINE; k++) sum += found[side * (FINE * y + Math.floor(k / FINE)) + FINE * x + (k % FINE)];
    return sum / FINE ** 2;
  });
}

/** @type {Change} */
const thinner = (image, pixels) => morphed(image, pixels, Math.min);
/** @type {Change} */
const thicker = (image, pixels) => morphed(image, pixels, Math.max);

/** @type {Change} */
function blur(image, pixels) {
  const reach = Math.ceil(4 * pixels), weights = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-((k - reach) ** 2) / (2 * pixels ** 2)));
  const total = weights.reduce((a, b) => a + b);
  /** @param {ArrayLike<number>} from @param {number} step @param {(k: number) => number} along */
  const once = (from, step, along) => Float32Array.from({ length: SIDE * SIDE }, (_, k) => {
    let sum = 0;
    weights.forEach((weight, n) => {
      const by = n - reach, at = along(k) + by;
      if (at >= 0 && at < SIDE) sum += weight * from[k + step * by];
    });
    return sum / total;
  });
  return Uint8Array.from(once(once(image, 1, (k) => k % SIDE), SIDE, (k) => Math.floor(k / SIDE)), grey);
}

/** Numbers of a normal distribution (Box and Muller, 1958), always the same. */
const NOISE = (() => {
  const next = random(1);
  return Float32Array.from({ length: SIDE * SIDE }, () =>
    Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next()));
})();

/** @type {Change} */
const noise = (image, levels) => image.map((level, k) => grey(level + levels * NOISE[k]));

/** @type {Change} */
const occlusion = (image, pixels) => image.map((level, k) =>
  Math.abs((k % SIDE) - 15) < pixels / 2 && Math.abs(Math.floor(k / SIDE) - 11) < pixels / 2 ? 0 : level);

/** @type {Change} */
const contrast = (image, share) => image.map((level) => grey(127.5 + share * (level - 127.5)));

/** @type {Record<string, Change>} */
export const CHANGES = { shift, rotation, scale, thinner, thicker, blur, noise, occlusion, contrast };

/**
 * The amount at a strength between 0, none, and the last, from the amounts at 1, 2, and so on.
 *
 * @param {readonly number[]} amounts
 * @param {number} none
 * @param {number} strength
 */
export function amountAt(amounts, none, strength) {
  const all = [none, ...amounts], below = Math.min(Math.floor(strength), all.length - 2);
  return all[below] + (strength - below) * (all[below + 1] - all[below]);
}
