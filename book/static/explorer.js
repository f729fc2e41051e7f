// @ts-check
"use strict";
/* The error explorer: filters and shows what mistakes.js holds. It needs no library and no server. */
(() => {
  /**
   * @typedef {{ model: Model, answer: number, runs: number, confidence: number, share: number }} Vote
   * @typedef {{ index: number, truth: number, place: number, votes: Vote[] }} Digit
   * @typedef {Omit<MistakeSet, "digits"> & { digits: Digit[] }} Unpacked
   * @typedef {{ digit: Digit, votes: Vote[], sure: number }} Misread
   * @typedef {"data" | "model" | "true" | "read" | "order"} Choice
   * @typedef {Record<Choice, string> & { sure: number }} State
   */
  const page = /** @type {HTMLElement} */ (document.getElementById("explorer"));
  const { leftOut } = window.digitbookMistakes, sets = window.digitbookMistakes.sets.map(unpacked);
  const here = /** @type {HTMLScriptElement} */ (document.currentScript).src, element = window.digitbookElement;

  const ORDERS = {
    votes: "most votes",
    surest: "surest",
    doubtful: "least sure",
    index: "index",
  };
  /** @type {Record<string, (a: Misread, b: Misread) => number>} */
  const COMPARE = {
    votes: (a, b) => b.votes[0].share - a.votes[0].share || b.sure - a.sure,
    surest: (a, b) => b.sure - a.sure,
    doubtful: (a, b) => a.sure - b.sure,
    index: (a, b) => a.digit.index - b.digit.index,
  };
  const ANY = "any";

  /* What is selected. The hash of the address holds what differs from `start(set)`. */
  /** @type {Unpacked} */
  let set;
  /** @type {State} */
  let state;
  /** @type {Misread[]} */
  let shown;
  /** @param {Unpacked} chosen @returns {State} */
  const start = (chosen) => ({
    data: chosen.name,
    model: (chosen.models.find((model) => model.runs > 1) ?? chosen.models[0]).name,
    true: ANY, read: ANY, sure: 0, order: "votes",
  });

  /* Words. */

  /** @param {number} thousandths */
  const percent = (thousandths) => (thousandths >= 995 ? ">99%" : `${Math.round(thousandths / 10)}%`);
  /** @param {number} number @param {string} noun */
  const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  /** @param {Digit} digit */
  const named = (digit) => {
    const name = set.classes[digit.truth];
    return `test digit ${digit.index}: ${/^[8AEFHILMNORSX]/.test(name) ? "an" : "a"} ${name}`;
  };
  /** @param {Misread} item */
  const described = ({ digit, votes }) =>
    `${named(digit)}, ` + votes.map((vote, k) =>
      `${k ? "" : "read "}as ${set.classes[vote.answer]} by ${vote.model.name} ` +
      `(${vote.runs} of ${count(vote.model.runs, "seed")})`).join(", ");
  /** @param {Vote} vote @param {string | number} subject */
  const said = (vote, subject) =>
    `${subject} ${vote.runs === 1 ? "says" : "say"} ${set.classes[vote.answer]} (${percent(vote.confidence)} sure)`;

  /** @param {Model} model @param {Vote[]} votes */
  function verdict(model, votes) {
    if (!votes.length) return model.runs === 1 ? "1 seed reads it right" : `all ${model.runs} seeds read it right`;
    return votes.map((vote, k) => said(vote, k ? vote.runs : `${vote.runs} of ${count(model.runs, "seed")}`)).join(", ");
  }

  /* Data. */

  /** @param {MistakeSet} packed @returns {Unpacked} */
  function unpacked(packed) {
    const digits = packed.digits.map(([index, truth, votes], place) => ({
      index, truth, place,
      votes: votes.map(([number, answer, runs, confidence]) => {
        const model = packed.models[number];
        return { model, answer, runs, confidence, share: runs / model.runs };
      }).sort((a, b) => b.share - a.share || b.confidence - a.confidence),
    }));
    return { ...packed, digits };
  }

  /** @param {Vote} vote */
  const ofModel = (vote) => state.model === ANY || vote.model.name === state.model;

  /* The wrong answers to each digit that the filters let through, and how sure the surest is. */
  function select() {
    /** @type {Misread[]} */
    const found = [];
    for (const digit of set.digits) {
      if (state.true !== ANY && String(digit.truth) !== state.true) continue;
      const votes = digit.votes.filter((vote) =>
        vote.answer !== digit.truth && ofModel(vote) &&
        (state.read === ANY || String(vote.answer) === state.read) &&
        vote.confidence >= 10 * state.sure);
      if (votes.length) found.push({ digit, votes, sure: Math.max(...votes.map((vote) => vote.confidence)) });
    }
    return found.sort(COMPARE[state.order]);
  }

  /* Parts of the page. */

  /** @param {Choice} key @param {string} label @param {Record<string, string>} options */
  function choice(key, label, options) {
    const list = element("select", { id: `explorer-${key}` },
      ...Object.entries(options).map(([value, text]) => new Option(text, value)));
    list.addEventListener("change", () => change({ [key]: list.value }));
    return element("label", {}, element("span", {}, label), list);
  }

  function slider() {
    const range = element("input", { type: "range", id: "explorer-sure", min: 0, max: 99, step: 1 });
    range.addEventListener("input", () => { state.sure = Number(range.value); render(); });
    /* Only once the slider rests: browsers limit how often an address may change. */
    range.addEventListener("change", remember);
    return element("label", {}, element("span", {}, "At least this sure: ", least), range);
  }

  /** @param {Digit} digit */
  function picture(digit, kind = "") {
    const made = element("span", { className: `digit ${kind}`, "aria-hidden": "true" });
    const { file, columns } = /** @type {{ file: string, columns: number }} */ (set.sheet);
    made.style.setProperty("--columns", String(columns));
    made.style.setProperty("--column", String(digit.place % columns));
    made.style.setProperty("--row", String(Math.floor(digit.place / columns)));
    made.style.backgroundImage = `url("${new URL(file, here)}")`;
    return made;
  }

  /** @param {Misread} item @param {number} place */
  function tile(item, place) {
    const { digit, votes: [vote] } = item;
    const reading = `${set.classes[digit.truth]} → ${set.classes[vote.answer]}`;
    const made = element("button", { type: "button", tabIndex: place ? -1 : 0 },
      picture(digit),
      element("span", { className: "reading", "aria-hidden": "true" }, reading,
        ...(state.model === ANY ? [] : [element("small", {}, `${vote.runs}/${vote.model.runs}`)])),
      element("span", { className: "unseen" }, described(item)));
    made.addEventListener("click", () => open(place));
    return made;
  }

  function table() {
    /** @param {string} text */
    const heading = (text) => element("th", { scope: "col" }, text);
    /** @param {Misread} item */
    const row = ({ digit, votes }) => element("tr", {},
      element("th", { scope: "row" }, String(digit.index)),
      element("td", {}, set.classes[digit.truth]),
      element("td", {}, votes.map((vote) =>
        `${vote.model.name}: ${said(vote, `${vote.runs} of ${count(vote.model.runs, "seed")}`)}`).join("; ")));
    return element("table", {},
      element("caption", {}, `Misread test digits of ${set.name}`),
      element("thead", {}, element("tr", {}, heading("index"), heading("label"), heading("votes"))),
      element("tbody", {}, ...shown.map(row)));
  }

  function introduction() {
    const runs = set.models.map((model) => `${model.name} (${model.errors.toLocaleString("en")})`).join(", ");
    const tested = `the ${set.examples.toLocaleString("en")} test digits of ${set.name}`;
    const what = set.sheet
      ? `Of ${tested}, ${set.digits.length.toLocaleString("en")} were misread by at least one recorded run; here are their pictures.`
      : `Of ${tested}, ${set.digits.length.toLocaleString("en")} were misread by at least one recorded run. ` +
        "This copy of the book was built without their images, so they are listed by index, label and votes.";
    const without = leftOut.length ? ` Left out to keep the page light: ${leftOut.join(", ")}.` : "";
    return `${what} Mistakes of each network, mean over its seeds: ${runs}.${without}`;
  }

  /* The details of one digit. */

  const title = element("p", { id: "explorer-title", tabIndex: -1, "aria-live": "polite" });
  const body = element("div", { className: "opinions" });
  const dialog = element("dialog", { className: "explorer-details", "aria-labelledby": "explorer-title" },
    element("div", { className: "bar" },
      title,
      action("←", "previous digit", () => step(-1)),
      action("→", "next digit", () => step(1)),
      action("×", "close", () => dialog.close())),
    body);
  let opened = 0;

  /** @param {string} text @param {string} label @param {() => void} act */
  function action(text, label, act) {
    const made = element("button", { type: "button", "aria-label": label, title: label }, text);
    made.addEventListener("click", act);
    return made;
  }

  /** @param {Digit} digit @param {Model} model @param {Vote[]} votes */
  function chips(digit, model, votes) {
    const answers = votes.length
      ? votes.flatMap((vote) => Array(vote.runs).fill(vote.answer))
      : Array(model.runs).fill(digit.truth);
    return element("span", { className: "chips", "aria-hidden": "true" }, ...answers.map((answer) =>
      element("span", { className: answer === digit.truth ? "right" : "wrong" }, set.classes[answer])));
  }

  /** @param {Digit} digit @param {Model} model */
  function opinion(digit, model) {
    const votes = digit.votes.filter((vote) => vote.model === model);
    return element("li", {},
      element("b", {}, model.name),
      chips(digit, model, votes),
      element("span", { className: "verdict" }, verdict(model, votes)));
  }

  /** @param {number} place */
  function open(place) {
    opened = place;
    const { digit } = shown[place];
    const name = named(digit);
    title.textContent = name[0].toUpperCase() + name.slice(1);
    body.replaceChildren(
      picture(digit, "large"),
      element("ul", {}, ...set.models.map((model) => opinion(digit, model))));
    if (!dialog.open) {
      dialog.showModal();
      title.focus();
    }
    remember();
  }

  /** @param {number} by */
  const step = (by) => open((opened + by + shown.length) % shown.length);

  dialog.addEventListener("keydown", (event) => {
    // The theme's search keeps the browser from closing a dialog.
    if (event.key === "Escape") event.stopPropagation();
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && !event.altKey) step(by);
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    if (dialog.open) return;
    enter(opened);
    remember();
  });

  /* The grid: one tile is in the tab order, arrows move from it. */

  const grid = element("div", { className: "tiles", role: "group", "aria-label": "Misread digits" });
  const tiles = /** @type {HTMLCollectionOf<HTMLElement>} */ (grid.children);
  const list = element("div", { className: "listed", role: "region", tabIndex: 0, "aria-label": "List of misread digits" });
  const status = element("p", { className: "count", role: "status", "aria-live": "polite" });
  const least = element("b", { id: "explorer-least" });
  const about = element("p", { className: "about" });

  /** @param {number} place */
  function enter(place) {
    if (!tiles[place]) return;
    for (const other of tiles) if (other.tabIndex === 0) other.tabIndex = -1;
    tiles[place].tabIndex = 0;
    tiles[place].focus();
  }

  grid.addEventListener("keydown", (event) => {
    const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    const at = [...tiles].findIndex((each) => each === document.activeElement);
    const last = tiles.length - 1;
    const to = {
      ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns,
      Home: 0, End: last,
    }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (to >= 0 && to <= last) enter(to);
  });

  /* From the state to the page and the address, and back. */

  const form = element("form", { className: "filters", "aria-label": "Filters" });
  form.addEventListener("submit", (event) => event.preventDefault());

  /** Each control is a select, but for that of `sure`, a slider. @param {keyof State} key */
  const control = (key) => /** @type {HTMLSelectElement} */ (form.querySelector(`#explorer-${key}`));

  function fillForm() {
    const classes = { [ANY]: "any", ...Object.fromEntries(set.classes.entries()) };
    const models = Object.fromEntries(set.models.map((model) => [model.name, model.name]));
    const data = Object.fromEntries(sets.map((each) =>
      [each.name, `${each.name}, ${each.sheet ? "as pictures" : "as a list"}`]));
    const reset = element("button", { type: "button" }, "Reset");
    reset.addEventListener("click", () => change(start(set)));
    form.replaceChildren(
      ...(sets.length > 1 ? [choice("data", "Test digits of", data)] : []),
      choice("model", "Misread by", { ...models, [ANY]: "any of them" }),
      choice("true", "Label", classes),
      choice("read", "Read as", classes),
      choice("order", "Order", ORDERS),
      slider(),
      reset);
  }

  /** @param {Unpacked} chosen */
  function use(chosen) {
    set = chosen;
    state = start(chosen);
    fillForm();
    about.textContent = introduction();
  }

  /** @param {Partial<State>} selected */
  function change(selected) {
    const other = sets.find((each) => each.name === selected.data);
    if (other && other !== set) {
      use(other);
      control("data").focus();
    }
    Object.assign(state, selected);
    render();
    remember();
  }

  function render() {
    shown = select();
    for (const [key, value] of /** @type {[keyof State, string | number][]} */ (Object.entries(state))) {
      if (control(key)) control(key).value = String(value); // of one set of data there is no choice
    }
    const text = `${state.sure}%`;
    least.textContent = text;
    control("sure").setAttribute("aria-valuetext", `at least ${text} sure`);
    const all = set.digits.filter((digit) =>
      digit.votes.some((vote) => vote.answer !== digit.truth && ofModel(vote))).length;
    status.textContent = `${shown.length.toLocaleString("en")} of ${count(all, "misread digit")} shown`;
    grid.hidden = !set.sheet || !shown.length;
    list.hidden = Boolean(set.sheet) || !shown.length;
    grid.replaceChildren(...(set.sheet ? shown.map(tile) : []));
    list.replaceChildren(...(set.sheet ? [] : [table()]));
  }

  function remember() {
    const usual = /** @type {Record<string, string | number>} */ (start(set));
    const changed = Object.entries(state).filter(([key, value]) =>
      value !== usual[key] || (key === "data" && set !== sets[0])).map(([key, value]) => [key, String(value)]);
    if (dialog.open) changed.push(["digit", String(shown[opened].digit.index)]);
    const hash = new URLSearchParams(changed).toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  /* Take from the address what makes sense there; a hash without "=" is a link to a heading. */
  function restore() {
    const asked = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    use(sets.find((each) => each.name === asked.get("data")) ?? sets[0]);
    for (const key of /** @type {const} */ (["model", "true", "read", "order"])) {
      const value = asked.get(key);
      if ([...control(key).options].some((option) => option.value === value)) state[key] = String(value);
    }
    const sure = Math.round(Number(asked.get("sure")));
    if (sure >= 0 && sure <= 99) state.sure = sure;
    if (dialog.open) dialog.close();
    render();
    const place = shown.findIndex(({ digit }) => String(digit.index) === asked.get("digit"));
    if (place >= 0 && set.sheet) open(place);
  }

  if (sets.length) {
    page.replaceChildren(about, form, status, grid, list, dialog);
    restore();
    window.addEventListener("hashchange", restore);
  } else {
    page.replaceChildren(element("p", {}, "This copy of the book holds no recorded run on its data, so there is no mistake to show."));
  }
})();
