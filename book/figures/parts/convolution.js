// @ts-check
/* Convolution and pooling of one channel, as chapter 6 computes them. */

/**
 * The sums of a square kernel over each patch of an image, without padding.
 *
 * @param {ArrayLike<number>} image a square, row by row
 * @param {ArrayLike<number>} kernel a square, row by row
 */
export function convolve(image, kernel) {
  const side = Math.sqrt(image.length), size = Math.sqrt(kernel.length), across = side - size + 1;
  return Float64Array.from({ length: across * across }, (_, place) => {
    const products = patch(image, kernel.length, place);
    return products.reduce((sum, value, k) => sum + value * kernel[k], 0);
  });
}

/**
 * The part of an image that a kernel of `cells` numbers lies on at a place of its map.
 *
 * @param {ArrayLike<number>} image
 * @param {number} cells
 * @param {number} place
 */
export function patch(image, cells, place) {
  const side = Math.sqrt(image.length), size = Math.sqrt(cells), across = side - size + 1;
  const top = Math.floor(place / across), left = place % across;
  return Array.from({ length: cells }, (_, k) => image[(top + Math.floor(k / size)) * side + left + (k % size)]);
}

/**
 * The largest of each block of 2 by 2; a last odd row or column is left out.
 *
 * @param {ArrayLike<number>} map a square, row by row
 */
export function pool(map) {
  const side = Math.sqrt(map.length), half = Math.floor(side / 2);
  return Float64Array.from({ length: half * half }, (_, k) => {
    const at = 2 * Math.floor(k / half) * side + 2 * (k % half);
    return Math.max(map[at], map[at + 1], map[at + side], map[at + side + 1]);
  });
}
