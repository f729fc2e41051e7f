// @ts-check
/* Drag a filter over a digit: the patch, the products, their sum, and the map that grows of them. */
import { convolve, patch, pool } from "./parts/convolution.js";
import { loadDigits, pictureOf } from "./parts/digits.js";
import { button, calm, choice, element, spoken } from "./parts/page.js";
import { canvas, paintInk } from "./parts/pictures.js";

const SIDE = 28;
/** @type {Record<string, number[]>} */
const FILTERS = {
  "left edges": [-1, 0, 1, -1, 0, 1, -1, 0, 1],
  "top edges": [-1, -1, -1, 0, 0, 0, 1, 1, 1],
  "level lines": [-1, -1, -1, 2, 2, 2, -1, -1, -1],
  "slants": [-1, -1, 2, -1, 2, -1, 2, -1, -1],
  "mean": [1, 1, 1, 1, 1, 1, 1, 1, 1],
};

/**
 * @param {HTMLElement} box
 * @param {{ learned?: number[][] }} told filters that the chapter's network has learned
 */
async function start(box, { learned = [] }) {
  const { images, labels, fit } = await loadDigits(), status = spoken();
  const fours = [...labels.keys()].filter((k) => k >= fit && labels[k] === Math.min(4, Math.max(...labels)));
  let index = fours[0] ?? fit, image = pictureOf(images, index), kernel = [...FILTERS["left edges"]], place = strongest();
  /** @type {Set<number>} */
  const visited = new Set();
  let sliding = 0;

  const digit = canvas("The digit"), frame = element("span", { className: "frame" });
  const ground = element("div", { className: "ground", tabIndex: 0, role: "application",
    "aria-label": "The digit. The arrow keys move the filter over it." }, digit, frame);
  const map = canvas("The feature map"), pooled = canvas("The pooled map");
  const products = element("div", { className: "products" });
  const sum = element("p", { className: "score" });
  const weights = element("div", { className: "kernel", role: "group", "aria-label": "The filter's weights" });
  const slide = button("Slide over all of it", () => (sliding ? stop() : begin()));
  slide.className = "main";
  const pad = window.digitbookPad({ changed: drawn, say: (text) => { status.textContent = text; } });
  pad.canvas.setAttribute("aria-label", "Canvas to draw a digit on, for the filter");
  pad.hint.textContent = "or draw your own";
  const names = [...Object.keys(FILTERS), ...learned.map((_, k) => `learned ${k + 1}`)];

  box.replaceChildren(
    choice("Filter", names, (chosen) => use(FILTERS[names[chosen]] ?? learned[chosen - Object.keys(FILTERS).length])),
    element("div", { className: "columns" },
      element("div", {}, ground, element("p", { className: "caption" }, "Drag the filter over the digit."),
        element("div", { className: "buttons" }, button("Another digit", another), slide)),
      element("div", {}, weights, element("p", { className: "caption" }, "The filter. Its numbers can be changed."), products, sum)),
    element("div", { className: "columns" },
      element("div", {}, map, element("p", { className: "caption" }, "The feature map, as far as the filter has been: positive sums, darker where larger.")),
      element("div", {}, pooled, element("p", { className: "caption" }, "The same, pooled: the largest of each 2 by 2.")),
      element("div", {}, pad.sheet, element("div", { className: "buttons" }, pad.undo, pad.clear))),
    status);
  pad.keys.className = "unseen";
  box.append(pad.keys);

  /** Where the sum is largest. */
  function strongest() {
    const sums = convolve(image, kernel);
    return sums.indexOf(sums.reduce((a, b) => Math.max(a, b)));
  }

  const across = () => SIDE - Math.sqrt(kernel.length) + 1;

  /** @param {number[]} chosen */
  function use(chosen) {
    kernel = [...chosen];
    place = strongest();
    visited.clear();
    enter();
    show();
  }

  /** The fields for the filter's numbers. */
  function enter() {
    const size = Math.sqrt(kernel.length);
    weights.style.setProperty("--size", String(size));
    weights.replaceChildren(...kernel.map((weight, k) => {
      const field = element("input", { type: "number", step: "any", value: String(weight),
        "aria-label": `Row ${Math.floor(k / size) + 1}, column ${(k % size) + 1}` });
      field.addEventListener("input", () => {
        kernel[k] = Number(field.value) || 0;
        show();
      });
      return field;
    }));
  }

  function another() {
    index = index + 1 < labels.length ? index + 1 : fit;
    look(pictureOf(images, index));
  }

  function drawn() {
    const own = pad.prepared();
    if (own.some(Boolean)) look(own);
  }

  /** @param {Uint8Array} chosen */
  function look(chosen) {
    image = chosen;
    place = strongest();
    visited.clear();
    show();
  }

  /** @param {number} left @param {number} top */
  function move(left, top) {
    /** @param {number} value */
    const inside = (value) => Math.min(across() - 1, Math.max(0, Math.round(value)));
    place = inside(top) * across() + inside(left);
    show();
  }

  function begin() {
    if (calm()) {
      for (let each = 0; each < across() ** 2; each++) visited.add(each);
      return show();
    }
    slide.textContent = "Stop";
    place = 0;
    const next = () => {
      for (let k = 0; k < 3; k++) if (place < across() ** 2 - 1) visited.add(place++);
      show();
      if (place < across() ** 2 - 1) sliding = requestAnimationFrame(next);
      else stop();
    };
    sliding = requestAnimationFrame(next);
  }

  function stop() {
    cancelAnimationFrame(sliding);
    sliding = 0;
    slide.textContent = "Slide over all of it";
  }

  /** @param {PointerEvent} event */
  function drag(event) {
    const area = ground.getBoundingClientRect(), half = Math.sqrt(kernel.length) / 2;
    move(((event.clientX - area.left) / area.width) * SIDE - half, ((event.clientY - area.top) / area.height) * SIDE - half);
  }
  ground.addEventListener("pointerdown", (event) => { stop(); ground.setPointerCapture(event.pointerId); drag(event); });
  ground.addEventListener("pointermove", (event) => { if (ground.hasPointerCapture(event.pointerId)) drag(event); });
  ground.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    stop();
    move((place % across()) + by[0], Math.floor(place / across()) + by[1]);
    status.textContent = `Row ${Math.floor(place / across()) + 1}, column ${(place % across()) + 1}: ${sum.textContent}`;
  });

  function show() {
    visited.add(place);
    const size = Math.sqrt(kernel.length), found = patch(image, kernel.length, place);
    const left = place % across(), top = Math.floor(place / across());
    paintInk(digit, [image], SIDE);
    Object.assign(frame.style, { left: `${(100 * left) / SIDE}%`, top: `${(100 * top) / SIDE}%`, width: `${(100 * size) / SIDE}%` });
    const told = (/** @type {number} */ value) => String(Math.round(100 * value) / 100).replace("-", "−");
    products.style.setProperty("--size", String(size));
    products.replaceChildren(...found.map((level, k) => element("span", {}, `${level} × ${told(kernel[k])}`)));
    const total = found.reduce((all, level, k) => all + level * kernel[k], 0);
    sum.textContent = `Sum ${told(total)}` + (total < 0 ? ", cut off at 0" : "");
    const all = convolve(image, kernel).map((value) => Math.max(0, value));
    const most = Math.max(1, all.reduce((a, b) => Math.max(a, b)));
    const seen = all.map((value, k) => (visited.has(k) ? value : 0));
    paintInk(map, [seen], across(), { most });
    paintInk(pooled, [pool(seen)], Math.floor(across() / 2), { most });
  }

  enter();
  show();
}

window.digitbookFigures.filter = start;
