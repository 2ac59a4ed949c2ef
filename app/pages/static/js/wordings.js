// Says when what is shown of a wording is older than what is typed; htmx asks, and the page is whole without both.
"use strict";

const lost = document.getElementById("lost");
for (const name of ["htmx:sendError", "htmx:responseError"]) document.addEventListener(name, () => (lost.hidden = false));
document.addEventListener("htmx:afterSwap", () => (lost.hidden = true));
