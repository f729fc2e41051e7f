/* A last layer that learns a few examples and keeps what it could. */
import assert from "node:assert/strict";
import test from "node:test";
import { accuracy, fitted, heldOut, probabilities } from "../../book/figures/parts/adapt.js";
import { random } from "../../book/figures/parts/learning.js";

const next = random(2), INPUTS = 6;
/** Features near a corner of their own for each label. */
const example = (label) => ({
  label, features: Float64Array.from({ length: INPUTS }, (_, k) => (k === label ? 1 : 0) + 0.2 * next()),
});
const LAST = {
  kernel: Float64Array.from({ length: INPUTS * 3 }, (_, k) => (Math.floor(k / 3) === k % 3 ? 6 : 0)),
  bias: new Float64Array(3), classes: 3,
};
const anchors = Array.from({ length: 60 }, (_, k) => example(k % 3));
const exam = Array.from({ length: 60 }, (_, k) => example(k % 3));

test("a sign that it has never seen becomes a class of its own", () => {
  const own = Array.from({ length: 3 }, () => example(3)), layer = fitted(LAST, 4, own, anchors);
  assert.equal(accuracy(layer, Array.from({ length: 20 }, () => example(3))), 1);
  assert.equal(accuracy(layer, exam), 1);
  assert.equal(accuracy(LAST, Array.from({ length: 20 }, () => example(3))), 0);
});

test("without examples of its own nothing is forgotten", () => {
  const layer = fitted(LAST, 3, [], anchors);
  assert.equal(accuracy(layer, exam), accuracy(LAST, exam));
});

test("examples are examined by layers that have not seen them", () => {
  // Labels that contradict one another can be learned by heart and not be told from anything else.
  const own = Array.from({ length: 8 }, (_, k) => ({ features: example(4).features, label: k % 2 }));
  assert.ok(heldOut(LAST, 3, own, anchors) <= 0.75);
});

test("a temperature makes answers less sure and leaves them", () => {
  const { features } = example(1), [sharp, soft] = [1, 4].map((t) => probabilities(LAST, features, t));
  assert.equal(sharp.indexOf(Math.max(...sharp)), soft.indexOf(Math.max(...soft)));
  assert.ok(Math.max(...sharp) > Math.max(...soft));
});
