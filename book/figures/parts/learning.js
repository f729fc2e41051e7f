// @ts-check
/* A network of one or two layers, trained by plain gradient descent: what the figures of chapter 4 compute.
 *
 * x is a row of 784 grey levels from 0 to 1; with no hidden units the network is a softmax layer, else
 *     h = relu(x U + a),   p = softmax(h V + b).
 * The loss is the mean cross-entropy -ln p of the true class, plus decay / 2 times the sum of the squared
 * weights (not biases). U and V start uniform in ±sqrt(6 / (inputs + outputs)) (Glorot and Bengio, 2010).
 * Most pixels of a digit are 0: sums and slopes skip them. */

export const PIXELS = 784;

/**
 * Numbers from 0 to 1 by xorshift32 (Marsaglia, 2003), the same on every machine.
 *
 * @param {number} seed
 */
export function random(seed) {
  let state = (Math.imul(seed + 1, 0x9e3779b9) | 1) >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/**
 * The whole numbers below `count` in a random order (Fisher and Yates).
 *
 * @param {number} count
 * @param {() => number} next
 */
export function shuffled(count, next) {
  const order = Uint32Array.from({ length: count }, (_, k) => k);
  for (let k = count - 1; k > 0; k--) {
    const other = Math.floor(next() * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}

/**
 * A set of digits with the places of its ink, by which all sums go.
 *
 * @typedef {{ count: number, starts: Uint32Array, pixels: Uint16Array, levels: Float64Array, labels: Uint8Array }} Inked
 *
 * @param {Uint8Array} images 784 levels from 0 to 255 a digit
 * @param {Uint8Array} labels
 * @returns {Inked}
 */
export function inked(images, labels) {
  const count = images.length / PIXELS;
  const starts = new Uint32Array(count + 1), found = images.reduce((sum, level) => sum + (level ? 1 : 0), 0);
  const pixels = new Uint16Array(found), levels = new Float64Array(found);
  for (let k = 0, at = 0; k < count; k++) {
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const level = images[PIXELS * k + pixel];
      if (level) [pixels[at], levels[at++]] = [pixel, level / 255];
    }
    starts[k + 1] = at;
  }
  return { count, starts, pixels, levels, labels };
}

export class Network {
  /**
   * @param {number} hidden units of the hidden layer; 0 for a softmax layer alone
   * @param {number} classes
   * @param {number} seed
   */
  constructor(hidden, classes, seed) {
    this.hidden = hidden;
    this.classes = classes;
    const next = random(seed);
    const first = hidden || classes;
    this.U = glorot(PIXELS, first, next);
    this.a = new Float64Array(first);
    this.V = hidden ? glorot(hidden, classes, next) : new Float64Array();
    this.b = hidden ? new Float64Array(classes) : new Float64Array();
    this.slopes = [this.U, this.a, this.V, this.b].map((each) => new Float64Array(each.length));
    this.sums = new Float64Array(first); // of the first layer, after ReLU where it is hidden
    this.probabilities = new Float64Array(classes);
  }

  /**
   * Compute `probabilities` of one digit, and return them.
   *
   * @param {Inked} digits
   * @param {number} index
   */
  answer({ starts, pixels, levels }, index) {
    const { U, V, sums, probabilities, hidden, classes } = this, units = sums.length;
    sums.set(this.a);
    for (let at = starts[index]; at < starts[index + 1]; at++) {
      const level = levels[at], row = pixels[at] * units;
      for (let unit = 0; unit < units; unit++) sums[unit] += level * U[row + unit];
    }
    if (hidden) {
      probabilities.set(this.b);
      for (let unit = 0; unit < hidden; unit++) {
        if (sums[unit] <= 0) { sums[unit] = 0; continue; }
        for (let k = 0; k < classes; k++) probabilities[k] += sums[unit] * V[unit * classes + k];
      }
    } else {
      probabilities.set(sums);
    }
    return softmax(probabilities);
  }

  /**
   * Go one step downhill on a batch and return its mean loss before the step, without the decay's part.
   *
   * @param {Inked} digits
   * @param {ArrayLike<number>} batch
   * @param {number} rate
   * @param {number} decay
   */
  step(digits, batch, rate, decay) {
    const [dU, da, dV, db] = this.slopes, { U, V, sums, hidden, classes } = this, units = sums.length;
    for (const each of this.slopes) each.fill(0);
    const back = new Float64Array(units);
    let loss = 0;
    for (let n = 0; n < batch.length; n++) {
      const index = batch[n], error = this.answer(digits, index), label = digits.labels[index];
      loss -= Math.log(Math.max(error[label], Number.MIN_VALUE));
      error[label] -= 1; // the slopes of the loss along the last sums are p - y
      if (hidden) {
        for (let unit = 0; unit < hidden; unit++) {
          let slope = 0;
          if (sums[unit] > 0) {
            for (let k = 0; k < classes; k++) {
              slope += error[k] * V[unit * classes + k];
              dV[unit * classes + k] += error[k] * sums[unit];
            }
          }
          back[unit] = slope;
        }
        for (let k = 0; k < classes; k++) db[k] += error[k];
      } else {
        back.set(error);
      }
      for (let unit = 0; unit < units; unit++) da[unit] += back[unit];
      for (let at = digits.starts[index]; at < digits.starts[index + 1]; at++) {
        const level = digits.levels[at], row = digits.pixels[at] * units;
        for (let unit = 0; unit < units; unit++) dU[row + unit] += level * back[unit];
      }
    }
    descend(U, dU, rate / batch.length, rate * decay);
    descend(this.a, da, rate / batch.length, 0);
    descend(V, dV, rate / batch.length, rate * decay);
    descend(this.b, db, rate / batch.length, 0);
    return loss / batch.length;
  }

  /**
   * The mean loss and accuracy on the first `count` digits, and how often which class was answered as which.
   *
   * @param {Inked} digits
   * @param {number} [count]
   */
  evaluate(digits, count = digits.count) {
    const matrix = new Uint32Array(this.classes * this.classes);
    let loss = 0, right = 0;
    for (let index = 0; index < count; index++) {
      const p = this.answer(digits, index), label = digits.labels[index];
      let best = 0;
      for (let k = 1; k < p.length; k++) if (p[k] > p[best]) best = k;
      loss -= Math.log(Math.max(p[label], Number.MIN_VALUE));
      right += best === label ? 1 : 0;
      matrix[label * this.classes + best]++;
    }
    return { loss: loss / count, accuracy: right / count, matrix };
  }
}

/** @param {Float64Array} values @param {Float64Array} slopes @param {number} rate @param {number} shrink */
function descend(values, slopes, rate, shrink) {
  for (let k = 0; k < values.length; k++) values[k] -= rate * slopes[k] + shrink * values[k];
}

/** @param {number} inputs @param {number} outputs @param {() => number} next */
function glorot(inputs, outputs, next) {
  const most = Math.sqrt(6 / (inputs + outputs));
  return Float64Array.from({ length: inputs * outputs }, () => most * (2 * next() - 1));
}

/** Turn sums into probabilities in place. @param {Float64Array} sums */
export function softmax(sums) {
  let most = -Infinity, total = 0;
  for (const value of sums) if (value > most) most = value;
  for (let k = 0; k < sums.length; k++) total += sums[k] = Math.exp(sums[k] - most);
  for (let k = 0; k < sums.length; k++) sums[k] /= total;
  return sums;
}
