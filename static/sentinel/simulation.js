// The page of a simulation: follows its progress, and turns the dial. Without this script the page loads itself
// again while it waits, and the table has every threshold.
"use strict";

const POLL_MS = 1000;

function follow(place) {
  const bar = place.querySelector("progress");
  const words = document.getElementById("progress-words");
  const ask = async () => {
    try {
      const response = await fetch(place.dataset.progress, { headers: { Accept: "application/json" } });
      if (!response.ok || response.redirected) throw new Error(String(response.status));
      const state = await response.json();
      if (state.is_finished) return location.reload();
      bar.value = state.percent;
      if (words.textContent !== state.words) words.textContent = state.words;
      setTimeout(ask, POLL_MS);
    } catch {
      words.textContent = "The service does not answer. Trying again …";
      setTimeout(ask, 5 * POLL_MS);
    }
  };
  setTimeout(ask, POLL_MS);
}

const share = (value) => (value === null ? "not known" : `${(100 * value).toFixed(1)} %`);
const count = (value) => value.toLocaleString("en-GB");
const rate = (value) => value.toLocaleString("en-GB", { maximumFractionDigits: value < 10 ? 1 : 0 });
const FIGURES = { hits: count, changes_per_day: rate, frauds: count, good: count, precision: share, recall: share };

function turn(slider) {
  const input = document.getElementById("threshold");
  const words = document.getElementById("threshold-words");
  const marker = document.getElementById("marker");
  const show = () => {
    const place = Number(input.value);
    const point = slider.points[place];
    words.textContent = point.words;
    input.setAttribute("aria-valuetext", point.words);
    const x = (slider.width * place) / Math.max(1, slider.last);
    marker.setAttribute("x1", x);
    marker.setAttribute("x2", x);
    for (const [name, written] of Object.entries(FIGURES)) {
      document.querySelector(`[data-figure="${name}"]`).textContent = written(point[name]);
    }
  };
  input.closest(".dial").hidden = false;
  input.addEventListener("input", show);
  show();
}

const waiting = document.querySelector("[data-progress]");
if (waiting) follow(waiting);
const data = document.getElementById("slider-data");
if (data) turn(JSON.parse(data.textContent));
