// Choosing several cases: how many are chosen, and that they stay chosen when the list is fetched anew.
(() => {
  // Whoever is logged out by now gets another page in place of the list.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    if (target.id !== "queue-list" || xhr.responseText.includes('id="queue-list"')) return;
    event.detail.shouldSwap = false;
    if (xhr.status < 400) location.reload();
  });

  const said = document.getElementById("chosen");
  if (!said) return;
  const all = document.getElementById("choose-all");
  const none = document.getElementById("choose-none");
  const boxes = () => [...document.querySelectorAll("#queue-list [data-choose]")];
  const chosen = () => boxes().filter((box) => box.checked);
  let kept = new Set();

  function say() {
    const count = chosen().length;
    said.textContent = count ? `${count} chosen` : "None chosen";
    document.getElementById("choosing").classList.toggle("some", count > 0);
    all.hidden = count === boxes().length;
    none.hidden = count === 0;
  }

  function choose(isChosen) {
    boxes().forEach((box) => { box.checked = isChosen; });
    say();
  }

  all.addEventListener("click", () => choose(true));
  none.addEventListener("click", () => choose(false));
  document.addEventListener("change", (event) => { if (event.target.matches("[data-choose]")) say(); });
  document.body.addEventListener("htmx:beforeSwap", () => { kept = new Set(chosen().map((box) => box.value)); });
  document.body.addEventListener("htmx:afterSettle", () => {
    boxes().forEach((box) => { box.checked ||= kept.has(box.value); });
    say();
  });
  say();
})();
