// Keeps "Updated 12 s ago" true while the page stays open, and says when the figures have become old.
"use strict";
const updated = document.getElementById("updated");
if (updated) {
  const time = updated.querySelector("time");
  const since = Date.parse(time.dateTime);
  const words = (seconds) => (seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`);
  setInterval(() => {
    const seconds = Math.max(1, Math.floor((Date.now() - since) / 1000));
    const isOld = seconds > Number(updated.dataset.oldAfter);
    time.textContent = words(seconds);
    updated.classList.toggle("late", isOld);
    updated.querySelector(".when-old").hidden = !isOld;
  }, 5000);
}
