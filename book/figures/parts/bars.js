// @ts-check
/* A bar for each class's probability. */
import { element, percent } from "./page.js";

/** @param {readonly string[]} classes */
export function answerBars(classes) {
  const fills = classes.map(() => element("span", { className: "fill" }));
  const shares = classes.map(() => element("span", { className: "share" }));
  const rows = classes.map((name, k) => element("li", {}, element("b", {}, name),
    element("span", { className: "track", "aria-hidden": "true" }, fills[k]), shares[k]));
  const list = element("ol", { className: "bars", role: "list", "aria-label": "Probability of each digit" }, ...rows);

  list.style.setProperty("--longest", String(Math.max(...classes.map((name) => name.length))));

  /** @param {ArrayLike<number> | null} probabilities */
  function show(probabilities) {
    const most = probabilities ? Math.max(...Array.from(probabilities)) : 0;
    rows.forEach((row, k) => {
      const share = probabilities?.[k] ?? 0;
      fills[k].style.transform = `scaleX(${share})`;
      shares[k].textContent = probabilities ? percent(share) : "";
      row.classList.toggle("first", share > 0 && share === most);
    });
  }

  show(null);
  return { list, show };
}
