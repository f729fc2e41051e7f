// @ts-check
"use strict";
/* Makes an element with these properties, or attributes where it has no such property, and children. */
window.digitbookElement = (name, properties = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made && !key.includes("-") && key !== "role") Object.assign(made, { [key]: value });
    else made.setAttribute(key, String(value));
  }
  made.append(...children);
  return made;
};
