// @ts-check
/* Train a network in the page, on real digits, and let it read what one draws. */
import { answerBars } from "./parts/bars.js";
import { loadDigits } from "./parts/digits.js";
import { button, calm, element, percent, slider, spoken } from "./parts/page.js";
import { canvas, paintSigned } from "./parts/pictures.js";
import { chart, matrix } from "./parts/svg.js";

/**
 * @typedef {import("./parts/session.js").Settings} Settings
 * @typedef {import("./parts/session.js").Point} Point
 * @typedef {object} Report
 * @property {number} steps
 * @property {number} epochs
 * @property {"diverged" | "finished" | null} ended
 * @property {Point[]} points
 * @property {{ loss: number, accuracy: number, matrix: Uint32Array }} found on the validation digits
 * @property {Settings} settings
 * @property {boolean} running
 * @property {Float32Array[]} pictures
 */

const COUNTS = [30, 100, 300, 1000, 3000], HIDDEN = [0, 4, 8, 16, 32, 64], BATCHES = [1, 8, 32, 128, 512];
const RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30], DECAYS = [0, 0.0001, 0.001, 0.01, 0.1];
const SEEDS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
/** @type {Record<string, Settings>} */
const STARTS = {
  "One layer": { count: 3000, hidden: 0, rate: 0.1, batch: 32, decay: 0, seed: 0 },
  "A hidden layer": { count: 3000, hidden: 32, rate: 0.1, batch: 32, decay: 0, seed: 0 },
  "By heart": { count: 100, hidden: 32, rate: 0.3, batch: 32, decay: 0, seed: 0 },
  "Too large a step": { count: 3000, hidden: 32, rate: 3, batch: 32, decay: 0, seed: 0 },
};
const OFTEN = 60, SELDOM = 1000; // milliseconds between two pictures

/** @param {Settings} settings */
const told = ({ count, hidden, rate, batch, decay, seed }) =>
  `${count.toLocaleString("en")} digits, ${hidden ? `${hidden} hidden units` : "one layer"}, rate ${rate}, ` +
  `batch ${batch}${decay ? `, decay ${decay}` : ""}, seed ${seed}`;

/** @param {HTMLElement} box */
async function start(box) {
  const digits = await loadDigits();
  const worker = new Worker(URL.createObjectURL(new Blob([TRAIN_WORKER], { type: "text/javascript" })));
  /** @type {Report | null} */
  let now = null;
  /** @type {Report | null} */
  let kept = null;

  const first = STARTS["One layer"];
  const set = {
    count: slider("Digits", COUNTS.filter((count) => count <= digits.fit), Math.min(first.count, digits.fit), (n) => n.toLocaleString("en"), restart),
    hidden: slider("Hidden units", HIDDEN, first.hidden, (n) => (n ? String(n) : "none"), restart),
    rate: slider("Learning rate", RATES, first.rate, String, restart),
    batch: slider("Batch", BATCHES, first.batch, String, restart),
    decay: slider("Weight decay", DECAYS, first.decay, String, restart),
    seed: slider("Seed", SEEDS, first.seed, String, restart),
  };
  const settings = () => /** @type {Settings} */ (
    Object.fromEntries(Object.entries(set).map(([name, each]) => [name, each.value()])));

  const go = button("Train", () => {
    if (now?.running) worker.postMessage({ order: "stop" });
    else worker.postMessage({ order: "run", between: calm() ? SELDOM : OFTEN });
  });
  go.className = "main";
  const step = button("One step", () => worker.postMessage({ order: "step" }));
  const again = button("Start over", restart);
  const keep = button("Keep to compare", () => {
    kept = now;
    restart();
  });
  const status = spoken();
  const score = element("p", { className: "score" }), more = element("p", { className: "more" });
  const curves = chart({ x: "steps", y: "loss" });
  const confusion = matrix(digits.classes);
  const weights = canvas("Weights", "pictured"), aboutWeights = element("p", { className: "caption" });
  const comparison = element("div", { className: "compared", hidden: true });
  const bars = answerBars(digits.classes);
  const pad = window.digitbookPad({ changed: read, say: (text) => { status.textContent = text; } });
  pad.canvas.setAttribute("aria-label", "Canvas to draw a digit on, for the network that you trained");
  pad.hint.textContent = "Draw a digit";

  box.replaceChildren(
    element("div", { className: "starts", role: "group", "aria-label": "Where to begin" },
      ...Object.entries(STARTS).map(([name, chosen]) => button(name, () => {
        for (const key of /** @type {(keyof Settings)[]} */ (Object.keys(set))) {
          set[key].choose(key === "count" ? Math.min(chosen.count, digits.fit) : chosen[key]);
        }
        restart();
      }))),
    element("div", { className: "columns" },
      element("div", { className: "controls" }, ...Object.values(set).map((each) => each.label)),
      element("div", {}, curves.drawn,
        element("p", { className: "legend" },
          element("span", { className: "validation" }, "validation"), element("span", { className: "training" }, "training"),
          element("span", { className: "other", hidden: true }, "kept run")))),
    element("div", { className: "buttons" }, go, step, again, keep),
    score, more, comparison,
    element("div", { className: "columns" },
      element("div", {}, weights, aboutWeights),
      element("div", {}, confusion.drawn,
        element("p", { className: "caption" }, "Validation digits: a row for each label, a column for each answer."))),
    element("div", { className: "columns desk" },
      element("div", {}, pad.sheet, element("div", { className: "buttons" }, pad.undo, pad.clear), pad.keys),
      element("div", {}, bars.list, element("p", { className: "caption" }, "What the network above, as it is now, makes of your digit."))),
    status);

  function restart() {
    worker.postMessage({ order: "start", settings: settings() });
  }

  function read() {
    const image = pad.prepared();
    if (image.some(Boolean)) worker.postMessage({ order: "read", image });
    else bars.show(null);
  }

  /** @param {Report} report */
  function show(report) {
    const { steps, epochs, ended, points, found, pictures } = report;
    const was = now?.running;
    now = report;
    go.textContent = report.running ? "Stop" : "Train";
    go.disabled = step.disabled = Boolean(ended);
    keep.disabled = steps === 0;
    score.textContent = `${percent(found.accuracy, 1)} of ${(digits.labels.length - digits.fit).toLocaleString("en")} validation digits right`;
    more.textContent = `Step ${steps.toLocaleString("en")}, epoch ${epochs.toFixed(1)}. ` + {
      diverged: "The loss is no longer a number: the steps were too large. Lower the learning rate and start over.",
      finished: "That is as long as it trains here.",
      "": `Loss ${points[points.length - 1][1].toFixed(2)} on its own digits, ${found.loss.toFixed(2)} on validation digits.`,
    }[ended ?? ""];
    showCurves(points);
    confusion.show(found.matrix);
    showWeights(pictures);
    if (kept) showComparison(kept, report);
    if (was && !report.running) status.textContent = `Stopped. ${score.textContent}. ${more.textContent}`;
    read();
  }

  /** @param {Point[]} points */
  function showCurves(points) {
    const line = (/** @type {Point[]} */ each, /** @type {1 | 2} */ which) =>
      /** @type {[number, number][]} */ (each.map((point) => [point[0], point[which]]).filter(([, loss]) => Number.isFinite(loss)));
    const all = [...points, ...(kept?.points ?? [])];
    const most = {
      x: Math.max(100, ...all.map(([at]) => at)),
      y: Math.min(5, Math.max(2.5, ...all.flatMap(([, a, b]) => [a, b]).filter(Number.isFinite))),
    };
    curves.show([
      ...(kept ? [{ kind: "training other", points: line(kept.points, 1) }, { kind: "validation other", points: line(kept.points, 2) }] : []),
      { kind: "training", points: line(points, 1) }, { kind: "validation", points: line(points, 2) },
    ], most, `Loss after ${points[points.length - 1][0]} steps: ${points[points.length - 1][1].toFixed(2)} on the digits that ` +
      `it learns from, ${points[points.length - 1][2].toFixed(2)} on validation digits`);
    /** @type {HTMLElement} */ (box.querySelector(".legend .other")).hidden = !kept;
  }

  /** @param {Float32Array[]} pictures */
  function showWeights(pictures) {
    if (pictures[0].some(Number.isNaN)) return;
    const most = Math.max(0.1, ...pictures.map((each) => each.reduce((sum, value) => Math.max(sum, Math.abs(value)), 0)));
    paintSigned(weights, pictures, 28, { columns: 5, most: 0.7 * most });
    const told = settings().hidden
      ? `Weights of the first ${pictures.length} hidden units: blue where ink speaks for a unit, orange against.`
      : "Weights of the digits 0 to 4 and 5 to 9: blue where ink speaks for a digit, orange against.";
    aboutWeights.textContent = told;
    weights.setAttribute("aria-label", told);
  }

  /** @param {Report} before @param {Report} report */
  function showComparison(before, report) {
    comparison.hidden = false;
    comparison.replaceChildren(element("table", {},
      element("thead", {}, element("tr", {}, ...["run", "steps", "validation loss", "right"].map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, ...[["kept", before], ["now", report]].map(([name, each]) => {
        const { settings: chosen, steps, found } = /** @type {Report} */ (each);
        return element("tr", {},
          element("th", { scope: "row" }, `${name}: ${told(chosen)}`),
          element("td", {}, steps.toLocaleString("en")), element("td", {}, found.loss.toFixed(2)),
          element("td", {}, percent(found.accuracy, 1)));
      }))));
  }

  worker.addEventListener("message", ({ data }) => {
    if (data.probabilities) bars.show(data.probabilities);
    else show(data);
  });
  worker.postMessage({ order: "start", settings: settings(), digits });
  await new Promise((resolve) => worker.addEventListener("message", resolve, { once: true }));
}

window.digitbookFigures.train = start;
