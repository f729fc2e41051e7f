// @ts-check
"use strict";
/* Pictures of numbers: from levels and a palette to the pixels of a canvas. */
window.digitbookPictures = (() => {
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
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
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

  return { colours, paint };
})();
