// @ts-check
"use strict";
/* The drawing page: every element of class `draw` becomes a canvas that is read while one draws.
 *
 * One draws on a pad (pad.js). What reads the drawing is an engine (`Engine` in scripts/javascript/globals.d.ts). The engines are the networks in
 * the page (network.js), of which one is chosen, or with data-engine="api" the network behind
 * `digitbook serve` (service.js). */
(() => {
  const PAUSE = 700; // milliseconds without a change before the answer is announced
  const element = window.digitbookElement, { colours, paint } = window.digitbookPictures;

  /** @param {number} p */
  const percent = (p) => (p >= 0.995 ? ">99%" : p < 0.005 ? "<1%" : `${Math.round(100 * p)}%`);

  const GREY = colours([0, 0, 0], [255, 255, 255]), BLUE = colours([253, 252, 249], [16, 58, 94]);

  const MOMENTS = 160; // that the ribbon keeps
  /* Seven grounds from orange over paper to blue, and on each 32 levels of ink. */
  const EVIDENCE = Uint32Array.from({ length: 256 }, (_, k) => {
    const blue = [36, 87, 127], orange = [168, 67, 31], paper = [253, 252, 249];
    const share = Math.min(1, Math.floor(k / 32) / 3 - 1), end = share > 0 ? blue : orange;
    const ground = paper.map((part, c) => part + Math.abs(share) * (end[c] - part));
    return colours(ground, [34, 49, 63])[Math.round((k % 32) * (200 / 31))];
  });

  /** @param {HTMLCanvasElement} canvas @param {Maps} maps @param {number} columns */
  function paintMaps(canvas, { height, width, channels, values }, columns) {
    let strongest = 1e-6;
    for (const value of values) if (value > strongest) strongest = value;
    paint(canvas, { height, width, count: channels, columns: Math.min(channels, columns) }, BLUE, (channel, pixel) =>
      Math.max(0, Math.floor((255 * values[pixel * channels + channel]) / strongest)));
  }

  /** @param {HTMLElement} box @param {number} number */
  function start(box, number) {
    const compact = box.classList.contains("compact");
    const offered = box.dataset.engine === "api" ? [window.digitbookService] : window.digitbookNetworks;
    const engines = compact ? offered.slice(0, 1) : offered;
    const { sheet, canvas, hint, undo, clear, range, keys, prepared, write } =
      window.digitbookPad({ changed, say });
    if (compact) keys.className = "unseen";
    const answer = element("p", { className: "answer" });
    const remark = element("p", { className: "remark" });
    const status = element("p", { className: "unseen", role: "status", "aria-live": "polite" });
    const bars = element("ol", { className: "bars", role: "list" });
    const seen = element("canvas", {
      className: "seen", width: 28, height: 28, role: "img",
      "aria-label": "The drawing as the network gets it, 28 by 28 pixels, light on dark",
    });
    const looked = element("canvas", { className: "looked", width: 28, height: 28, role: "img" });
    const aboutLooked = element("p");
    const evidence = element("div", { className: "view", hidden: true }, looked, aboutLooked);
    const ribbon = element("canvas", { className: "ribbon", role: "img", "aria-label":
      "How the probabilities changed while you drew: a row for each answer, from left to right" });
    const mind = element("div", { className: "mind", hidden: true },
      element("p", {}, "How it changed its mind while you drew, from left to right: a row for each answer, darker where it was likelier"),
      ribbon);
    const maps = element("div", { className: "maps", hidden: true });

    box.replaceChildren(
      ...(engines.length > 1 ? [choice()] : []),
      element("div", { className: "desk" },
        sheet,
        element("div", { className: "tools" }, undo, clear,
          ...(compact ? [] : [element("label", {}, element("span", {}, "Pen"), range)])),
        keys),
      element("div", { className: "reading" },
        element("div", { className: "verdict" }, answer, remark),
        bars,
        ...(compact ? [] : [element("div", { className: "view" }, seen,
          element("p", {}, "What the network sees: 28 by 28 pixels, light on dark")), evidence, mind]),
        status),
      ...(compact ? [] : [maps]));

    function choice() {
      const options = engines.map((each, k) => {
        const radio = element("input", { type: "radio", name: `draw-${number}-engine`, checked: k === 0 });
        radio.addEventListener("change", () => { touched = true; use(each); });
        const { kind, classes } = each;
        const name = kind[0].toUpperCase() + kind.slice(1);
        return element("label", {}, radio, `${name} ${classes[0]} to ${classes[classes.length - 1]}`);
      });
      return element("div", { className: "choice", role: "radiogroup", "aria-label": "What you draw" }, ...options);
    }

    /* From the drawing to the answer. */

    /** @type {number} */
    let columns; // of a layer's maps
    /** @type {Engine} */
    let engine; // which reads
    /** @type {string | null} */
    let failed = null;
    let loaded = false, reading = false, again = false, touched = false, since = 0;

    /** @param {Event} [event] */
    function changed(event) {
      touched = true;
      since = event?.timeStamp ?? performance.now();
      read();
    }

    function resize() {
      columns = box.clientWidth < 480 ? 8 : 16;
      read();
    }

    /** Read what is drawn; what comes in meanwhile is read once more afterwards. */
    async function read() {
      if (reading) { again = true; return; }
      reading = true;
      do {
        again = false;
        await readOnce(prepared()).catch((error) => show(error.message, "", "problem"));
      } while (again);
      reading = false;
    }

    /** @param {Uint8Array} image */
    async function readOnce(image) {
      const started = since;
      if (!compact) paint(seen, { height: 28, width: 28, count: 1, columns: 1 }, GREY, (_, pixel) => image[pixel]);
      if (failed) return show(failed, "", "problem");
      const empty = !image.some(Boolean);
      if (empty) showNothing();
      else if (!loaded) show("…", "The network is being loaded.");
      else showReading(await engine.read(image), image);
      box.dispatchEvent(new CustomEvent("read", { detail: { since: started, empty } }));
    }

    /** @param {string} text @param {string} more */
    function show(text, more, kind = "") {
      answer.textContent = text;
      remark.textContent = more;
      box.dataset.state = kind;
      if (kind === "problem") announce(text);
    }

    function showNothing() {
      show("–", loaded ? `An empty canvas is not a ${engine.noun}.` : waiting ? "" : "The network is being loaded.", "empty");
      fill(null);
      minds = [];
      maps.hidden = evidence.hidden = mind.hidden = true;
      announce("The canvas is empty.");
    }

    /** @param {Reading} reading @param {Uint8Array} image */
    function showReading({ probabilities, maps: found, looked: where, why }, image) {
      const [first, second] = probabilities.map((_, k) => k).sort((a, b) => probabilities[b] - probabilities[a]);
      const [one, other] = [first, second].map((k) => engine.classes[k]);
      const [sure, less] = [first, second].map((k) => percent(probabilities[k]));
      if (why) {
        show(`No ${engine.noun}`, why, "refused");
        announce(`No ${engine.noun}: ${why}`);
      } else if (probabilities[first] >= engine.limit) {
        show(one, `${sure} sure`, "sure");
        announce(`${one}, ${sure} sure.`);
      } else {
        show(`${one} or ${other}?`, `Not sure: ${sure} and ${less}`, "unsure");
        announce(`Not sure: ${one}, ${sure}, or ${other}, ${less}.`);
      }
      fill(why ? null : probabilities);
      if (!compact) showMind(probabilities);
      evidence.hidden = !where || Boolean(why);
      if (where && !why && !compact) showEvidence(where.width, where.values[first], one, image);
      if (found && !compact) {
        if (!maps.children.length) maps.append(...found.map(strip));
        maps.querySelectorAll("canvas").forEach((each, k) => paintMaps(each, found[k], columns));
        maps.hidden = false;
      }
    }

    /** @type {number[][]} */
    let minds = []; // the probabilities while the drawing grew

    /** @param {number[]} probabilities */
    function showMind(probabilities) {
      minds = [...minds.slice(-MOMENTS), probabilities];
      const width = minds.length, height = probabilities.length;
      paint(ribbon, { height, width, count: 1, columns: 1 }, BLUE, (_, pixel) =>
        Math.round(255 * minds[pixel % width][Math.floor(pixel / width)]));
      mind.hidden = width < 3;
    }

    /**
     * Paint what speaks for an answer and what against it, under the digit's ink.
     *
     * @param {number} width
     * @param {Float32Array} values
     * @param {string} name
     * @param {Uint8Array} image
     */
    function showEvidence(width, values, name, image) {
      const strongest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6), wide = 28 / width;
      paint(looked, { height: 28, width: 28, count: 1, columns: 1 }, EVIDENCE, (_, pixel) => {
        const place = Math.floor(pixel / 28 / wide) * width + Math.floor((pixel % 28) / wide);
        const level = Math.round(3 + (3 * values[place]) / strongest), ink = Math.round((31 * image[pixel]) / 255);
        return 32 * level + ink;
      });
      const told = `Where it found what speaks for the ${name} (blue) and against it (orange), on the digit`;
      looked.setAttribute("aria-label", told);
      aboutLooked.textContent = told;
    }

    /** @param {number[] | null} probabilities */
    function fill(probabilities) {
      const most = probabilities && Math.max(...probabilities);
      [...bars.children].forEach((bar, k) => {
        const p = probabilities?.[k] ?? 0;
        bar.classList.toggle("first", p > 0 && p === most);
        /** @type {HTMLElement} */ (bar.querySelector(".fill")).style.transform = `scaleX(${p})`;
        /** @type {Element} */ (bar.lastElementChild).textContent = probabilities ? percent(p) : "";
      });
    }

    /** @param {string} name */
    function bar(name) {
      return element("li", {},
        element("b", {}, name),
        element("span", { className: "track", "aria-hidden": "true" }, element("span", { className: "fill" })),
        element("span", { className: "share" }));
    }

    /** @param {Maps} maps */
    function strip({ convolution, height, width: across, channels }) {
      const said = `Convolution ${convolution}: ${channels} maps of ${height} by ${across}`;
      return element("div", {},
        element("p", { "aria-hidden": "true" }, said),
        element("canvas", { role: "img", "aria-label": `${said}, darker where a filter found its pattern` }));
    }

    /* Screen readers hear an answer once the drawing rests, and never the same one twice in a row. */
    let pause = 0;
    /** @param {string} text */
    function announce(text) {
      clearTimeout(pause);
      if (touched) pause = setTimeout(() => { if (status.textContent !== text) say(text); }, PAUSE);
    }
    /** @param {string} text */
    function say(text) { status.textContent = text; }

    /* Where drawing is not what one comes for, the network is loaded once somebody turns to the canvas. */
    let waiting = compact;
    /** @type {Promise<void>} */
    const wanted = compact ? new Promise((resolve) => {
      for (const kind of ["pointerenter", "focusin", "write"]) {
        box.addEventListener(kind, () => { waiting = false; resolve(); read(); }, { once: true });
      }
    }) : Promise.resolve();

    /** Read with this engine from now on; what is drawn stays. @param {Engine} chosen */
    function use(chosen) {
      engine = chosen;
      const { kind, noun } = engine;
      [loaded, failed] = [false, null];
      canvas.setAttribute("aria-label", `Canvas to draw a ${noun} on`);
      hint.textContent = `Draw a ${noun} here`;
      bars.setAttribute("aria-label", `Probability of each ${noun}`);
      fillIn(engine.classes ?? []);
      maps.replaceChildren();
      minds = [];
      maps.hidden = evidence.hidden = mind.hidden = true;
      read();
      announce(`The network for ${kind} is being loaded.`);
      /** @template T @param {(value: T) => void} act @returns {(value: T) => void} */
      const unlessLeft = (act) => (value) => { if (engine === chosen) { act(value); read(); } };
      wanted.then(() => engine.ready()).then(unlessLeft(ready), unlessLeft((error) => { failed = error.message; }));
    }

    function ready() {
      const { classes, limit } = engine;
      if (limit === undefined) {
        failed = "The network’s description names no confidence limit. “digitbook export” writes it anew.";
        return;
      }
      fillIn(classes);
      loaded = true;
    }

    /** @param {string[]} classes */
    function fillIn(classes) {
      bars.replaceChildren(...classes.map(bar));
      bars.classList.toggle("many", classes.length > 13);
      bars.style.setProperty("--longest", String(Math.max(...classes.map((name) => name.length))));
    }

    box.addEventListener("write", (event) => write(/** @type {CustomEvent} */ (event).detail));
    new ResizeObserver(resize).observe(box);
    use(engines[0]);
    resize();
  }

  /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".draw")).forEach(start);
})();
