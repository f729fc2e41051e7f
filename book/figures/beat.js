// @ts-check
/* Beat the network: twenty of the digits that it misread most often, without their labels. */
import { button, element, percent, spoken } from "./parts/page.js";

const ROUND = 20, MODEL = "cnn";

/** @param {HTMLElement} box */
function start(box) {
  const set = window.digitbookMistakes.sets.find(({ sheet }) => sheet);
  if (!set?.sheet) {
    box.replaceChildren(element("p", {}, "This copy of the book holds no pictures of misread digits to play with."));
    return;
  }
  const { classes, models, sheet } = set;
  const chosen = Math.max(0, models.findIndex(({ name }) => name === MODEL)), { name, runs } = models[chosen];
  // The hardest by the share of runs that misread them, then shown in the order of the test part.
  const hardest = set.digits.map(([index, truth, votes], place) => {
    const answers = votes.filter(([model]) => model === chosen).map(([, answer, count, confidence]) => ({ answer, count, confidence }));
    const right = answers.length ? answers.find(({ answer }) => answer === truth)?.count ?? 0 : runs;
    return { index, truth, place, answers, right };
  }).sort((a, b) => a.right - b.right || a.index - b.index).slice(0, ROUND).sort((a, b) => a.index - b.index);
  /** @type {number[]} */
  let given = [];

  const status = spoken(), text = element("p", { className: "score" }), table = element("div", { className: "compared" });
  const large = picture(hardest[0].place, 224);
  const choices = element("div", { className: "buttons", role: "group", "aria-label": "Your answer" },
    ...classes.map((label, k) => button(label, () => answer(k))));
  const again = button("Play again", () => { given = []; show(); });
  const game = element("div", { className: "columns" }, large, element("div", {}, text, choices));
  box.replaceChildren(game, table, element("div", { className: "buttons" }, again), status);
  box.addEventListener("keydown", (event) => {
    const k = classes.indexOf(event.key);
    if (k >= 0 && given.length < hardest.length && !event.ctrlKey && !event.metaKey) answer(k);
  });

  /** @param {number} place @param {number} size */
  function picture(place, size) {
    const made = element("div", { className: "cut", role: "img", "aria-label": "A digit" });
    aim(made, place, size);
    return made;
  }

  /** @param {HTMLElement} made @param {number} place @param {number} size in pixels */
  function aim(made, place, size) {
    const { file, columns } = /** @type {NonNullable<typeof sheet>} */ (sheet);
    Object.assign(made.style, {
      width: `${size}px`, height: `${size}px`, backgroundSize: `${size * columns}px auto`,
      backgroundImage: `url("${window.digitbookAddress(`../${file}`)}")`,
      backgroundPosition: `${-size * (place % columns)}px ${-size * Math.floor(place / columns)}px`,
    });
  }

  /** @param {number} k */
  function answer(k) {
    given.push(k);
    show();
  }

  function show() {
    const over = given.length === hardest.length;
    game.hidden = over;
    again.hidden = table.hidden = !over;
    if (over) return tell();
    aim(large, hardest[given.length].place, 224);
    text.textContent = `Digit ${given.length + 1} of ${hardest.length}: what is it?`;
    status.textContent = text.textContent;
  }

  function tell() {
    const yours = hardest.filter(({ truth }, k) => given[k] === truth).length;
    const theirs = hardest.reduce((sum, { right }) => sum + right, 0) / runs;
    const summary = `You: ${yours} of ${hardest.length}. ${name}: ${theirs.toFixed(1)} on average over ${runs} seeds.`;
    status.textContent = summary;
    table.replaceChildren(element("p", { className: "score" }, summary),
      element("table", {},
        element("thead", {}, element("tr", {}, ...["digit", "label", "you", `${name}'s seeds`, ""].map((title) => element("th", { scope: "col" }, title)))),
        element("tbody", {}, ...hardest.map((digit, k) => element("tr", {},
          element("td", {}, picture(digit.place, 56)), element("td", {}, classes[digit.truth]),
          element("td", { className: given[k] === digit.truth ? "" : "missed" }, classes[given[k]]),
          element("td", {}, votes(digit)), element("td", {}, remark(digit, given[k])))))));
  }

  /** @param {typeof hardest[0]} digit */
  const votes = ({ answers, truth }) => answers.length
    ? answers.map((each) => `${each.count}× ${classes[each.answer]} (${percent(each.confidence / 1000)})`).join(", ")
    : `${runs}× ${classes[truth]}`;

  /** Whether a label has nobody on its side. @param {typeof hardest[0]} digit @param {number} yours */
  function remark({ answers, truth, right }, yours) {
    if (yours === truth || right > 0) return "";
    return answers.every(({ answer: each }) => each === yours)
      ? "You and every seed agree, against the label. It may be wrong."
      : "Nobody read its label. People may disagree about it, too.";
  }

  show();
}

window.digitbookFigures.beat = start;
