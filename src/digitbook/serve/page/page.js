// @ts-check
"use strict";
/* By day and by night: the book's style asks for the theme by name, which in the book a button sets. */
{
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { document.documentElement.dataset.theme = dark.matches ? "dark" : "light"; };
  dark.addEventListener("change", follow);
  follow();
}
