// @ts-check
/* The parts that figures are put together from: controls, and what is said aloud. */
export const element = window.digitbookElement;

/**
 * @param {string} text
 * @param {() => void} act
 */
export function button(text, act) {
  const made = element("button", { type: "button" }, text);
  made.addEventListener("click", act);
  return made;
}

/**
 * A slider over a list of values, with the chosen one beside its name.
 *
 * @template T
 * @param {string} name
 * @param {readonly T[]} values
 * @param {T} first the one that is chosen at the start
 * @param {(value: T) => string} told
 * @param {() => void} changed
 * @returns {{ label: HTMLElement, input: HTMLInputElement, value: () => T, choose: (value: T) => void }}
 */
export function slider(name, values, first, told, changed) {
  const output = element("b");
  const input = element("input", { type: "range", min: 0, max: values.length - 1, step: 1 });
  const value = () => values[Number(input.value)];
  const show = () => {
    output.textContent = told(value());
    input.setAttribute("aria-valuetext", told(value()));
  };
  /** @param {T} chosen */
  const choose = (chosen) => {
    input.value = String(values.indexOf(chosen));
    show();
  };
  input.addEventListener("input", () => { show(); changed(); });
  choose(first);
  return { label: element("label", {}, element("span", {}, name, " ", output), input), input, value, choose };
}

/**
 * One of several, as buttons in a row of which one is pressed in.
 *
 * @param {string} name
 * @param {readonly string[]} texts
 * @param {(chosen: number) => void} choose
 */
export function choice(name, texts, choose) {
  const group = `choice-${++choices}`;
  const options = texts.map((text, k) => {
    const radio = element("input", { type: "radio", name: group, checked: k === 0 });
    radio.addEventListener("change", () => choose(k));
    return element("label", {}, radio, element("span", {}, text));
  });
  return element("div", { className: "options", role: "radiogroup", "aria-label": name }, ...options);
}
let choices = 0;

/** A line that screen readers speak when it changes. */
export const spoken = () => element("p", { className: "unseen", role: "status", "aria-live": "polite" });

/** Whether the reader asked for less movement. */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** @param {number} share @param {number} [digits] */
export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}%`;
