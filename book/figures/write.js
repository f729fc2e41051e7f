// @ts-check
/* Digits that write themselves on the page's canvas, for who wants to see one read first. */
import { button, calm, element } from "./parts/page.js";

const HEADER = 60; // pixels at the top that the theme's own bar covers

/** @param {HTMLElement} box */
async function start(box) {
  await window.digitbookScript("hands.js");
  const hands = window.digitbookHands, canvas = document.querySelector(".draw");
  box.replaceChildren(
    element("p", {}, "Or watch one being written:"),
    element("div", { className: "buttons" }, ...Object.entries(hands).map(([digit, strokes]) =>
      button(digit, () => {
        const sheet = canvas?.querySelector(".sheet")?.getBoundingClientRect();
        if (sheet && sheet.top < HEADER) canvas?.scrollIntoView({ behavior: calm() ? "auto" : "smooth" });
        canvas?.dispatchEvent(new CustomEvent("write", { detail: strokes }));
      }))));
}

window.digitbookFigures.write = start;
