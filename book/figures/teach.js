// @ts-check
/* Teach it your hand: a few drawings of one's own, and the network's last layer is fitted anew. */
import { strToU8, zipSync } from "fflate";
import { accuracy, fitted, heldOut, probabilities } from "./parts/adapt.js";
import { answerBars } from "./parts/bars.js";
import { loadDigits, pictureOf } from "./parts/digits.js";
import { button, element, percent, spoken } from "./parts/page.js";
import { canvas, paintInk } from "./parts/pictures.js";
import { released } from "./parts/reader.js";

/**
 * @typedef {import("./parts/adapt.js").Last} Last
 * @typedef {import("./parts/adapt.js").Example} Example
 * @typedef {{ name: string, image: Uint8Array }} Kept an example of one's own: the class's name, and 784 levels
 */
const STORE = "digitbook-hand"; // in the browser's own storage, on this device alone
const ANCHORS = 300, EXAM = 500, FEWEST = 3;
const README = "One folder a class, as `digitbook train --data` takes them; it needs five images or more of each.\n";

/** @param {HTMLElement} box */
async function start(box) {
  const digits = await loadDigits(), status = spoken();
  /** @type {NonNullable<Engine["features"]> | null} */
  let look = null; // what the released network makes of an image, once it is loaded
  /** @type {Kept[]} */
  let kept = stored();
  /** @type {{ layer: Last, names: string[] } | null} */
  let taught = null;
  /** @type {{ anchors: Example[], exam: Example[] } | null} */
  let old = null; // digits of its old trade, with their features
  let chosen = digits.classes[0], busy = false;

  const pad = window.digitbookPad({ changed: read, say: (text) => { status.textContent = text; } });
  pad.canvas.setAttribute("aria-label", "Canvas to draw an example on");
  pad.hint.textContent = "Draw it here";
  const sign = element("input", { type: "text", maxLength: 8, placeholder: "π, ✓, A …", "aria-label": "Name of a sign of your own" });
  const radios = [...digits.classes, ""].map((name, k) => {
    const radio = element("input", { type: "radio", name: "teach-class", checked: k === 0 });
    radio.addEventListener("change", () => choose(k));
    return element("label", {}, radio, element("span", {}, name || "your own sign:"));
  });
  const keep = button("Keep this example", add), teach = button("Teach", run);
  keep.className = "main";
  const forget = button("Delete everything", clear), take = button("Take along (zip)", pack);
  const shown = element("div", { className: "examples" }), text = element("p", { className: "more", role: "status" });
  const result = element("div", { className: "compared", hidden: true });
  const answer = element("p", { className: "score" }), bars = element("div");

  box.replaceChildren(
    element("div", { className: "options", role: "radiogroup", "aria-label": "What you are about to draw" }, ...radios, sign),
    element("div", { className: "columns" },
      element("div", {}, pad.sheet, element("div", { className: "buttons" }, keep, pad.undo, pad.clear), pad.keys),
      element("div", {}, answer, bars)),
    shown,
    element("div", { className: "buttons" }, teach, take, forget),
    text, result, status);
  sign.addEventListener("focus", () => { /** @type {HTMLInputElement} */ (radios[radios.length - 1].querySelector("input")).checked = true; choose(radios.length - 1); });
  sign.addEventListener("input", () => choose(radios.length - 1));

  /** @param {number} k */
  function choose(k) {
    chosen = digits.classes[k] ?? sign.value.trim();
    show();
  }

  const names = () => [...digits.classes, ...new Set(kept.map(({ name }) => name).filter((name) => !digits.classes.includes(name)))];

  function add() {
    kept = [...kept, { name: chosen, image: pad.prepared() }];
    taught = null;
    save();
    pad.clear.click();
    show();
  }

  /** @param {number} k */
  function drop(k) {
    kept = kept.filter((_, other) => other !== k);
    taught = null;
    save();
    show();
  }

  function clear() {
    kept = [];
    taught = null;
    save();
    show();
  }

  function show() {
    const drawn = pad.prepared().some(Boolean);
    keep.disabled = busy || !drawn || !chosen;
    keep.textContent = chosen ? `Keep this ${chosen}` : "Name your sign first";
    teach.disabled = busy || kept.length < FEWEST;
    take.disabled = forget.disabled = busy || !kept.length;
    shown.replaceChildren(...kept.map(({ name, image }, k) => {
      const picture = canvas(""), made = button("", () => drop(k));
      paintInk(picture, [image], 28);
      made.replaceChildren(picture, name);
      made.setAttribute("aria-label", `${name}: example ${k + 1}. Delete it`);
      return made;
    }));
    if (!busy) text.textContent = told();
    result.hidden = !taught;
    read();
  }

  function told() {
    if (!kept.length) return "Draw three to five of a digit that it reads wrong, or of a sign that it has never seen.";
    const count = `${kept.length} ${kept.length === 1 ? "example" : "examples"}, kept on this device alone. Tap one to delete it.`;
    if (kept.length < FEWEST) return `${count} Keep at least ${FEWEST}.`;
    return taught ? `${count} Taught: draw on.` : `${count} Now teach.`;
  }

  async function read() {
    const image = pad.prepared(), empty = !image.some(Boolean);
    keep.disabled = busy || empty || !chosen;
    if (!look || empty) {
      answer.textContent = "";
      bars.replaceChildren();
      return;
    }
    const { features, last } = look(image);
    const every = taught?.names ?? digits.classes, layer = taught?.layer ?? last;
    const found = probabilities(layer, features, last.temperature), before = probabilities(last, features, last.temperature);
    const named = (/** @type {Float64Array} */ p) => every[p.indexOf(Math.max(...p))];
    answer.textContent = taught ? `Taught: ${named(found)}. As released: ${named(before)}.` : `As released: ${named(found)}`;
    const made = answerBars(every);
    made.show(found);
    bars.replaceChildren(made.list);
  }

  /**
   * Read digits of its old trade, with a word on how far it is.
   *
   * @param {NonNullable<typeof look>} see
   */
  async function known(see) {
    if (old) return old;
    const places = [...Array(ANCHORS).keys(), ...Array.from({ length: Math.min(EXAM, digits.labels.length - digits.fit) }, (_, k) => digits.fit + k)];
    /** @type {Example[]} */
    const found = [];
    for (const [k, place] of places.entries()) {
      found.push({ features: see(pictureOf(digits.images, place)).features, label: digits.labels[place] });
      if (k % 20 === 0) {
        text.textContent = `Reading digits that it must not forget: ${k} of ${places.length}`;
        await pause();
      }
    }
    old = { anchors: found.slice(0, ANCHORS), exam: found.slice(ANCHORS) };
    return old;
  }

  const pause = () => new Promise((resolve) => setTimeout(resolve));

  async function run() {
    const see = look;
    if (!see) return;
    busy = true;
    show();
    const { anchors, exam } = await known(see), every = names(), { last } = see(kept[0].image);
    text.textContent = "Fitting the last layer";
    await pause();
    const own = kept.map(({ name, image }) => ({ features: see(image).features, label: every.indexOf(name) }));
    const layer = fitted(last, every.length, own, anchors);
    const rows = [
      ["your examples, each held out", accuracy(last, own), heldOut(last, every.length, own, anchors)],
      [`${exam.length} of ${digits.data}'s digits`, accuracy(last, exam), accuracy(layer, exam)],
    ];
    taught = { layer, names: every };
    busy = false;
    result.replaceChildren(element("table", {},
      element("thead", {}, element("tr", {}, ...["read right", "as released", "taught"].map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, ...rows.map(([name, before, after]) => element("tr", {}, element("th", { scope: "row" }, String(name)),
        element("td", {}, percent(Number(before), 1)), element("td", {}, percent(Number(after), 1)))))));
    show();
  }

  async function pack() {
    /** @type {Record<string, Uint8Array>} */
    const files = { "README.txt": strToU8(README) };
    for (const [k, { name, image }] of kept.entries()) {
      const picture = canvas("");
      window.digitbookPictures.paint(picture, { height: 28, width: 28, count: 1, columns: 1 },
        window.digitbookPictures.colours([0, 0, 0], [255, 255, 255]), (_, pixel) => image[pixel]);
      const blob = await new Promise((resolve) => picture.toBlob(resolve));
      // A name may hold what no folder may be called.
      const folder = name.replace(/[\\/:*?"<>|.]/g, "_");
      files[`${folder}/${String(k + 1).padStart(3, "0")}.png`] = new Uint8Array(await /** @type {Blob} */ (blob).arrayBuffer());
    }
    const href = URL.createObjectURL(new Blob([zipSync(files)], { type: "application/zip" }));
    element("a", { href, download: "my-hand.zip" }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }

  function save() {
    const packed = kept.map(({ name, image }) => ({ name, image: btoa(String.fromCharCode(...image)) }));
    try {
      if (packed.length) localStorage.setItem(STORE, JSON.stringify(packed));
      else localStorage.removeItem(STORE);
    } catch {
      text.textContent = "This browser keeps nothing for the page: the examples are gone when you leave it.";
    }
  }

  show();
  text.textContent = "The network is being loaded.";
  look = (await released()).features ?? null;
  show();
}

/** The examples that were kept before, if any can be read. @returns {Kept[]} */
function stored() {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? "[]").map((/** @type {{ name: string, image: string }} */ { name, image }) =>
      ({ name, image: Uint8Array.from(atob(image), (character) => character.charCodeAt(0)) }));
  } catch {
    return [];
  }
}

window.digitbookFigures.teach = start;
