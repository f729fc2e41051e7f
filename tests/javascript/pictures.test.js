/* Convolution, pooling, axes and packed digits. */
import assert from "node:assert/strict";
import test from "node:test";
import { deflateSync } from "node:zlib";
import { convolve, patch, pool } from "../../book/figures/parts/convolution.js";
import { unpacked } from "../../book/figures/parts/digits.js";
import { ticks } from "../../book/figures/parts/svg.js";

const IMAGE = [
  0, 1, 2, 3,
  4, 5, 6, 7,
  8, 9, 10, 11,
  12, 13, 14, 15,
];

test("a patch is what the kernel lies on", () => {
  assert.deepEqual(patch(IMAGE, 9, 0), [0, 1, 2, 4, 5, 6, 8, 9, 10]);
  assert.deepEqual(patch(IMAGE, 9, 3), [5, 6, 7, 9, 10, 11, 13, 14, 15]);
});

test("a map holds the sum of products of each patch", () => {
  assert.deepEqual([...convolve(IMAGE, [-1, 0, 1, -1, 0, 1, -1, 0, 1])], [6, 6, 6, 6]);
  assert.deepEqual([...convolve(IMAGE, [0, 0, 0, 1])], [5, 6, 7, 9, 10, 11, 13, 14, 15]);
});

test("pooling keeps the largest of each block and leaves out an odd rim", () => {
  assert.deepEqual([...pool(IMAGE)], [5, 7, 13, 15]);
  assert.deepEqual([...pool([9, 1, 7, 2, 3, 8, 5, 6, 4])], [9]);
});

test("axes have about four round steps and do not pass their end", () => {
  assert.deepEqual(ticks(2.5), [0, 1, 2]);
  assert.deepEqual(ticks(100), [0, 50, 100]);
  assert.deepEqual(ticks(6000), [0, 2000, 4000, 6000]);
});

test("digits come out as they went in", async () => {
  const bytes = Uint8Array.from({ length: 784 }, (_, k) => k % 256);
  assert.deepEqual(await unpacked(deflateSync(bytes).toString("base64")), bytes);
});
