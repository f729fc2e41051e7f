// @ts-check
/* Another exam: as many digits drawn again from those of the test part, again and again. */
import { random } from "./parts/learning.js";
import { button, element, percent, spoken } from "./parts/page.js";
import { svg } from "./parts/svg.js";

const WIDTH = 340, HEIGHT = 150, FLOOR = 118, EDGE = 12;

/**
 * @param {HTMLElement} box
 * @param {{ right: number, total: number, low: number, high: number }} told low and high: the interval's ends
 */
function start(box, { right, total, low, high }) {
  const status = spoken(), text = element("p", { className: "score" }), more = element("p", { className: "more" });
  const drawn = svg("svg", { class: "exams", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const next = random(1);
  /** @type {number[]} */
  let scores = [];
  const reach = 1.8 * Math.max(high - right / total, right / total - low); // to either side of the score
  const x = (/** @type {number} */ score) => WIDTH / 2 + ((score - right / total) / reach) * (WIDTH / 2 - EDGE);
  const wide = Math.max(1, Math.round((12 * reach * total) / (WIDTH - 2 * EDGE))); // digits that share a bar
  const digits = total >= 5000 ? 2 : 1; // of a percentage that one test digit changes

  box.replaceChildren(drawn, text, more,
    element("div", { className: "buttons" }, Object.assign(button("Another exam", () => sit(1)), { className: "main" }),
      button("A hundred exams", () => sit(100)), button("Start over", () => { scores = []; show(); })),
    status);

  /** @param {number} count */
  function sit(count) {
    for (let exam = 0; exam < count; exam++) {
      let found = 0;
      for (let k = 0; k < total; k++) if (next() * total < right) found++;
      scores.push(found / total);
    }
    show();
    status.textContent = `${text.textContent} ${more.textContent}`;
  }

  function show() {
    /** @type {Map<number, number>} */
    const bins = new Map();
    const bin = (/** @type {number} */ score) => Math.round((score - right / total) * total / wide);
    for (const score of scores) bins.set(bin(score), (bins.get(bin(score)) ?? 0) + 1);
    const scale = Math.min(8, (FLOOR - 14) / Math.max(1, ...bins.values()));
    const last = scores[scores.length - 1];
    drawn.replaceChildren(
      svg("rect", { class: "interval", x: x(low), y: 0, width: x(high) - x(low), height: FLOOR }),
      svg("line", { class: "ours", x1: x(right / total), x2: x(right / total), y1: 0, y2: FLOOR }),
      ...[...bins].map(([place, count]) =>
        svg("rect", { class: place === (last === undefined ? NaN : bin(last)) ? "bar last" : "bar",
          x: x(right / total + (place * wide) / total) - 2.5, y: FLOOR - scale * count, width: 5, height: scale * count })),
      svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: FLOOR, y2: FLOOR }),
      ...[low, right / total, high].map((score) =>
        svg("text", { x: x(score), y: FLOOR + 18, "text-anchor": "middle" }, percent(score, digits))));
    const inside = scores.filter((score) => score >= low && score <= high).length;
    text.textContent = last === undefined ? `Our exam: ${percent(right / total, digits)}` : `Exam ${scores.length}: ${percent(last, digits)}`;
    more.textContent = last === undefined
      ? "The band is the 95% interval. Let the same network sit the exam again, on digits drawn anew from the same."
      : `${difference(Math.round((last - right / total) * total))} So far ${inside} of ${scores.length} ` +
        `${scores.length === 1 ? "exam" : "exams"} ended within the band.`;
    drawn.setAttribute("aria-label", `${scores.length} exams; ${inside} ended between ${percent(low, digits)} and ${percent(high, digits)}`);
  }

  /** @param {number} gained */
  function difference(gained) {
    if (!gained) return "Just as many right as in ours.";
    const mistakes = `${Math.abs(gained)} ${Math.abs(gained) === 1 ? "mistake" : "mistakes"}`;
    return gained > 0 ? `${mistakes} less than in ours.` : `${mistakes} more than in ours.`;
  }

  show();
}

window.digitbookFigures.exam = start;
