// @ts-check
"use strict";
/* A sheet of paper to draw on with mouse, finger, pen or keyboard.
 *
 * What is drawn is kept as strokes and inked on a canvas of 280 by 280 pixels that nobody sees, so that
 * neither the screen's resolution nor the page's colours or width change what a network is given. */
window.digitbookPad = (() => {
  /**
   * @typedef {[number, number]} Point in pixels of SIDE
   * @typedef {{ width: number, points: Point[] }} Stroke
   */
  const SIDE = 280;
  const PEN = { least: 8, usual: 16, most: 24 }; // widths, in pixels of SIDE
  const STEP = 10, SMALL_STEP = 2; // of the keyboard's pen, in pixels of SIDE
  const element = window.digitbookElement, { prepareDrawing } = window.digitbookPrepare;

  /** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2DSettings} [options] */
  const contextOf = (canvas, options) =>
    /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", options));

  /**
   * Ink strokes on a canvas that stands for SIDE by SIDE.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {Stroke[]} strokes
   */
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

  let pads = 0;

  /**
   * Returns the parts of a pad, to be put where they belong.
   *
   * @param {{ changed: (event?: Event) => void, say: (text: string) => void }} listener is told of each
   *   change of the drawing, and what to say to who cannot see the pen
   * @returns {Pad}
   */
  function pad({ changed, say }) {
    const described = `pad-${++pads}-keys`;

    /* What is drawn. The stroke under way is the last one. */
    /** @type {Stroke[]} */
    const strokes = [];
    let width = PEN.usual;
    const hidden = element("canvas", { width: SIDE, height: SIDE });
    const hiddenContext = contextOf(hidden, { willReadFrequently: true });
    const levels = new Uint8Array(SIDE * SIDE); // how much of each hidden pixel is inked

    const canvas = element("canvas", {
      className: "paper", tabIndex: 0, role: "application", "aria-describedby": described,
    });
    const context = contextOf(canvas);
    const pen = element("span", { className: "pen", hidden: true });
    const hint = element("p", { className: "hint", "aria-hidden": "true" });
    const undo = button("Undo", () => take(1));
    const clear = button("Clear", () => take(strokes.length));
    const range = element("input", { type: "range", min: PEN.least, max: PEN.most, step: "any", value: width });
    range.addEventListener("input", () => { width = Number(range.value); place(); });
    const keys = element("p", { id: described, className: "keys" },
      "By keyboard: the arrow keys move the pen (with Shift in small steps, two at once aslant), Space puts " +
      "it down and lifts it, Backspace takes back a stroke, Delete clears.");
    const sheet = element("div", { className: "sheet" }, canvas, hint, pen);

    /** @param {string} text @param {() => void} act */
    function button(text, act) {
      const made = element("button", { type: "button" }, text);
      made.addEventListener("click", act);
      return made;
    }

    /** @param {number} count */
    function take(count) {
      writing++;
      strokes.splice(strokes.length - count);
      pointer = null;
      lift();
      altered();
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

    /* A digit that writes itself, until somebody takes the pen. */
    let writing = 0;

    /** @param {Point[][]} written in pixels of SIDE */
    async function write(written) {
      const turn = ++writing, calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      strokes.length = 0;
      for (const [first, ...others] of written) {
        begin(first);
        for (const point of others) {
          extend(point);
          if (calm) continue;
          altered();
          await new Promise((resolve) => requestAnimationFrame(resolve));
          if (turn !== writing) return;
        }
      }
      altered();
    }

    canvas.addEventListener("pointerdown", (event) => {
      writing++;
      if (pointer !== null || !event.isPrimary || event.button !== 0) return;
      pointer = event.pointerId;
      canvas.setPointerCapture(pointer);
      lift();
      pen.hidden = true;
      begin(at(event));
      altered(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== pointer) return;
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const each of passed.length ? passed : [event]) extend(at(each));
      altered(event);
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
        if (down) { extend(position); altered(event); }
      } else if (key === " ") {
        pen.hidden = false;
        if (!event.repeat) {
          down = !down;
          place();
          if (down) { begin(position); altered(event); }
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

    /* From the strokes to the screen, and to the network. */

    function resize() {
      const pixels = Math.round(canvas.clientWidth * window.devicePixelRatio);
      if (pixels && canvas.width !== pixels) Object.assign(canvas, { width: pixels, height: pixels });
      context.strokeStyle = context.fillStyle = getComputedStyle(canvas).color; // a resized canvas forgets it
      redraw();
    }

    function redraw() {
      hint.hidden = strokes.length > 0;
      undo.disabled = clear.disabled = !strokes.length;
      ink(context, strokes);
    }

    /** @param {Event} [event] */
    function altered(event) {
      redraw();
      changed(event);
    }

    function prepared() {
      ink(hiddenContext, strokes);
      const { data } = hiddenContext.getImageData(0, 0, SIDE, SIDE);
      for (let pixel = 0; pixel < levels.length; pixel++) levels[pixel] = data[4 * pixel + 3];
      return prepareDrawing(levels, SIDE, SIDE);
    }

    window.addEventListener("resize", resize); // a change of the screen's resolution, too
    new ResizeObserver(resize).observe(canvas);
    place();
    resize();
    return { sheet, canvas, hint, undo, clear, range, keys, prepared, write };
  }

  return pad;
})();
