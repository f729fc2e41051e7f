// @ts-check
/* The released network for digits, as the drawing page reads with it. */

/** @returns {Promise<Engine>} */
export async function released() {
  if (!window.digitbookNetworks) {
    await window.digitbookScript("../networks.js");
    await window.digitbookScript("../network.js");
  }
  const [engine] = window.digitbookNetworks;
  await engine.ready();
  return engine;
}
