// Asks the server what the conditions say and what is wrong with them, a moment after the last change.
import { useEffect, useState } from "preact/hooks";

const PAUSE_MS = 250;
const NOTHING = { sentence: "", errors: [], warnings: [] };

export function useCheck(url, form, text) {
  const action = useAction(form);
  const [answer, setAnswer] = useState(NOTHING);
  useEffect(() => {
    const request = new AbortController();
    const timer = setTimeout(async () => {
      const found = await ask(url, form, { action, text }, request.signal);
      if (found) setAnswer(found);
    }, PAUSE_MS);
    return () => { clearTimeout(timer); request.abort(); };
  }, [url, form, action, text]);
  return answer;
}

async function ask(url, form, body, signal) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": form?.elements.csrfmiddlewaretoken?.value ?? "" };
  try {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
    if (response.ok && !response.redirected) return await response.json();
    const words = response.status === 413 ? (await response.json()).detail : null;
    return { ...NOTHING, unavailable: words ?? UNAVAILABLE };
  } catch (error) {
    return signal.aborted ? null : { ...NOTHING, unavailable: UNAVAILABLE };
  }
}

const UNAVAILABLE = "The check does not answer. Go on: the conditions are checked when you save.";

/** The action chosen elsewhere in the form; review where there is none. */
function useAction(form) {
  const select = form?.elements.action;
  const [action, setAction] = useState(select?.value || "review");
  useEffect(() => {
    const follow = () => setAction(select.value);
    select?.addEventListener("change", follow);
    return () => select?.removeEventListener("change", follow);
  }, [select]);
  return action;
}
