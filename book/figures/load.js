// @ts-check
/* Loads a live figure's script when its place comes into view, and lets it fill the place.
 *
 * A place is an element of class `live` (digitbook.book.live); what it names is a script beside this one.
 * The cell before it, if tagged `still`, is what the chapter drew for paper and for readers without
 * scripts; it gives way once the figure stands. */
const here = /** @type {HTMLScriptElement} */ (document.currentScript).src;
window.digitbookFigures = {};
window.digitbookAddress = (file) => new URL(file, here).href;
window.digitbookScript = (file) => (scripts[file] ??= new Promise((resolve, reject) => {
  const script = window.digitbookElement("script", { src: window.digitbookAddress(file) });
  script.onload = () => resolve();
  script.onerror = () => reject(new Error(`The file ${file}, which this figure needs, is missing.`));
  document.head.append(script);
}));
/** @type {Record<string, Promise<void>>} */
const scripts = {};

/** @param {HTMLElement} place */
async function fill(place) {
  const name = /** @type {string} */ (place.dataset.figure);
  const told = place.querySelector("script[type='application/json']")?.textContent;
  await window.digitbookScript(`${name}.js`);
  const box = window.digitbookElement("div", { className: `figure-${name}` });
  await window.digitbookFigures[name](box, told ? JSON.parse(told) : {});
  place.replaceChildren(box);
  const before = place.closest("div.cell")?.previousElementSibling;
  if (before?.classList.contains("tag_still")) before.classList.add("replaced");
  place.dataset.state = "ready";
}

const watching = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watching.unobserve(target);
    const place = /** @type {HTMLElement} */ (target);
    fill(place).catch((error) => {
      place.append(window.digitbookElement("p", { role: "status" }, `This figure cannot be shown: ${error.message}`));
      place.dataset.state = "failed";
    });
  }
}, { rootMargin: "400px" });
for (const place of document.querySelectorAll(".live[data-figure]")) watching.observe(place);
