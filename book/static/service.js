// @ts-check
"use strict";
/* The network behind `digitbook serve`, as an engine of the drawing page (see draw.js). */
window.digitbookService = (() => {
  const { kind } = /** @type {{ dataset: { kind: string } } & Element} */ (
    document.querySelector("[data-engine=api]")).dataset;
  /** @type {string[]} */
  let classes;

  /** @param {string} address @param {RequestInit} [options] */
  async function asked(address, options) {
    const answer = await fetch(address, options);
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    return told;
  }

  return {
    kind,
    get classes() { return classes; },
    async ready() { ({ classes } = await asked("api/model")); },
    async read(image) {
      const rows = Array.from({ length: 28 }, (_, y) => Array.from(image.subarray(28 * y, 28 * y + 28)));
      const { predictions: [{ probabilities }] } = await asked("api/predict", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ images: [rows] }),
      });
      return { probabilities: classes.map((name) => probabilities[name]) };
    },
  };
})();
