// @ts-check
/* A training run that goes on step by step and keeps its curves. */
import { inked, Network, PIXELS, random, shuffled } from "./learning.js";

/**
 * @typedef {{ count: number, hidden: number, rate: number, batch: number, decay: number, seed: number }} Settings
 * @typedef {[step: number, training: number, validation: number]} Point of the curves of the loss
 */

export const MOST_STEPS = 6000;
const LEAST_BETWEEN = 10; // steps from one point of the curves to the next
const WATCHED = 1000; // digits that a point of the training curve is computed on, at most
const PICTURED = 20; // hidden units that are shown, at most

export class Session {
  /**
   * @param {{ images: Uint8Array, labels: Uint8Array, fit: number, classes: string[] }} digits
   * @param {Settings} settings
   */
  constructor({ images, labels, fit, classes }, settings) {
    const count = Math.min(settings.count, fit);
    this.settings = settings;
    this.digits = inked(images.subarray(0, PIXELS * count), labels.subarray(0, count));
    this.validation = inked(images.subarray(PIXELS * fit), labels.subarray(fit));
    this.network = new Network(settings.hidden, classes.length, settings.seed);
    this.next = random(settings.seed + 1000);
    this.order = shuffled(count, this.next);
    this.place = this.steps = 0;
    this.every = Math.max(LEAST_BETWEEN, Math.ceil(count / settings.batch / 4));
    /** @type {Point[]} */
    this.points = [];
    this.measure();
  }

  get epochs() { return (this.steps * this.settings.batch) / this.digits.count; }

  /** Why the run is over, or null. @returns {"diverged" | "finished" | null} */
  get ended() {
    const last = this.points[this.points.length - 1];
    if (!Number.isFinite(last[1]) || !Number.isFinite(last[2])) return "diverged";
    return this.steps >= MOST_STEPS ? "finished" : null;
  }

  /** One batch; the last one of an epoch takes what is left. */
  step() {
    const { batch, rate, decay } = this.settings;
    this.network.step(this.digits, this.order.subarray(this.place, this.place + batch), rate, decay);
    this.steps++;
    this.place += batch;
    if (this.place >= this.order.length) {
      this.order = shuffled(this.order.length, this.next);
      this.place = 0;
    }
    if (this.steps % this.every === 0) this.measure();
  }

  /** Add a point to the curves. */
  measure() {
    const training = this.network.evaluate(this.digits, Math.min(this.digits.count, WATCHED));
    this.found = this.network.evaluate(this.validation);
    this.points.push([this.steps, training.loss, this.found.loss]);
  }

  /** The weights of each class, or of the first hidden units, as pictures. */
  pictures() {
    const { U, sums } = this.network, units = sums.length;
    return Array.from({ length: Math.min(units, PICTURED) }, (_, unit) =>
      Float32Array.from({ length: PIXELS }, (_, pixel) => U[pixel * units + unit]));
  }
}
