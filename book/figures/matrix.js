// @ts-check
/* A confusion matrix that opens: a cell shows the digits that were counted in it. */
import { pictureOf, unpacked } from "./parts/digits.js";
import { element, percent } from "./parts/page.js";
import { canvas, paintInk } from "./parts/pictures.js";

/**
 * @param {HTMLElement} box
 * @param {object} told
 * @param {string[]} told.classes
 * @param {number[][]} told.counts a row a label, a column an answer
 * @param {[index: number, truth: number, answer: number, confidence: number][]} told.mistakes
 * @param {string} told.packed their pictures, in that order
 */
async function start(box, { classes, counts, mistakes, packed }) {
  const images = await unpacked(packed);
  const shown = element("div", { className: "gallery" });
  const text = element("p", { className: "more", role: "status" },
    "Choose a cell: it shows its digits. The arrow keys go from cell to cell.");
  const most = Math.max(...counts.flatMap((row, truth) => row.filter((_, answer) => answer !== truth)));
  /** @type {HTMLButtonElement[][]} */
  const rows = counts.map((row, truth) => row.map((count, answer) => {
    const made = element("button", { type: "button", tabIndex: -1,
      "aria-label": `${classes[truth]} answered as ${classes[answer]}: ${count}` }, count ? String(count) : "");
    if (truth === answer) made.className = "right";
    else if (count) made.style.setProperty("--share", String(0.15 + (0.6 * count) / most));
    made.addEventListener("click", () => open(truth, answer));
    return made;
  }));
  rows[0][0].tabIndex = 0;

  const table = element("table", { "aria-label": "Confusion matrix" },
    element("thead", {}, element("tr", {}, element("td"), ...classes.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...rows.map((row, truth) =>
      element("tr", {}, element("th", { scope: "row" }, classes[truth]), ...row.map((each) => element("td", {}, each))))));
  table.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const truth = rows.findIndex((row) => row.includes(/** @type {HTMLButtonElement} */ (event.target)));
    if (!by || truth < 0) return;
    const answer = rows[truth].indexOf(/** @type {HTMLButtonElement} */ (event.target));
    const next = rows[truth + by[0]]?.[answer + by[1]];
    if (next) enter(next);
    event.preventDefault();
  });
  box.replaceChildren(element("div", { className: "scrolled" }, table),
    element("p", { className: "caption" }, "A row for each label, a column for each answer."), text, shown);

  /** @param {HTMLButtonElement} cell */
  function enter(cell) {
    for (const each of rows.flat()) each.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  }

  /** @param {number} truth @param {number} answer */
  function open(truth, answer) {
    enter(rows[truth][answer]);
    for (const each of rows.flat()) each.toggleAttribute("aria-pressed", false);
    rows[truth][answer].setAttribute("aria-pressed", "true");
    const found = mistakes.flatMap(([index, label, read, confidence], place) =>
      label === truth && read === answer ? [{ index, confidence, place }] : []);
    text.textContent = truth === answer
      ? `${counts[truth][answer].toLocaleString("en")} digits labelled ${classes[truth]} were read right. Choose a cell beside the diagonal.`
      : `Labelled ${classes[truth]}, read as ${classes[answer]}: ${found.length || "none"}` +
        (found.length ? ", with the network's confidence." : ".");
    shown.replaceChildren(...found.map(({ index, confidence, place }) => {
      const picture = canvas(`Test digit ${index}`);
      paintInk(picture, [pictureOf(images, place)], 28);
      return element("figure", {}, picture, element("figcaption", {}, percent(confidence)));
    }));
  }
}

window.digitbookFigures.matrix = start;
