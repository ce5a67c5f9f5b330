// Puts the builder in the place of each text area that carries conditions. The text area stays the form's value.
import { render } from "preact";

import "./builder.css";
import { Builder } from "./Builder.jsx";
import { readFacts } from "./facts.js";

for (const place of document.querySelectorAll("[data-builder]")) mount(place);

function mount(place) {
  const textArea = place.querySelector("textarea");
  const facts = readFacts(JSON.parse(document.getElementById(`${place.dataset.builder}_facts`).textContent));
  const root = document.createElement("div");
  place.prepend(root);
  render(<Builder facts={facts} textArea={textArea} />, root);
}
