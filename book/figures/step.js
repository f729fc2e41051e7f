// @ts-check
/* One step of training, by hand: over a loss that two weights span, and along the 784 slopes of a digit. */
import { answerBars } from "./parts/bars.js";
import { loadDigits, pictureOf } from "./parts/digits.js";
import { inked, Network, PIXELS } from "./parts/learning.js";
import { button, choice, element, percent, slider, spoken } from "./parts/page.js";
import { canvas, paintInk, paintSigned } from "./parts/pictures.js";
import { features, lossOf } from "./parts/slope.js";
import { svg } from "./parts/svg.js";

/** @typedef {import("./parts/digits.js").Digits} Digits */

const SIDE = 61, MOST = 6; // pixels of the map, and the weights at its edges
/** Where a 3 and a 5 differ: rows and columns of the upper left and the upper right. */
const BLOCKS = /** @type {[[number, number], [number, number]][]} */ ([[[7, 13], [6, 12]], [[7, 13], [16, 22]]]);
const RATES = [0.1, 0.3, 1, 3, 10, 30], BEGIN = /** @type {[number, number]} */ ([-4, 3.5]);
const ONE_RATE = 0.01; // for 784 weights at once

/** @param {HTMLElement} box */
async function start(box) {
  const digits = await loadDigits(), status = spoken();
  const panels = [twoWeights(digits, status), manySlopes(digits, status)];
  panels[1].hidden = true;
  box.replaceChildren(
    choice("What to step on", ["Two weights", "784 slopes"], (chosen) => panels.forEach((panel, k) => { panel.hidden = k !== chosen; })),
    ...panels, status);
}

/** @param {Digits} digits @param {HTMLElement} status */
function twoWeights({ images, labels, classes }, status) {
  const [one, other] = classes.length > 5 ? [3, 5] : [0, 1];
  const chosen = [...labels.keys()].filter((k) => labels[k] === one || labels[k] === other).slice(0, 400);
  const found = features(images, chosen, BLOCKS), second = chosen.map((k) => labels[k] === other);
  /** @type {[number, number][]} */
  let path = [BEGIN];
  const here = () => path[path.length - 1];

  const rate = slider("Learning rate", RATES, 1, String, () => {});
  const map = canvas("", ""), text = element("p", { className: "score" }), more = element("p", { className: "more" });
  const line = svg("polyline"), ball = svg("circle", { r: 1.6 });
  const ground = element("div", { className: "ground", tabIndex: 0, role: "application", "aria-label":
    "Map of the loss over two weights. The arrow keys carry the ball, Enter steps downhill." },
    map, svg("svg", { viewBox: "0 0 100 100" }, line, ball));
  const levels = Float64Array.from({ length: SIDE * SIDE }, (_, k) =>
    lossOf(found, second, [((k % SIDE) / (SIDE - 1) - 0.5) * 2 * MOST, (0.5 - Math.floor(k / SIDE) / (SIDE - 1)) * 2 * MOST]).loss);
  const [least, most] = [levels.reduce((a, b) => Math.min(a, b)), levels.reduce((a, b) => Math.max(a, b))];
  // Bands, as on a hiker's map: each is a twelfth of the way up.
  paintInk(map, [levels.map((loss) => Math.round(12 * Math.sqrt((loss - least) / (most - least))))], SIDE, { most: 16 });
  map.setAttribute("aria-label", `Loss over two weights from ${-MOST} to ${MOST}, darker where it is larger`);

  /** @param {number} count */
  function step(count) {
    for (let k = 0; k < count; k++) {
      const { slopes } = lossOf(found, second, here());
      path.push([here()[0] - rate.value() * slopes[0], here()[1] - rate.value() * slopes[1]]);
    }
    show();
    status.textContent = text.textContent;
  }

  /** @param {[number, number]} place */
  function carry(place) {
    path = [/** @type {[number, number]} */ (place.map((value) => Math.min(MOST, Math.max(-MOST, value))))];
    show();
  }

  /** @param {PointerEvent} event */
  function drop(event) {
    const area = ground.getBoundingClientRect();
    carry([((event.clientX - area.left) / area.width - 0.5) * 2 * MOST, (0.5 - (event.clientY - area.top) / area.height) * 2 * MOST]);
  }
  ground.addEventListener("pointerdown", (event) => { ground.setPointerCapture(event.pointerId); drop(event); });
  ground.addEventListener("pointermove", (event) => { if (ground.hasPointerCapture(event.pointerId)) drop(event); });
  ground.addEventListener("keydown", (event) => {
    const [x, y] = here(), by = { ArrowLeft: [-0.5, 0], ArrowRight: [0.5, 0], ArrowUp: [0, 0.5], ArrowDown: [0, -0.5] }[event.key];
    if (by) carry([x + by[0], y + by[1]]);
    else if (event.key === "Enter") step(1);
    else return;
    event.preventDefault();
  });

  function show() {
    const [x, y] = here(), { loss, slopes } = lossOf(found, second, here());
    const at = (/** @type {[number, number]} */ [a, b]) => [50 + (50 * a) / MOST, 50 - (50 * b) / MOST];
    line.setAttribute("points", path.slice(-60).map((place) => at(place).map((value) => value.toFixed(2)).join(",")).join(" "));
    const [cx, cy] = at([x, y]);
    ball.setAttribute("cx", cx.toFixed(2));
    ball.setAttribute("cy", cy.toFixed(2));
    text.textContent = `Loss ${loss.toFixed(3)}`;
    more.textContent = `Weights ${x.toFixed(2)} and ${y.toFixed(2)}, slopes ${slopes.map((slope) => slope.toFixed(3)).join(" and ")}` +
      (path.length > 1 ? `; ${path.length - 1} ${path.length === 2 ? "step" : "steps"}.` : ". Drag the ball to another place, or step.") +
      (Math.abs(x) > MOST || Math.abs(y) > MOST ? " The ball has left the map." : "");
  }

  show();
  return element("div", {},
    element("div", { className: "columns" },
      element("div", {}, ground,
        element("p", { className: "caption" }, `Across: the weight of ink at the upper left; up: at the upper right. ` +
          `Lighter is lower. The network tells ${classes[other]} from ${classes[one]} on ${chosen.length} digits.`)),
      element("div", {}, text, more, element("div", { className: "controls" }, rate.label),
        element("div", { className: "buttons" }, Object.assign(button("Step", () => step(1)), { className: "main" }),
          button("Ten steps", () => step(10)), button("Start over", () => carry(BEGIN))))));
}

/** @param {Digits} digits @param {HTMLElement} status */
function manySlopes({ images, labels, classes }, status) {
  const set = inked(images.subarray(0, 200 * PIXELS), labels.subarray(0, 200));
  let network = new Network(0, classes.length, 0), index = 0, steps = 0;
  const bars = answerBars(classes), text = element("p", { className: "score" }), more = element("p", { className: "more" });
  const shown = ["The digit", "What a step adds to the weights of its class", "The same for the strongest rival", "Weights of its class"].map((name) => {
    const picture = canvas(name);
    return { picture, figure: element("div", {}, picture, element("p", { className: "caption" }, name)) };
  });

  function step() {
    network.step(set, [index], ONE_RATE, 0);
    steps++;
    show();
    status.textContent = text.textContent;
  }

  /** @param {number} k */
  const ofClass = (/** @type {Float64Array} */ values, k) =>
    Float64Array.from({ length: PIXELS }, (_, pixel) => values[pixel * classes.length + k]);

  function show() {
    network.step(set, [index], 0, 0); // computes the slopes and stays
    const p = network.answer(set, index), truth = labels[index];
    const rival = [...p.keys()].filter((k) => k !== truth).reduce((best, k) => (p[k] > p[best] ? k : best));
    const slopes = network.slopes[0];
    paintInk(shown[0].picture, [pictureOf(images, index)], 28);
    // What is drawn is the direction of the step, against the slope: blue weights will grow.
    paintSigned(shown[1].picture, [ofClass(slopes, truth).map((slope) => -slope)], 28, { most: 1 });
    paintSigned(shown[2].picture, [ofClass(slopes, rival).map((slope) => -slope)], 28, { most: 1 });
    paintSigned(shown[3].picture, [ofClass(network.U, truth)], 28, { most: 0.15 });
    bars.show(p);
    text.textContent = `${classes[truth]}: ${percent(p[truth], 1)}, loss ${(-Math.log(p[truth])).toFixed(2)}`;
    more.textContent = `After ${steps} ${steps === 1 ? "step" : "steps"} on this digit alone. Blue: the step will raise this weight; ` +
      `orange: lower it. Its rival is the ${classes[rival]}, at ${percent(p[rival], 1)}.`;
  }

  show();
  return element("div", {},
    element("div", { className: "pictures" }, ...shown.map(({ figure }) => figure)),
    element("div", { className: "columns" },
      element("div", {}, text, more,
        element("div", { className: "buttons" }, Object.assign(button("Step", step), { className: "main" }),
          button("Another digit", () => { index = (index + 1) % set.count; steps = 0; show(); }),
          button("Start over", () => { network = new Network(0, classes.length, 0); steps = 0; show(); }))),
      bars.list));
}

window.digitbookFigures.step = start;
