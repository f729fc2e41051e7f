// @ts-check
/* The loss of a network of two weights, which tells two kinds of digits apart by two of their features:
 * p = 1 / (1 + exp(-(w1 f1 + w2 f2))) is the probability of the second kind. */
import { PIXELS } from "./learning.js";

/**
 * The mean grey levels of two blocks of each digit, both shifted and scaled to mean 0 and deviation 1.
 *
 * @param {Uint8Array} images
 * @param {number[]} chosen which digits
 * @param {[rows: [number, number], columns: [number, number]][]} blocks
 */
export function features(images, chosen, blocks) {
  return blocks.map(([[top, bottom], [left, right]]) => {
    const means = chosen.map((index) => {
      let sum = 0;
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += images[PIXELS * index + 28 * y + x];
      return sum;
    });
    const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
    const deviation = Math.sqrt(means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / means.length) || 1;
    return means.map((value) => (value - mean) / deviation);
  });
}

/**
 * The mean loss and its slopes along both weights.
 *
 * @param {number[][]} features two rows of numbers
 * @param {boolean[]} second whether a digit is of the second kind
 * @param {[number, number]} weights
 */
export function lossOf([one, other], second, [first, last]) {
  let loss = 0, alongFirst = 0, alongLast = 0;
  second.forEach((truth, k) => {
    const sum = first * one[k] + last * other[k], p = 1 / (1 + Math.exp(-sum));
    loss += Math.log1p(Math.exp(-Math.abs(sum))) + Math.max(0, truth ? -sum : sum);
    alongFirst += (p - (truth ? 1 : 0)) * one[k];
    alongLast += (p - (truth ? 1 : 0)) * other[k];
  });
  return { loss: loss / second.length, slopes: [alongFirst / second.length, alongLast / second.length] };
}
