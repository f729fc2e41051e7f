// @ts-check
"use strict";
/* The drawing page: every element of class `draw` becomes a canvas that is read while one draws.
 *
 * What is drawn is kept as strokes and inked on a canvas of 280 by 280 pixels that nobody sees, so that
 * neither the screen's resolution nor the page's colours or width change what the network is given.
 * What reads it is an engine (`Engine` in scripts/javascript/globals.d.ts). The engines are the networks in
 * the page (network.js), of which one is chosen, or with data-engine="api" the network behind
 * `digitbook serve` (service.js). */
(() => {
  /**
   * @typedef {[number, number]} Point in pixels of SIDE
   * @typedef {{ width: number, points: Point[] }} Stroke
   */
  const SIDE = 280;
  const PEN = { least: 8, usual: 16, most: 24 }; // widths, in pixels of SIDE
  const STEP = 10, SMALL_STEP = 2; // of the keyboard's pen, in pixels of SIDE
  const PAUSE = 700; // milliseconds without a change before the answer is announced
  const { prepareDrawing } = window.digitbookPrepare, element = window.digitbookElement;

  /** @param {number} p */
  const percent = (p) => (p >= 0.995 ? ">99%" : p < 0.005 ? "<1%" : `${Math.round(100 * p)}%`);

  /** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2DSettings} [options] */
  const contextOf = (canvas, options) =>
    /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", options));

  /* Ink: strokes on any 2D context whose canvas stands for SIDE by SIDE. */

  /** @param {CanvasRenderingContext2D} context @param {Stroke[]} strokes */
  function ink(context, strokes) {
    const { canvas } = context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.scale(canvas.width / SIDE, canvas.height / SIDE);
    context.lineCap = context.lineJoin = "round";
    for (const { width, points: [[x, y], ...others] } of strokes) {
      context.beginPath();
      if (others.length) {
        context.lineWidth = width;
        context.moveTo(x, y);
        for (const point of others) context.lineTo(...point);
        context.stroke();
      } else {
        context.arc(x, y, width / 2, 0, 2 * Math.PI);
        context.fill();
      }
    }
  }

  /* Pictures of numbers: light on dark for the network's own image, ink on paper for its maps. */

  /**
   * The 256 colours from one to another, as they lie in the memory of an ImageData.
   *
   * @param {number[]} from
   * @param {number[]} to
   */
  function colours(from, to) {
    const between = Array.from({ length: 256 }, (_, level) =>
      [...from.map((part, k) => part + ((to[k] - part) * level) / 255), 255]);
    return new Uint32Array(Uint8ClampedArray.from(between.flat()).buffer);
  }

  const GREY = colours([0, 0, 0], [255, 255, 255]), BLUE = colours([253, 252, 249], [16, 58, 94]);

  /**
   * Paint `count` pictures of height by width in columns; level(picture, pixel) is 0 to 255.
   *
   * @param {HTMLCanvasElement} canvas
   * @param {{ height: number, width: number, count: number, columns: number }} pictures
   * @param {Uint32Array} palette
   * @param {(picture: number, pixel: number) => number} level
   */
  function paint(canvas, { height, width, count, columns }, palette, level) {
    const gap = Math.ceil(width / 14);
    const across = columns * (width + gap) - gap;
    const down = Math.ceil(count / columns) * (height + gap) - gap;
    if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
    const context = contextOf(canvas);
    const image = context.createImageData(across, down);
    const pixels = new Uint32Array(image.data.buffer);
    for (let picture = 0; picture < count; picture++) {
      const left = (picture % columns) * (width + gap), top = Math.floor(picture / columns) * (height + gap);
      for (let y = 0, pixel = 0; y < height; y++) {
        const start = (top + y) * across + left;
        for (let x = 0; x < width; x++, pixel++) pixels[start + x] = palette[level(picture, pixel)];
      }
    }
    context.putImageData(image, 0, 0);
  }

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
    /** @param {string} name */
    const id = (name) => `draw-${number}-${name}`;

    /* What is drawn. The stroke under way is the last one. */
    /** @type {Stroke[]} */
    const strokes = [];
    let width = PEN.usual;
    const hidden = element("canvas", { width: SIDE, height: SIDE });
    const hiddenContext = contextOf(hidden, { willReadFrequently: true });
    const levels = new Uint8Array(SIDE * SIDE); // how much of each hidden pixel is inked

    /* Parts of the page. */

    const canvas = element("canvas", {
      className: "paper", tabIndex: 0, role: "application", "aria-describedby": id("keys"),
    });
    const context = contextOf(canvas);
    const pen = element("span", { className: "pen", hidden: true });
    const hint = element("p", { className: "hint", "aria-hidden": "true" });
    const undo = button("Undo", () => take(1));
    const clear = button("Clear", () => take(strokes.length));
    const range = element("input", { type: "range", min: PEN.least, max: PEN.most, step: "any", value: width });
    range.addEventListener("input", () => { width = Number(range.value); place(); });
    const keys = element("p", { id: id("keys"), className: compact ? "unseen" : "keys" },
      "By keyboard: the arrow keys move the pen (with Shift in small steps, two at once aslant), Space puts " +
      "it down and lifts it, Backspace takes back a stroke, Delete clears.");
    const answer = element("p", { className: "answer" });
    const remark = element("p", { className: "remark" });
    const status = element("p", { className: "unseen", role: "status", "aria-live": "polite" });
    const bars = element("ol", { className: "bars", role: "list" });
    const seen = element("canvas", {
      className: "seen", width: 28, height: 28, role: "img",
      "aria-label": "The drawing as the network gets it, 28 by 28 pixels, light on dark",
    });
    const maps = element("div", { className: "maps", hidden: true });

    box.replaceChildren(
      ...(engines.length > 1 ? [choice()] : []),
      element("div", { className: "desk" },
        element("div", { className: "sheet" }, canvas, hint, pen),
        element("div", { className: "tools" }, undo, clear,
          ...(compact ? [] : [element("label", {}, element("span", {}, "Pen"), range)])),
        keys),
      element("div", { className: "reading" },
        element("div", { className: "verdict" }, answer, remark),
        bars,
        ...(compact ? [] : [element("div", { className: "view" }, seen,
          element("p", {}, "What the network sees: 28 by 28 pixels, light on dark"))]),
        status),
      ...(compact ? [] : [maps]));

    /** @param {string} text @param {() => void} act */
    function button(text, act) {
      const made = element("button", { type: "button" }, text);
      made.addEventListener("click", act);
      return made;
    }

    function choice() {
      const options = engines.map((each, k) => {
        const radio = element("input", { type: "radio", name: id("engine"), checked: k === 0 });
        radio.addEventListener("change", () => { touched = true; use(each); });
        const { kind, classes } = each;
        const name = kind[0].toUpperCase() + kind.slice(1);
        return element("label", {}, radio, `${name} ${classes[0]} to ${classes[classes.length - 1]}`);
      });
      return element("div", { className: "choice", role: "radiogroup", "aria-label": "What you draw" }, ...options);
    }

    /** @param {number} count */
    function take(count) {
      strokes.splice(strokes.length - count);
      pointer = null;
      lift();
      changed();
    }

    /* Drawing with mouse, pen or finger. */

    /** @type {number | null} */
    let pointer = null; // the one that draws

    /** @param {PointerEvent} event @returns {Point} */
    function at(event) {
      const area = canvas.getBoundingClientRect();
      return [((event.clientX - area.left) * SIDE) / area.width, ((event.clientY - area.top) * SIDE) / area.height];
    }

    /** @param {Point} point */
    function begin(point) {
      strokes.push({ width, points: [point] });
    }

    /** @param {Point} point */
    function extend([x, y]) {
      const { points } = strokes[strokes.length - 1];
      const [lastX, lastY] = points[points.length - 1];
      if (Math.hypot(x - lastX, y - lastY) >= 0.5) points.push([x, y]);
    }

    canvas.addEventListener("pointerdown", (event) => {
      if (pointer !== null || !event.isPrimary || event.button !== 0) return;
      pointer = event.pointerId;
      canvas.setPointerCapture(pointer);
      lift();
      pen.hidden = true;
      begin(at(event));
      changed(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== pointer) return;
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const each of passed.length ? passed : [event]) extend(at(each));
      changed(event);
    });
    for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
      canvas.addEventListener(end, (event) => { if (event.pointerId === pointer) pointer = null; });
    }

    /* Drawing with the keyboard. */

    /** @type {Point} */
    let position = [SIDE / 2, SIDE / 4];
    let down = false;
    /** @type {Set<string>} */
    const held = new Set();
    /** @type {Record<string, Point>} */
    const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

    function lift() {
      down = false;
      place();
    }

    function place() {
      /** @param {number} value */
      const share = (value) => `${(100 * value) / SIDE}%`;
      pen.classList.toggle("down", down);
      pen.style.width = pen.style.height = share(width);
      pen.style.left = share(position[0]);
      pen.style.top = share(position[1]);
    }

    /** @param {boolean} small */
    function move(small) {
      const sum = [...held].reduce(([x, y], key) => [x + ARROWS[key][0], y + ARROWS[key][1]], [0, 0]);
      /** @param {number} value */
      const inside = (value) => Math.min(SIDE - width / 2, Math.max(width / 2, value));
      position = /** @type {Point} */ (
        position.map((value, k) => inside(value + sum[k] * (small ? SMALL_STEP : STEP))));
      place();
    }

    canvas.addEventListener("keydown", (event) => {
      const { key } = event;
      if (event.altKey || event.metaKey || (event.ctrlKey && key !== "z")) return;
      if (key in ARROWS) {
        held.add(key);
        pen.hidden = false;
        move(event.shiftKey);
        if (down) { extend(position); changed(event); }
      } else if (key === " ") {
        pen.hidden = false;
        if (!event.repeat) {
          down = !down;
          place();
          if (down) { begin(position); changed(event); }
          say(down ? "Pen down." : "Pen lifted.");
        }
      } else if (key === "Backspace" || key === "z") {
        if (key === "z" && !event.ctrlKey) return;
        undo.click();
      } else if (key === "Delete") {
        clear.click();
      } else {
        return;
      }
      event.preventDefault();
    });
    canvas.addEventListener("keyup", ({ key }) => held.delete(key));
    canvas.addEventListener("blur", () => { held.clear(); lift(); pen.hidden = true; });

    /* From the strokes to the screen and to the answer. */

    /** @type {number} */
    let columns; // of a layer's maps
    /** @type {Engine} */
    let engine; // which reads
    /** @type {string | null} */
    let failed = null;
    let loaded = false, reading = false, again = false, touched = false, since = 0;

    function resize() {
      const pixels = Math.round(canvas.clientWidth * window.devicePixelRatio);
      if (pixels && canvas.width !== pixels) Object.assign(canvas, { width: pixels, height: pixels });
      context.strokeStyle = context.fillStyle = getComputedStyle(canvas).color; // a resized canvas forgets it
      columns = box.clientWidth < 480 ? 8 : 16;
      refresh();
    }

    /** @param {Event} [event] */
    function changed(event) {
      touched = true;
      refresh(event?.timeStamp);
    }

    function refresh(moment = performance.now()) {
      since = moment;
      hint.hidden = strokes.length > 0;
      undo.disabled = clear.disabled = !strokes.length;
      ink(context, strokes);
      read();
    }

    function prepared() {
      ink(hiddenContext, strokes);
      const { data } = hiddenContext.getImageData(0, 0, SIDE, SIDE);
      for (let pixel = 0; pixel < levels.length; pixel++) levels[pixel] = data[4 * pixel + 3];
      return prepareDrawing(levels, SIDE, SIDE);
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
      else showReading(await engine.read(image));
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
      show("–", loaded ? `An empty canvas is not a ${engine.noun}.` : "The network is being loaded.", "empty");
      fill(null);
      maps.hidden = true;
      announce("The canvas is empty.");
    }

    /** @param {Reading} reading */
    function showReading({ probabilities, maps: found, why }) {
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
      if (found && !compact) {
        if (!maps.children.length) maps.append(...found.map(strip));
        maps.querySelectorAll("canvas").forEach((each, k) => paintMaps(each, found[k], columns));
        maps.hidden = false;
      }
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

    /** Read with this engine from now on; what is drawn stays. @param {Engine} chosen */
    function use(chosen) {
      engine = chosen;
      const { kind, noun } = engine;
      [loaded, failed] = [false, null];
      canvas.setAttribute("aria-label", `Canvas to draw a ${noun} on`);
      hint.textContent = `Draw a ${noun} here`;
      bars.setAttribute("aria-label", `Probability of each ${noun}`);
      bars.replaceChildren();
      maps.replaceChildren();
      maps.hidden = true;
      read();
      announce(`The network for ${kind} is being loaded.`);
      /** @template T @param {(value: T) => void} act @returns {(value: T) => void} */
      const unlessLeft = (act) => (value) => { if (engine === chosen) { act(value); read(); } };
      engine.ready().then(unlessLeft(ready), unlessLeft((error) => { failed = error.message; }));
    }

    function ready() {
      const { classes, limit } = engine;
      if (limit === undefined) {
        failed = "The network’s description names no confidence limit. “digitbook export” writes it anew.";
        return;
      }
      bars.replaceChildren(...classes.map(bar));
      bars.classList.toggle("many", classes.length > 13);
      bars.style.setProperty("--longest", String(Math.max(...classes.map((name) => name.length))));
      loaded = true;
    }

    window.addEventListener("resize", resize); // a change of the screen's resolution, too
    new ResizeObserver(resize).observe(canvas);
    place();
    use(engines[0]);
    resize();
  }

  /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".draw")).forEach(start);
})();
