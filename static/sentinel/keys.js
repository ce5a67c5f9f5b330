// The keyboard of the reviewers' pages. An element names its key: data-key="1", or "g q" for two one after another; it
// is clicked, or focused when one writes in it. In an open details[data-key-scope] keys mean what is in there first,
// and figures mean nothing else. Rows: [data-row] with a [data-open] link and, if they can be chosen, [data-choose].
// Keys never count while somebody writes, with Ctrl, Alt or Meta, while a dialog is open, or during a POST.
"use strict";
(() => {
  const STORED = "sentinel.keys", TOGETHER_MS = 1500, BUSY_MS = 10_000;
  const NO_TEXT = new Set(["checkbox", "radio", "button", "submit", "reset", "range", "color", "file", "image"]);
  const dialog = document.getElementById("keys"), opener = document.getElementById("keys-open");
  const onBox = document.getElementById("keys-on");
  let before = "", beforeAt = 0, isBusy = false, here = "", lastChosen = "";

  const stored = (value) => {
    try { return value === undefined ? localStorage.getItem(STORED) : localStorage.setItem(STORED, value); }
    catch { return null; } // a browser may keep nothing: then keys are on
  };
  const isOn = () => stored() !== "off";
  // What a closed details hides keeps its boxes.
  const isFolded = (element) => element.closest("details:not([open])") && !element.matches("summary");
  const isShown = (element) => element.getClientRects().length > 0 && !element.disabled && !isFolded(element);
  const isWriting = (element) => element instanceof HTMLElement && (element.isContentEditable
    || element.matches("textarea, select") || (element.matches("input") && !NO_TEXT.has(element.type)));
  const isAnswering = (element) => element instanceof Element
    && element.matches("a, button, summary, input, select, textarea, [tabindex='0']");

  // Rows
  const rows = () => [...document.querySelectorAll("[data-row]")].filter(isShown);
  const nameOf = (row) => row.dataset.row || row.querySelector("[data-open]")?.getAttribute("href") || "";
  const rowHere = () => rows().find((row) => row.contains(document.activeElement))
    ?? rows().find((row) => here && nameOf(row) === here);

  function goTo(row) {
    here = nameOf(row);
    for (const each of rows()) each.classList.toggle("here", each === row);
    const target = row.querySelector("[data-open]") ?? row;
    if (target === row && !row.hasAttribute("tabindex")) row.tabIndex = -1;
    target.focus();
    target.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(rowHere());
    goTo(all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + step))]);
    return true;
  }

  function open() {
    const link = rowHere()?.querySelector("[data-open]");
    link?.click();
    return Boolean(link);
  }

  function choose(isRange) {
    const row = rowHere(), all = rows();
    if (!row?.querySelector("[data-choose]")) return false;
    const from = isRange ? all.findIndex((each) => nameOf(each) === lastChosen) : -1, to = all.indexOf(row);
    if (from < 0) row.querySelector("[data-choose]").click();
    else for (const each of all.slice(Math.min(from, to), Math.max(from, to) + 1)) {
      const box = each.querySelector("[data-choose]");
      if (box && !box.checked) box.click();
    }
    lastChosen = nameOf(row);
    return true;
  }

  const OF_ROWS = { j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
    o: open, Enter: open, x: () => choose(false), X: () => choose(true) };

  // Elements
  const openScope = () => document.querySelector("[data-key-scope][open]");
  const withKey = (place, key) => [...place.querySelectorAll("[data-key]")]
    .filter((element) => element.dataset.key === key && (isShown(element) || dialog?.contains(element)));

  function found(key) {
    const scope = openScope();
    const inside = scope && withKey(scope, key).find((element) => !element.matches("summary"));
    if (inside) return inside;
    return scope && /^\d$/.test(key) ? undefined : withKey(document, key)[0];
  }

  function act(element) {
    if (isWriting(element)) {
      element.focus();
      element.select?.();
      return;
    }
    element.click();
    if (element.matches("[type=radio], [type=checkbox]")) {
      const next = document.getElementById(element.dataset.leads) ?? element.form?.querySelector("button:not([type=button])");
      next?.focus();
    } else if (element.matches("summary")) {
      const first = element.parentElement.open && element.parentElement.querySelector("[data-focus]");
      (first || element).focus();
    }
  }

  function closeScope() {
    const scope = openScope();
    if (!scope) return false;
    scope.open = false;
    scope.querySelector("summary")?.focus();
    return true;
  }

  function press(event) {
    const key = event.key, isRepeated = event.repeat, sequence = before && event.timeStamp - beforeAt < TOGETHER_MS
      ? `${before} ${key}` : "";
    before = "";
    if (key === "Escape") return closeScope();
    if (key === "?") return show();
    const element = (sequence && found(sequence)) || found(key);
    if (element) {
      if (!isRepeated) act(element); // a key that is held down decides once
      return true;
    }
    if (!isRepeated && document.querySelector(`[data-key^="${CSS.escape(key)} "]`)) {
      [before, beforeAt] = [key, event.timeStamp];
      return true;
    }
    const isOwn = key === "Enter" && isAnswering(event.target);
    const isRadio = key.startsWith("Arrow") && event.target instanceof Element && event.target.matches("[type=radio]");
    return !isOwn && !isRadio && Object.hasOwn(OF_ROWS, key) && OF_ROWS[key]();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!isOn() || isBusy || document.querySelector("dialog[open]") || isWriting(event.target)) return;
    if (press(event)) event.preventDefault();
  });

  // A POST under way
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || (event.submitter?.formMethod || event.target.method) !== "post") return;
    if (isBusy) event.preventDefault();
    isBusy = true;
    setTimeout(() => { isBusy = false; }, BUSY_MS); // somebody may have stopped it
  });
  addEventListener("pageshow", () => { isBusy = false; });
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.requestConfig?.verb !== "get") isBusy = true;
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig?.verb !== "get") isBusy = false;
  });
  // Rows that were fetched anew: the one that was focused is so again, unless the focus went elsewhere.
  document.body.addEventListener("htmx:afterSettle", () => {
    const row = rows().find((each) => here && nameOf(each) === here);
    if (row && document.activeElement === document.body) goTo(row);
    tell();
  });

  // The list of keys
  const words = (element) => {
    if (element.dataset.keyWords || element.ariaLabel) return element.dataset.keyWords || element.ariaLabel;
    if (isWriting(element)) return element.labels?.[0]?.textContent || element.placeholder || "";
    return [...element.childNodes].filter((each) => each.nodeName !== "KBD").map((each) => each.textContent).join("");
  };
  const OF_ROWS_TOLD = [["j", "Next row"], ["k", "Row before"], ["Enter", "Open the row"], ["x", "Choose the row"],
    ["Shift x", "Choose all rows between"]];

  function fill(body) {
    const told = new Map(rows().length ? OF_ROWS_TOLD : []);
    for (const element of document.querySelectorAll("[data-key]")) {
      const isTold = isShown(element) && !dialog.contains(element) && (element.matches("summary")
        || !element.closest("[data-key-scope]"));
      if (isTold && !told.has(element.dataset.key)) told.set(element.dataset.key, words(element).trim());
    }
    told.set("Esc", "Close what is open");
    told.set("?", "This list");
    body.replaceChildren(...[...told].map(([key, what]) => {
      const row = document.createElement("tr"), head = document.createElement("th"), cell = document.createElement("td");
      head.scope = "row";
      head.append(...key.split(" ").flatMap((part) => {
        const shown = document.createElement("kbd");
        shown.textContent = part;
        return [shown, " "];
      }));
      cell.textContent = what;
      row.append(head, cell);
      return row;
    }));
  }

  function show() {
    if (!dialog) return false;
    fill(dialog.querySelector("[data-keys-of-page]"));
    onBox.checked = isOn();
    dialog.showModal();
    return true;
  }

  function tell() { // to screen readers
    for (const element of document.querySelectorAll("[data-key]")) {
      if (element.dataset.key.length === 1 && isOn()) element.setAttribute("aria-keyshortcuts", element.dataset.key);
      else element.removeAttribute("aria-keyshortcuts");
    }
    document.body.classList.toggle("keys-off", !isOn());
  }

  if (opener) {
    opener.hidden = false;
    opener.addEventListener("click", show);
  }
  onBox?.addEventListener("change", () => {
    stored(onBox.checked ? "on" : "off");
    tell();
  });
  tell();
})();
