// Keeps the list of the queue up to date. The stream says only that something has changed; htmx fetches what has.
(() => {
  const said = document.getElementById("live");
  const address = said && said.dataset.changes;
  if (!address || !window.EventSource) return;
  const LOST = "The live connection is lost; the list may be old. Trying again";
  const PATIENCE_MS = 2500; // the server ends a stream now and then, and is back at once
  const APART_MS = 2000; // between two fetches
  const AGED_MS = 60000; // ages, due times and locks change by themselves
  const RETRY_MS = [2000, 5000, 10000, 30000];
  let seen = said.dataset.seen;
  let source = null;
  let fetchedAt = Date.now();
  let tries = 0;
  let isLost = false;
  let waiting = null;
  let losing = null;
  let retrying = null;

  function say(words, mark) {
    said.hidden = false;
    said.className = mark;
    if (said.textContent !== words) said.textContent = words;
  }

  function refresh() {
    if (waiting) return;
    waiting = setTimeout(() => {
      waiting = null;
      fetchedAt = Date.now();
      htmx.trigger("#queue-list", "queue-changed");
    }, Math.max(0, fetchedAt + APART_MS - Date.now()));
  }

  function opened() {
    clearTimeout(losing);
    losing = null;
    tries = 0;
    say("Live", "live");
    if (isLost) refresh(); // whatever happened meanwhile
    isLost = false;
  }

  function failed() {
    losing ||= setTimeout(() => {
      isLost = true;
      say(LOST, "lost");
    }, PATIENCE_MS);
    if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
    clearTimeout(retrying);
    retrying = setTimeout(open, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
    tries += 1;
  }

  function open() {
    close();
    source = new EventSource(address);
    source.addEventListener("open", opened);
    source.addEventListener("error", failed);
    source.addEventListener("changed", (event) => {
      if (event.lastEventId !== seen) refresh();
      seen = event.lastEventId;
    });
  }

  function close() {
    clearTimeout(retrying);
    if (source) source.close();
    source = null;
  }

  // A page that nobody looks at needs no connection; a browser has few for each server.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
    } else {
      isLost = true;
      open();
    }
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  setInterval(() => { if (source && !isLost && Date.now() - fetchedAt >= AGED_MS) refresh(); }, 5000);
  open();
})();
