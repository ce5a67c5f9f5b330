// Moments that go on: [data-due] says how long is left, and the verdict of a moment ago ([data-seconds]) counts down
// and goes. Nothing here is a live region: who listens hears a time when asking for it.
"use strict";
(() => {
  const EACH_MS = 15_000, MINUTE_MS = 60_000, SOON_MS = 30 * MINUTE_MS;

  function roughly(ms) {
    const minutes = Math.floor(ms / MINUTE_MS);
    const parts = [[Math.floor(minutes / 1440), "d"], [Math.floor(minutes / 60) % 24, "h"], [minutes % 60, "min"]];
    const from = parts.findIndex(([count]) => count > 0);
    if (from < 0) return "under a minute";
    return parts.slice(from, from + 2).filter(([count]) => count).map(([count, unit]) => `${count} ${unit}`).join(" ");
  }

  function tick() {
    for (const element of document.querySelectorAll("[data-due]")) {
      const left = Date.parse(element.dataset.due) - Date.now();
      const words = left > 0 ? `due in ${roughly(left)}` : `overdue for ${roughly(-left)}`;
      if (element.textContent === words || Number.isNaN(left)) continue;
      element.textContent = words;
      element.classList.toggle("late", left <= 0);
      element.classList.toggle("soon", left > 0 && left < SOON_MS);
      element.classList.toggle("calm", left >= SOON_MS);
    }
  }

  function countDown(bar) {
    const until = performance.now() + 1000 * Number(bar.dataset.seconds), shown = bar.querySelector("[data-left]");
    const timer = setInterval(() => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (shown) shown.textContent = Math.max(0, left);
      if (left > 0) return;
      clearInterval(timer);
      bar.hidden = true;
    }, 250);
  }

  setInterval(tick, EACH_MS);
  document.body.addEventListener("htmx:afterSettle", tick);
  document.querySelectorAll("[data-seconds]").forEach(countDown);
})();
