// One value out of many, found by typing: an editable combobox with a list, as WAI-ARIA describes it.
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { matching } from "./search.js";

export function Combobox({ class: style, label, part, placeholder, value, options, custom, onChoose, ...marks }) {
  const id = useId();
  const [typed, setTyped] = useState(null); // null while nothing is typed: the input shows what is chosen
  const [isOpen, setIsOpen] = useState(false);
  const [active, setActive] = useState(0);
  const root = useRef(null);
  const chosen = options.find((option) => option.value === value);
  const shown = isOpen ? matching(options, typed ?? "", custom) : [];

  const open = () => {
    setIsOpen(true);
    setActive(Math.max(0, options.findIndex((option) => option.value === value)));
  };
  const close = () => { setIsOpen(false); setTyped(null); };
  const choose = (option) => { close(); if (option) onChoose(option.value); };
  const onInput = (event) => { setTyped(event.currentTarget.value); setIsOpen(true); setActive(0); };
  const onClick = (event) => {
    if (isOpen) return;
    event.currentTarget.select(); // so that typing replaces what was chosen
    open();
  };
  const onKeyDown = (event) => {
    const act = KEYS[event.key];
    if (act?.({ event, isOpen, typed, shown, active, open, close, choose, setActive })) event.preventDefault();
  };
  useEffect(() => {
    if (isOpen) root.current.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [isOpen, active, typed]);

  return (
    <div class={`rb-combobox ${style ?? ""}`} ref={root}>
      <input
        type="text" role="combobox" class="rb-input" data-part={part} aria-label={label} aria-autocomplete="list" autocomplete="off"
        aria-expanded={isOpen} aria-controls={isOpen ? `${id}-list` : undefined} placeholder={placeholder}
        aria-activedescendant={isOpen && shown.length ? `${id}-${active}` : undefined}
        value={typed ?? chosen?.words ?? value ?? ""} title={chosen?.words.length > 30 ? chosen.words : undefined}
        onInput={onInput} onKeyDown={onKeyDown} onClick={onClick} onFocus={(event) => event.currentTarget.select()}
        onBlur={close} {...marks}
      />
      {isOpen && <Options {...{ id, label, shown, active, choose, setActive }} />}
    </div>
  );
}

/** What a key does; true when the browser must not do anything else with it. */
const KEYS = {
  ArrowDown: ({ isOpen, shown, active, open, setActive }) => {
    if (isOpen) setActive(shown.length ? (active + 1) % shown.length : 0); else open();
    return true;
  },
  ArrowUp: ({ event, isOpen, shown, active, open, close, setActive }) => {
    if (event.altKey) close(); else if (isOpen) setActive(shown.length ? (active + shown.length - 1) % shown.length : 0); else open();
    return true;
  },
  Enter: ({ isOpen, shown, active, choose }) => {
    if (isOpen) choose(shown[active]);
    return true;
  },
  Escape: ({ event, isOpen, close }) => {
    if (isOpen) event.stopPropagation();
    close();
    return isOpen;
  },
  Tab: ({ isOpen, typed, shown, active, choose }) => {
    if (isOpen && typed) choose(shown[active]); // who typed and goes on means the best match
    return false;
  },
};

function Options({ id, label, shown, active, choose, setActive }) {
  const groups = groupBy(shown);
  return (
    <div id={`${id}-list`} role="listbox" class="rb-options" aria-label={label} onMouseDown={(event) => event.preventDefault()}>
      {shown.length === 0 && <div role="option" aria-disabled="true" aria-selected="false" class="rb-option">Nothing matches. Try another word.</div>}
      {[...groups].map(([group, members], place) => (
        <div key={group} role={group && "group"} aria-labelledby={group && `${id}-group-${place}`}>
          {group && <div id={`${id}-group-${place}`} role="presentation" class="rb-option-group">{group}</div>}
          {members.map((option) => {
            const index = shown.indexOf(option);
            return (
              <div
                key={option.value} id={`${id}-${index}`} role="option" aria-selected={index === active} class="rb-option"
                onClick={() => choose(option)} onMouseMove={() => index !== active && setActive(index)}
              >
                <span class="rb-option-words">{option.words}{option.note && <span class="rb-option-note">{option.note}</span>}</span>
                {option.detail && <span class="rb-option-detail">{option.detail}</span>}
              </div>
            );
          })}
        </div>
      ))}
    </div>
  );
}

function groupBy(options) {
  const groups = new Map();
  for (const option of options) groups.set(option.group, [...(groups.get(option.group) ?? []), option]);
  return groups;
}
