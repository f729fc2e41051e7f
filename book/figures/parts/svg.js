// @ts-check
/* Curves, bars and matrices as SVG, whose colours the page's style gives them. */

/**
 * @param {string} name
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

const WIDTH = 340, HEIGHT = 230, LEFT = 42, RIGHT = 12, TOP = 10, BOTTOM = 36;
const MOST_POINTS = 300; // of a line; more are no finer on any screen

/**
 * Round steps for an axis from 0 to `most`: about four of them.
 *
 * @param {number} most
 */
export function ticks(most) {
  const rough = most / 4, ten = 10 ** Math.floor(Math.log10(rough));
  const step = /** @type {number} */ ([1, 2, 5, 10].find((each) => each * ten >= rough)) * ten;
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, k) => k * step);
}

/**
 * A chart of lines from 0 upwards on both axes.
 *
 * @param {{ x: string, y: string }} names of the axes
 */
export function chart(names) {
  const drawn = svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });

  /**
   * @param {{ kind: string, points: [number, number][] }[]} lines kind is the class that styles a line
   * @param {{ x: number, y: number }} most where the axes end
   * @param {string} said what the chart shows, for those who cannot see it
   */
  function show(lines, most, said) {
    const across = WIDTH - LEFT - RIGHT, up = HEIGHT - TOP - BOTTOM;
    const x = (/** @type {number} */ value) => LEFT + (across * value) / most.x;
    const y = (/** @type {number} */ value) => HEIGHT - BOTTOM - (up * Math.min(value, most.y)) / most.y;
    const marks = [
      ...ticks(most.y).map((value) => svg("g", {},
        svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
        svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, short(value)))),
      ...ticks(most.x).map((value) =>
        svg("text", { x: x(value), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, short(value))),
      svg("text", { x: LEFT + across / 2, y: HEIGHT - 3, "text-anchor": "middle" }, names.x),
      svg("text", { x: -(TOP + up / 2), y: 11, "text-anchor": "middle", transform: "rotate(-90)" }, names.y),
    ];
    drawn.replaceChildren(...marks, ...lines.map(({ kind, points }) => {
      const every = Math.ceil(points.length / MOST_POINTS);
      const kept = points.filter((_, k) => k % every === 0 || k === points.length - 1);
      return svg("polyline", { class: kind, points: kept.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ") });
    }));
    drawn.setAttribute("aria-label", said);
  }

  return { drawn, show };
}

/** @param {number} value */
const short = (value) => (value >= 1000 ? `${value / 1000}k` : `${Math.round(value * 1000) / 1000}`);

/**
 * A confusion matrix: a row a class, a column an answer; darker is more.
 *
 * @param {readonly string[]} classes
 */
export function matrix(classes) {
  const side = classes.length, cell = 20, edge = 26;
  const drawn = svg("svg", { class: "matrix", viewBox: `0 0 ${edge + side * cell} ${edge + side * cell}`, role: "img" });
  const cells = classes.flatMap((_, row) => classes.map((_, column) => svg("rect", {
    x: edge + column * cell, y: edge + row * cell, width: cell - 1, height: cell - 1,
    class: row === column ? "right" : "wrong",
  })));
  const middle = (/** @type {number} */ k) => edge + (k + 0.5) * cell;
  drawn.append(...cells,
    ...classes.map((name, k) => svg("text", { x: edge - 8, y: middle(k) + 4, "text-anchor": "middle" }, name)),
    ...classes.map((name, k) => svg("text", { x: middle(k), y: edge - 6, "text-anchor": "middle" }, name)));

  /** @param {ArrayLike<number>} counts row by row */
  function show(counts) {
    let right = 0;
    for (let row = 0; row < side; row++) {
      let all = 0;
      for (let column = 0; column < side; column++) all += counts[row * side + column];
      for (let column = 0; column < side; column++) {
        const share = all ? counts[row * side + column] / all : 0;
        cells[row * side + column].setAttribute("opacity", String(Math.sqrt(share)));
        if (row === column) right += counts[row * side + column];
      }
    }
    const total = Array.from(counts).reduce((sum, count) => sum + count, 0);
    drawn.setAttribute("aria-label", `Confusion matrix: ${right} of ${total} on the diagonal`);
  }

  return { drawn, show };
}
