// @ts-check
/* The digits that the build put into the site, for figures that train or show some. */

/**
 * @typedef {object} Digits
 * @property {string} data the name of the set that they are from
 * @property {string[]} classes
 * @property {number} fit how many of them, from the first, are to fit on; the others are for validation
 * @property {Uint8Array} images 784 levels from 0 to 255 a digit
 * @property {Uint8Array} labels
 */

/** @returns {Promise<Digits>} */
export async function loadDigits() {
  await window.digitbookScript("digits.js");
  const { packed, labels, ...rest } = window.digitbookDigits;
  return { ...rest, images: await unpacked(packed), labels: Uint8Array.from(labels) };
}

/** @param {string} packed zlib's output in base64 */
export async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {Uint8Array} images @param {number} index */
export const pictureOf = (images, index) => images.subarray(784 * index, 784 * (index + 1));
