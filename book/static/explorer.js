"use strict";
/* The error explorer: filters and shows what mistakes.js holds. It needs no library and no server. */
(() => {
  const page = document.getElementById("explorer");
  const { sets, leftOut } = window.digitbookMistakes;
  const here = document.currentScript.src, element = window.digitbookElement;

  const ORDERS = {
    votes: "most votes",
    surest: "surest",
    doubtful: "least sure",
    index: "index",
  };
  const COMPARE = {
    votes: (a, b) => b.votes[0].share - a.votes[0].share || b.sure - a.sure,
    surest: (a, b) => b.sure - a.sure,
    doubtful: (a, b) => a.sure - b.sure,
    index: (a, b) => a.digit.index - b.digit.index,
  };
  const ANY = "any";

  /* What is selected. The hash of the address holds what differs from `start(set)`. */
  let set, state, shown;
  const start = (chosen) => ({
    data: chosen.name,
    model: (chosen.models.find((model) => model.runs > 1) ?? chosen.models[0]).name,
    true: ANY, read: ANY, sure: 0, order: "votes",
  });

  /* Words. */

  const percent = (thousandths) => (thousandths >= 995 ? ">99%" : `${Math.round(thousandths / 10)}%`);
  const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  const named = (digit) => {
    const name = set.classes[digit.truth];
    return `test digit ${digit.index}: ${/^[8AEFHILMNORSX]/.test(name) ? "an" : "a"} ${name}`;
  };
  const described = ({ digit, votes }) =>
    `${named(digit)}, ` + votes.map((vote, k) =>
      `${k ? "" : "read "}as ${set.classes[vote.answer]} by ${vote.model.name} ` +
      `(${vote.runs} of ${count(vote.model.runs, "seed")})`).join(", ");
  const said = (vote, subject) =>
    `${subject} ${vote.runs === 1 ? "says" : "say"} ${set.classes[vote.answer]} (${percent(vote.confidence)} sure)`;

  function verdict(model, votes) {
    if (!votes.length) return model.runs === 1 ? "1 seed reads it right" : `all ${model.runs} seeds read it right`;
    return votes.map((vote, k) => said(vote, k ? vote.runs : `${vote.runs} of ${count(model.runs, "seed")}`)).join(", ");
  }

  /* Data. */

  function unpack(chosen) {
    chosen.digits = chosen.digits.map(([index, truth, votes], place) => ({
      index, truth, place,
      votes: votes.map(([number, answer, runs, confidence]) => {
        const model = chosen.models[number];
        return { model, answer, runs, confidence, share: runs / model.runs };
      }).sort((a, b) => b.share - a.share || b.confidence - a.confidence),
    }));
  }

  const ofModel = (vote) => state.model === ANY || vote.model.name === state.model;

  /* The wrong answers to each digit that the filters let through, and how sure the surest is. */
  function select() {
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
    const value = element("b", { id: "explorer-least" });
    return element("label", {}, element("span", {}, "At least this sure: ", value), range);
  }

  function picture(digit, kind = "") {
    const made = element("span", { className: `digit ${kind}`, "aria-hidden": "true" });
    made.style.setProperty("--columns", set.sheet.columns);
    made.style.setProperty("--column", digit.place % set.sheet.columns);
    made.style.setProperty("--row", Math.floor(digit.place / set.sheet.columns));
    made.style.backgroundImage = `url("${new URL(set.sheet.file, here)}")`;
    return made;
  }

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
    const heading = (text) => element("th", { scope: "col" }, text);
    const row = ({ digit, votes }) => element("tr", {},
      element("th", { scope: "row" }, digit.index),
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

  function action(text, label, act) {
    const made = element("button", { type: "button", "aria-label": label, title: label }, text);
    made.addEventListener("click", act);
    return made;
  }

  function chips(digit, model, votes) {
    const answers = votes.length
      ? votes.flatMap((vote) => Array(vote.runs).fill(vote.answer))
      : Array(model.runs).fill(digit.truth);
    return element("span", { className: "chips", "aria-hidden": "true" }, ...answers.map((answer) =>
      element("span", { className: answer === digit.truth ? "right" : "wrong" }, set.classes[answer])));
  }

  function opinion(digit, model) {
    const votes = digit.votes.filter((vote) => vote.model === model);
    return element("li", {},
      element("b", {}, model.name),
      chips(digit, model, votes),
      element("span", { className: "verdict" }, verdict(model, votes)));
  }

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
  const list = element("div", { className: "listed", role: "region", tabIndex: 0, "aria-label": "List of misread digits" });
  const status = element("p", { className: "count", role: "status", "aria-live": "polite" });
  const about = element("p", { className: "about" });

  function enter(place) {
    if (!grid.children[place]) return;
    for (const other of grid.querySelectorAll("[tabindex='0']")) other.tabIndex = -1;
    grid.children[place].tabIndex = 0;
    grid.children[place].focus();
  }

  grid.addEventListener("keydown", (event) => {
    const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    const at = [...grid.children].indexOf(document.activeElement);
    const last = grid.children.length - 1;
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

  function fillForm() {
    const classes = { [ANY]: "any", ...set.classes };
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

  function use(chosen) {
    set = chosen;
    state = start(chosen);
    fillForm();
    about.textContent = introduction();
  }

  function change(selected) {
    const other = sets.find((each) => each.name === selected.data);
    if (other && other !== set) {
      use(other);
      form.querySelector("#explorer-data").focus();
    }
    Object.assign(state, selected);
    render();
    remember();
  }

  function render() {
    shown = select();
    for (const key of ["data", "model", "true", "read", "order", "sure"]) {
      const control = form.querySelector(`#explorer-${key}`);
      if (control) control.value = state[key];
    }
    const least = `${state.sure}%`;
    form.querySelector("#explorer-least").textContent = least;
    form.querySelector("#explorer-sure").setAttribute("aria-valuetext", `at least ${least} sure`);
    const all = set.digits.filter((digit) =>
      digit.votes.some((vote) => vote.answer !== digit.truth && ofModel(vote))).length;
    status.textContent = `${shown.length.toLocaleString("en")} of ${count(all, "misread digit")} shown`;
    grid.hidden = !set.sheet || !shown.length;
    list.hidden = Boolean(set.sheet) || !shown.length;
    grid.replaceChildren(...(set.sheet ? shown.map(tile) : []));
    list.replaceChildren(...(set.sheet ? [] : [table()]));
  }

  function remember() {
    const usual = start(set);
    const changed = Object.entries(state).filter(([key, value]) =>
      value !== usual[key] || (key === "data" && set !== sets[0]));
    if (dialog.open) changed.push(["digit", shown[opened].digit.index]);
    const hash = new URLSearchParams(changed).toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  /* Take from the address what makes sense there; a hash without "=" is a link to a heading. */
  function restore() {
    const asked = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    use(sets.find((each) => each.name === asked.get("data")) ?? sets[0]);
    for (const key of ["model", "true", "read", "order"]) {
      const options = [...form.querySelector(`#explorer-${key}`).options].map((option) => option.value);
      if (options.includes(asked.get(key))) state[key] = asked.get(key);
    }
    const sure = Math.round(Number(asked.get("sure")));
    if (sure >= 0 && sure <= 99) state.sure = sure;
    if (dialog.open) dialog.close();
    render();
    const place = shown.findIndex(({ digit }) => String(digit.index) === asked.get("digit"));
    if (place >= 0 && set.sheet) open(place);
  }

  if (sets.length) {
    sets.forEach(unpack);
    page.replaceChildren(about, form, status, grid, list, dialog);
    restore();
    window.addEventListener("hashchange", restore);
  } else {
    page.replaceChildren(element("p", {}, "This copy of the book holds no recorded run on its data, so there is no mistake to show."));
  }
})();
