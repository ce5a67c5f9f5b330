// The slider over the curve's numbers, and a page that looks again while a simulation runs. Without it the table
// says the same, and a link looks again.
"use strict";
const slider = document.getElementById("slider");
const rows = [...document.querySelectorAll("#points tbody tr")];
if (slider && rows.length) {
  const range = document.getElementById("threshold");
  const said = document.getElementById("said");
  const say = () => {
    const { threshold, reviews, caught, fraud, good } = rows[range.value].dataset;
    const words = [`At ${threshold} you review ${reviews} a day`];
    if (Number(fraud)) words.push(`${caught} of ${fraud} confirmed frauds are caught`, `${good} good customers stopped`);
    said.textContent = `${words.join("; ")}.`;
    range.setAttribute("aria-valuetext", said.textContent);
    for (const row of rows) row.classList.toggle("chosen", row === rows[range.value]);
  };
  slider.hidden = false;
  range.addEventListener("input", say);
  say();
}
if (document.querySelector("[data-running]")) setTimeout(() => location.reload(), 2000);
