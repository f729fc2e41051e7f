// @ts-check
"use strict";
/* The network behind `digitbook serve`, as an engine of the drawing page (see draw.js). */
window.digitbookService = (() => {
  const { kind, noun } = /** @type {{ dataset: { kind: string, noun: string } } & Element} */ (
    document.querySelector("[data-engine=api]")).dataset;
  /** @type {string[]} */
  let classes;
  /** @type {number} */
  let limit;

  /** @param {string} address @param {RequestInit} [options] */
  async function asked(address, options) {
    const answer = await fetch(address, options);
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    return told;
  }

  return {
    kind, noun,
    get classes() { return classes; },
    get limit() { return limit; },
    async ready() { ({ classes, confidence_limit: limit } = await asked("api/model")); },
    async read(image) {
      const rows = Array.from({ length: 28 }, (_, y) => Array.from(image.subarray(28 * y, 28 * y + 28)));
      const { predictions: [{ probabilities, why }] } = await asked("api/predict", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ images: [rows] }),
      });
      return { probabilities: classes.map((name) => probabilities[name]), why };
    },
  };
})();
