// The two lists of the Admin for choosing many: their search icons have words, which need a role to be read out.
"use strict";
window.addEventListener("load", () => {
  setTimeout(() => {
    for (const icon of document.querySelectorAll(".search-label-icon[aria-label]")) icon.setAttribute("role", "img");
  });
});
