// @ts-check
/* Bend a digit, and watch three networks read it side by side. */
import { amountAt, CHANGES } from "./parts/changes.js";
import { loadDigits, pictureOf } from "./parts/digits.js";
import { inked } from "./parts/learning.js";
import { button, choice, element, percent, slider, spoken } from "./parts/page.js";
import { canvas, paintInk } from "./parts/pictures.js";
import { released } from "./parts/reader.js";
import { Session } from "./parts/session.js";
import { chart } from "./parts/svg.js";

/**
 * @typedef {{ unit: string, amounts: number[], curves: Record<string, number[]> }} Told of a change: its
 *   amounts at strengths 1 to 5, and by network the recorded accuracy at strengths 0 to 5
 */
const NAMES = { cnn: "cnn, released", dense: "64 hidden units", softmax: "one layer" };
const STRENGTHS = Array.from({ length: 51 }, (_, k) => k / 10);
const STEPS = 1500, SLICE = 25; // of the training in the page, and milliseconds of it at a time

/**
 * @param {HTMLElement} box
 * @param {{ changes: Record<string, Told> }} known
 */
async function start(box, { changes }) {
  const digits = await loadDigits(), status = spoken(), names = Object.keys(changes);
  const begin = (/** @type {number} */ hidden) => new Session(digits, { count: digits.fit, hidden, rate: 0.1, batch: 32, decay: 0, seed: 0 });
  const here = { dense: begin(64), softmax: begin(0) };
  /** @type {Engine | null} */
  let engine = null;
  let index = digits.fit, image = pictureOf(digits.images, index), own = false, name = names[0], turn = 0;

  const before = canvas("The digit as it is"), after = canvas("The digit as it is changed");
  const strength = slider("Strength", STRENGTHS, 0, told, show);
  /** @param {number} value */
  function told(value) { return `${value.toFixed(1)}: ${Math.round(100 * amount(value)) / 100} ${changes[name].unit}`; }
  const curves = chart({ x: "strength", y: "right, on record" });
  const about = element("p", { className: "caption" });
  const rows = Object.entries(NAMES).map(([key, title]) => {
    const answer = element("b", { className: "read" }), fill = element("span", { className: "fill" }), share = element("span", { className: "share" });
    return { key, answer, fill, share, row: element("li", {}, element("span", {}, title), answer,
      element("span", { className: "track", "aria-hidden": "true" }, fill), share) };
  });
  const pad = window.digitbookPad({ changed: drawn, say: (text) => { status.textContent = text; } });
  pad.canvas.setAttribute("aria-label", "Canvas to draw a digit on that is then changed");
  pad.hint.textContent = "or draw your own";
  pad.keys.className = "unseen";

  box.replaceChildren(
    choice("Change", names, (chosen) => { name = names[chosen]; strength.choose(strength.value()); show(); }),
    element("div", { className: "controls" }, strength.label),
    element("div", { className: "columns" },
      element("div", {},
        element("div", { className: "pictures" }, before, after),
        element("ol", { className: "readers", role: "list", "aria-label": "What each network answers" }, ...rows.map(({ row }) => row)),
        element("div", { className: "buttons" }, button("Another digit", another))),
      element("div", {}, curves.drawn, about)),
    element("div", { className: "columns" }, element("div", {}, pad.sheet, element("div", { className: "buttons" }, pad.undo, pad.clear), pad.keys)),
    status);

  /** @param {number} value a strength */
  function amount(value) {
    const { amounts } = changes[name], none = amounts[0] > amounts[1] ? 1 : 0; // scale and contrast count down from 1
    return amountAt(amounts, none, value);
  }

  function another() {
    index = index + 1 < digits.labels.length ? index + 1 : digits.fit;
    [image, own] = [pictureOf(digits.images, index), false];
    show();
  }

  function drawn() {
    const prepared = pad.prepared();
    if (!prepared.some(Boolean)) return;
    [image, own] = [prepared, true];
    show();
  }

  async function show() {
    const now = ++turn, at = strength.value(), picture = at ? CHANGES[name](image, amount(at)) : image;
    paintInk(before, [image], 28);
    paintInk(after, [picture], 28);
    showCurves();
    const one = inked(picture, new Uint8Array(1));
    /** @type {Record<string, ArrayLike<number> | null>} */
    const answers = { dense: here.dense.network.answer(one, 0), softmax: here.softmax.network.answer(one, 0), cnn: null };
    if (engine) answers.cnn = (await engine.read(picture)).probabilities;
    if (now !== turn) return; // a later picture is being read
    const said = rows.map(({ key, answer, fill, share, row }) => {
      const found = answers[key], best = found ? Math.max(...Array.from(found)) : 0;
      const k = found ? Array.from(found).indexOf(best) : -1;
      answer.textContent = found ? digits.classes[k] : "…";
      fill.style.transform = `scaleX(${best})`;
      share.textContent = found ? percent(best) : "";
      row.classList.toggle("wrong", Boolean(found) && !own && k !== digits.labels[index]);
      return `${NAMES[/** @type {keyof typeof NAMES} */ (key)]}: ${answer.textContent}, ${share.textContent}`;
    });
    status.textContent = said.join("; ");
  }

  function showCurves() {
    const at = strength.value(), { curves: lines } = changes[name];
    curves.show([
      ...Object.entries(lines).map(([key, accuracies]) =>
        ({ kind: key, points: accuracies.map((value, k) => /** @type {[number, number]} */ ([k, value])) })),
      { kind: "mark", points: [[at, 0], [at, 1]] },
    ], { x: 5, y: 1 }, `Recorded accuracy under ${name} at strengths 0 to 5: ` +
      Object.entries(lines).map(([key, values]) => `${key} from ${percent(values[0])} to ${percent(values[5])}`).join(", "));
    about.textContent = `Recorded on MNIST's test digits, ${name}: ` +
      Object.entries(lines).map(([key, values]) => `${key} ${percent(values[Math.round(at)])}`).join(", ") + ` at strength ${Math.round(at)}.`;
  }

  /* The two small networks learn in the page, a slice at a time, so that it answers meanwhile. */
  function learn() {
    const until = performance.now() + SLICE;
    while (performance.now() < until && here.dense.steps < STEPS) { here.dense.step(); here.softmax.step(); }
    show();
    if (here.dense.steps < STEPS) setTimeout(learn);
  }

  strength.choose(0);
  show();
  setTimeout(learn);
  released().then((found) => { engine = found; show(); }, (error) => { about.textContent = error.message; });
}

window.digitbookFigures.bend = start;
