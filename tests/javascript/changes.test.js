/* Changes that leave a digit as it is at no strength, and amounts between the recorded ones. */
import assert from "node:assert/strict";
import test from "node:test";
import { amountAt, CHANGES } from "../../book/figures/parts/changes.js";

const image = Uint8Array.from({ length: 784 }, (_, k) => (k % 28 > 8 && k % 28 < 12 && k > 150 && k < 600 ? 200 : 0));

test("between two strengths the amount is between theirs", () => {
  assert.equal(amountAt([0.9, 0.8, 0.7, 0.6, 0.5], 1, 0), 1);
  assert.equal(amountAt([10, 20, 30, 40, 50], 0, 2.5), 25);
  assert.equal(amountAt([10, 20, 30, 40, 50], 0, 5), 50);
});

test("a change by nothing changes nothing", () => {
  for (const [name, none] of Object.entries({ shift: 0, rotation: 0, noise: 0, occlusion: 0, contrast: 1 })) {
    assert.deepEqual(CHANGES[name](image, none), image, name);
  }
});

test("a shift by whole pixels moves each level", () => {
  const moved = CHANGES.shift(image, 3);
  for (let k = 3; k < 784; k++) if (k % 28 >= 3) assert.equal(moved[k], image[k - 3]);
});
