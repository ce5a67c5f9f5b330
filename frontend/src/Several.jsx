// Several values of one kind: each as a chip that can be taken off, and a way to add one more.
import { useRef, useState } from "preact/hooks";

import { Combobox } from "./Combobox.jsx";
import { capital, plain } from "./facts.js";
import { IconButton } from "./icons.jsx";
import { useLive } from "./live.js";
import { fourDigits } from "./Operand.jsx";

export function Several({ name, field, values, marks, onChange }) {
  const { facts } = useLive();
  const root = useRef(null);
  const options = field.type === "choice" ? field.choices.map((each) => ({ value: each, words: capital(plain(each)) })) : facts.options[field.type];
  const words = (value) => options?.find((option) => option.value === value)?.words ?? String(value);
  const add = (given) => onChange([...new Set([...values, ...given])]);
  const remove = (index) => {
    onChange(values.filter((_, place) => place !== index));
    root.current.querySelector("input").focus();
  };
  return (
    <div class="rb-several" ref={root}>
      {values.length > 0 && (
        <ul class="rb-chips" aria-label={`${name}: values`}>
          {values.map((value, index) => (
            <li key={value} class="rb-chip">
              {words(value)} <IconButton icon="remove" label={`Remove ${words(value)}`} onClick={() => remove(index)} />
            </li>
          ))}
        </ul>
      )}
      {options ? (
        <Combobox
          class="rb-code" label={`${name}: add a value`} placeholder="Add…" value="" options={options.filter((option) => !values.includes(option.value))}
          custom={field.type === "category" ? fourDigits : undefined} onChoose={(value) => add([value])} {...marks}
        />
      ) : <Typing label={`${name}: add a value, then Enter`} add={add} marks={marks} />}
    </div>
  );
}

/** Values end with Enter or a comma; a pasted column or line becomes one value each. */
function Typing({ label, add, marks }) {
  const [text, setText] = useState("");
  const take = (typed) => {
    const given = typed.split(/[,\n\t]+/).map((each) => each.trim()).filter(Boolean);
    if (given.length) add(given);
    setText("");
  };
  const onKeyDown = (event) => {
    if (event.key !== "Enter" && event.key !== ",") return;
    event.preventDefault();
    take(event.currentTarget.value);
  };
  const onPaste = (event) => {
    const pasted = event.clipboardData.getData("text");
    if (!/[,\n\t]/.test(pasted)) return;
    event.preventDefault();
    take(pasted);
  };
  return (
    <input
      type="text" class="rb-input" size="14" aria-label={label} placeholder="Add, then Enter" autocomplete="off" value={text} {...marks}
      onInput={(event) => setText(event.currentTarget.value)} onKeyDown={onKeyDown} onPaste={onPaste} onBlur={() => take(text)}
    />
  );
}
