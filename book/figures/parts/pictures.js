// @ts-check
/* Digits, weights and maps as pictures. */
import { element } from "./page.js";

const { colours, paint } = window.digitbookPictures;
const PAPER = [253, 252, 249], INK = [34, 49, 63], BLUE = [36, 87, 127], ORANGE = [168, 67, 31];
const inked = colours(PAPER, INK);
/* From orange (against) over paper to blue (for). */
const against = colours(PAPER, ORANGE), favour = colours(PAPER, BLUE);
const signed = Uint32Array.from({ length: 256 }, (_, level) =>
  level < 128 ? against[255 - 2 * level] : favour[2 * level - 255]);

/** @param {string} label @param {string} [className] */
export const canvas = (label, className = "") => element("canvas", { className, role: "img", "aria-label": label });

/**
 * Paint pictures side by side, ink on paper.
 *
 * @param {HTMLCanvasElement} target
 * @param {ArrayLike<number>[]} pictures levels row by row
 * @param {number} width
 * @param {{ columns?: number, most?: number }} [options] what counts as full ink, 255 unless said
 */
export function paintInk(target, pictures, width, { columns = pictures.length, most = 255 } = {}) {
  paintAll(target, pictures, width, columns, inked, (value) => Math.min(255, Math.max(0, Math.round((255 * value) / most))));
}

/**
 * Paint pictures of positive and negative numbers, blue and orange, none paper.
 *
 * @param {HTMLCanvasElement} target
 * @param {ArrayLike<number>[]} pictures
 * @param {number} width
 * @param {{ columns?: number, most?: number }} [options] what is painted in full colour
 */
export function paintSigned(target, pictures, width, { columns = pictures.length, most = 1 } = {}) {
  paintAll(target, pictures, width, columns, signed, (value) =>
    Math.min(255, Math.max(0, Math.round(127.5 + (127.5 * value) / most))));
}

/**
 * @param {HTMLCanvasElement} target
 * @param {ArrayLike<number>[]} pictures
 * @param {number} width
 * @param {number} columns
 * @param {Uint32Array} palette
 * @param {(value: number) => number} level
 */
function paintAll(target, pictures, width, columns, palette, level) {
  const height = pictures[0].length / width;
  paint(target, { height, width, count: pictures.length, columns }, palette, (picture, pixel) =>
    level(pictures[picture][pixel]));
}
