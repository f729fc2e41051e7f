// @ts-check
/* Fits a network's last layer anew to a few examples of somebody's own, and keeps what it could.
 *
 * The layer's probabilities are softmax(f W + b) of the features f that it is given. What is made small is the
 * mean cross-entropy on one's own examples, plus that on `anchors`, digits of its old trade, plus pull / 2
 * times the squared distance of W and b from where they were; by gradient descent with momentum. A class that
 * is new starts with no weights. */
import { softmax } from "./learning.js";

const PULL = 0.01, STEPS = 200, RATE = 1, MOMENTUM = 0.9;

/**
 * @typedef {{ kernel: Float64Array, bias: Float64Array, classes: number }} Last kernel: features by classes
 * @typedef {{ features: Float64Array, label: number }} Example
 */

/**
 * @param {Last} start
 * @param {number} classes of the fitted layer, those of `start` first
 * @param {Example[]} own
 * @param {Example[]} anchors
 * @returns {Last}
 */
export function fitted(start, classes, own, anchors) {
  const inputs = start.kernel.length / start.classes;
  const origin = widened(start, classes);
  const kernel = Float64Array.from(origin.kernel), bias = Float64Array.from(origin.bias);
  const speed = [new Float64Array(kernel.length), new Float64Array(bias.length)];
  for (let step = 0; step < STEPS; step++) {
    const along = kernel.map((value, k) => PULL * (value - origin.kernel[k]));
    const alongBias = bias.map((value, k) => PULL * (value - origin.bias[k]));
    for (const examples of [own, anchors]) {
      for (const { features, label } of examples) {
        const error = probabilities({ kernel, bias, classes }, features);
        error[label] -= 1;
        for (let k = 0; k < classes; k++) {
          const share = error[k] / examples.length;
          alongBias[k] += share;
          for (let i = 0; i < inputs; i++) along[i * classes + k] += share * features[i];
        }
      }
    }
    descend(kernel, speed[0], along);
    descend(bias, speed[1], alongBias);
  }
  return { kernel, bias, classes };
}

/**
 * @param {Last} layer
 * @param {ArrayLike<number>} features
 * @param {number} [temperature]
 */
export function probabilities({ kernel, bias, classes }, features, temperature = 1) {
  const sums = Float64Array.from(bias);
  for (let i = 0; i < features.length; i++) {
    if (features[i]) for (let k = 0; k < classes; k++) sums[k] += features[i] * kernel[i * classes + k];
  }
  return softmax(sums.map((sum) => sum / temperature));
}

/** The share of examples that a layer reads right. @param {Last} layer @param {Example[]} examples */
export function accuracy(layer, examples) {
  const right = examples.filter(({ features, label }) => {
    const found = probabilities(layer, features);
    return found.indexOf(Math.max(...found)) === label;
  });
  return right.length / examples.length;
}

/**
 * The accuracy on one's own examples, each read by a layer that was fitted without it and its part.
 *
 * @param {Last} start
 * @param {number} classes
 * @param {Example[]} own
 * @param {Example[]} anchors
 * @param {number} [parts]
 */
export function heldOut(start, classes, own, anchors, parts = 5) {
  const folds = Math.min(parts, own.length);
  let right = 0;
  for (let fold = 0; fold < folds; fold++) {
    const kept = own.filter((_, k) => k % folds !== fold), left = own.filter((_, k) => k % folds === fold);
    right += accuracy(fitted(start, classes, kept, anchors), left) * left.length;
  }
  return right / own.length;
}

/** @param {Last} start @param {number} classes @returns {Last} */
function widened({ kernel, bias, classes: before }, classes) {
  const inputs = kernel.length / before, lowest = Math.min(...bias);
  return {
    kernel: Float64Array.from({ length: inputs * classes }, (_, k) =>
      k % classes < before ? kernel[Math.floor(k / classes) * before + (k % classes)] : 0),
    bias: Float64Array.from({ length: classes }, (_, k) => bias[k] ?? lowest),
    classes,
  };
}

/** @param {Float64Array} values @param {Float64Array} speed @param {Float64Array} slopes */
function descend(values, speed, slopes) {
  for (let k = 0; k < values.length; k++) {
    speed[k] = MOMENTUM * speed[k] - RATE * slopes[k];
    values[k] += speed[k];
  }
}
