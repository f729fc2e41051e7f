/* What the figures of chapter 4 compute: slopes against trying, runs against themselves. */
import assert from "node:assert/strict";
import test from "node:test";
import { inked, Network, PIXELS, random, shuffled, softmax } from "../../book/figures/parts/learning.js";
import { Session } from "../../book/figures/parts/session.js";
import { features, lossOf } from "../../book/figures/parts/slope.js";

/** Digits of three classes that differ in where their ink is. */
function made(count = 60) {
  const next = random(7), images = new Uint8Array(count * PIXELS), labels = new Uint8Array(count);
  for (let k = 0; k < count; k++) {
    labels[k] = k % 3;
    for (let ink = 0; ink < 40; ink++) images[PIXELS * k + 200 * labels[k] + Math.floor(260 * next())] = Math.floor(256 * next());
  }
  return { images, labels };
}

/** @param {import("../../book/figures/parts/session.js").Settings["count"]} count */
const digits = (count) => ({ ...made(count), fit: count - 20, classes: ["a", "b", "c"] });
const settings = { count: 40, hidden: 5, rate: 0.3, batch: 8, decay: 0, seed: 3 };

for (const hidden of [0, 5]) {
  test(`slopes agree with trying (${hidden} hidden units)`, () => {
    const { images, labels } = made(), set = inked(images, labels);
    const network = new Network(hidden, 3, 1), batch = [0, 1, 2, 3, 4];
    const loss = () => network.step(set, batch, 0, 0);
    loss();
    const slopes = network.slopes.map((each) => Float64Array.from(each));
    [network.U, network.a, network.V, network.b].forEach((table, t) => {
      for (let k = 0; k < table.length; k += Math.ceil(table.length / 50)) {
        const was = table[k], tiny = 1e-5;
        table[k] = was + tiny;
        const more = loss();
        table[k] = was - tiny;
        const less = loss();
        table[k] = was;
        assert.ok(Math.abs((more - less) / (2 * tiny) - slopes[t][k] / batch.length) < 1e-6, `table ${t}, ${k}`);
      }
    });
  });
}

test("weight decay shrinks weights and leaves biases", () => {
  const { images, labels } = made(), set = inked(images, labels);
  const [plain, decayed] = [new Network(4, 3, 1), new Network(4, 3, 1)];
  const before = Float64Array.from(plain.V);
  plain.step(set, [0, 1], 0.5, 0);
  decayed.step(set, [0, 1], 0.5, 0.1);
  decayed.V.forEach((value, k) => assert.ok(Math.abs(value - (plain.V[k] - 0.05 * before[k])) < 1e-12));
  assert.deepEqual(decayed.b, plain.b);
});

test("softmax is safe with large sums and adds up to 1", () => {
  const p = softmax(Float64Array.from([1000, 1000, -1000]));
  assert.deepEqual([...p], [0.5, 0.5, 0]);
});

test("a random order holds each number once, the same for the same seed", () => {
  const order = shuffled(100, random(4));
  assert.deepEqual([...order].sort((a, b) => a - b), [...Array(100).keys()]);
  assert.deepEqual(order, shuffled(100, random(4)));
  assert.notDeepEqual(order, shuffled(100, random(5)));
});

test("a run learns, and is the same again", () => {
  const [one, other] = [new Session(digits(60), settings), new Session(digits(60), settings)];
  for (let k = 0; k < 200; k++) { one.step(); other.step(); }
  assert.deepEqual(one.points, other.points);
  assert.equal(one.epochs, 40);
  assert.equal(one.points.length, 21); // one before the first step, one after every tenth
  assert.ok(one.found.accuracy > 0.9, `${one.found.accuracy}`);
  assert.equal(one.found.matrix.reduce((sum, count) => sum + count), 20);
  assert.equal(one.ended, null);
});

test("a run whose loss is no number any more says so", () => {
  const run = new Session(digits(60), { ...settings, hidden: 32, rate: 1e200 });
  for (let k = 0; k < 40 && !run.ended; k++) run.step();
  assert.equal(run.ended, "diverged");
});

test("the loss over two weights has the slopes that trying finds, far out, too", () => {
  const { images, labels } = made(), chosen = [...labels.keys()].filter((k) => labels[k] < 2);
  const found = features(images, chosen, [[[7, 13], [6, 12]], [[7, 13], [16, 22]]]);
  for (const row of found) assert.ok(Math.abs(row.reduce((a, b) => a + b)) < 1e-9);
  const second = chosen.map((k) => labels[k] === 1), tiny = 1e-5;
  for (const [x, y] of [[0, 0], [2, -1], [-800, 700]]) {
    const { loss, slopes } = lossOf(found, second, [x, y]);
    assert.ok(Number.isFinite(loss));
    const tried = lossOf(found, second, [x + tiny, y]).loss - lossOf(found, second, [x - tiny, y]).loss;
    assert.ok(Math.abs(tried / (2 * tiny) - slopes[0]) < 1e-4);
  }
});
