// What every part of the builder may ask for: the facts, what is wrong at a place, and to move the focus.
import { createContext } from "preact";
import { useContext } from "preact/hooks";

export const Live = createContext(null);
export const useLive = () => useContext(Live);

/** Moves the focus once the change that goes before it is drawn: to the first of these that is there. */
export function focusSoon(root, ...selectors) {
  const focus = () => {
    const found = selectors.map((selector) => root.current?.querySelector(selector)).find((each) => each && !each.disabled);
    found?.focus();
  };
  requestAnimationFrame(() => requestAnimationFrame(focus));
}

export const at = (path, part) => `[data-path="${path.join(".")}"] [data-part="${part}"]`;
export const of = (id, part) => `[data-node="${id}"] [data-part="${part}"]`;
export const numberOf = (path) => path.map((index) => index + 1).join(".");
