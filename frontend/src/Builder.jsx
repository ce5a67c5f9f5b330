// The frame: the sentence above, rows or text below, and what the server says of them.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import QueryBuilder from "react-querybuilder";

import { useCheck } from "./check.js";
import { currencyOf, emptyTree, newId, placeOf, rowsOf, toJson, toTree, unfinished } from "./expression.js";
import { Group } from "./Group.jsx";
import { Live, focusSoon, numberOf } from "./live.js";
import { Row } from "./Row.jsx";

const CONTROLS = { ruleGroup: Group, rule: Row };

export function Builder({ facts, textArea }) {
  const root = useRef(null);
  const [text, setText] = useState(textArea.value);
  const [tree, setTree] = useState(() => treeOf(textArea.value));
  const [asText, setAsText] = useState(tree === null);
  const [refusal, setRefusal] = useState(tree === null ? UNREADABLE : "");
  const [round, setRound] = useState(0);
  const insists = useRef(textArea.getAttribute("aria-invalid") === "true");
  const answer = useCheck(facts.checkUrl, textArea.form, text || JSON.stringify(toJson(emptyTree(), facts)));
  const problems = useMemo(() => problemsIn(answer, tree, facts, insists.current), [answer, tree, facts]);

  useTextArea(textArea, asText, setText);
  const onChange = useCallback((changed) => {
    textArea.value = JSON.stringify(toJson(changed, facts), null, 2);
    setTree(changed);
    setText(textArea.value);
  }, [facts, textArea]);

  const toggle = () => {
    const read = asText ? treeOf(textArea.value) : tree;
    setRefusal(read ? "" : UNREADABLE);
    if (!read) return;
    setTree(read);
    setRound(round + 1);
    setAsText(!asText);
  };
  const currency = tree ? currencyOf(tree, facts.currency) : facts.currency;
  const focus = useCallback((...selectors) => focusSoon(root, ...selectors), []);

  return (
    <div class="rb" ref={root} role="group" aria-label="Conditions of the rule" onKeyDown={keepEnter}>
      <Sentence answer={answer} problems={problems} facts={facts} tree={asText ? null : tree} />
      <div class={asText ? "rb-bar" : "rb-bar rb-over"}>
        <button type="button" class="rb-quiet" onClick={toggle}>
          {asText ? "Show as rows" : "Show as text"}
        </button>
      </div>
      {refusal && <p class="rb-note rb-error" role="alert">{refusal}</p>}
      {asText ? <Problems found={answer.errors} /> : (
        <Live.Provider value={{ facts, problems, focus, currency }}>
          <QueryBuilder
            key={round} defaultQuery={tree} onQueryChange={onChange} idGenerator={newId} controlElements={CONTROLS}
            enableMountQueryChange={false} suppressStandardClassnames resetOnFieldChange={false}
            autoSelectField={false} autoSelectOperator={false} autoSelectValue={false}
          />
        </Live.Provider>
      )}
    </div>
  );
}

const UNREADABLE = "This text cannot be shown as rows. Correct it first, or empty it to start anew.";

function treeOf(text) {
  if (!text.trim()) return emptyTree();
  try {
    return toTree(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The text area is seen, and named by the form's label, only while it is what somebody edits. */
function useTextArea(textArea, isShown, setText) {
  useEffect(() => {
    textArea.hidden = !isShown;
    const help = document.getElementById(`${textArea.id}_helptext`);
    if (help) help.hidden = !isShown;
    const follow = () => setText(textArea.value);
    textArea.addEventListener("input", follow);
    return () => textArea.removeEventListener("input", follow);
  }, [textArea, isShown, setText]);
}

/** Enter in a value must not save the whole form by accident. */
function keepEnter(event) {
  if (event.key === "Enter" && event.target.tagName === "INPUT") event.preventDefault();
}

/** By path: { words, kind, key }. A row that is only unfinished says what is next, not what is wrong. */
function problemsIn(answer, tree, facts, insists) {
  const found = new Map();
  const note = (kind) => ({ path, words }) => {
    const place = placeOf(path).join(".");
    if (!found.has(place)) found.set(place, { words, kind, key: path.split(".").pop() });
  };
  answer.errors.forEach(note("error"));
  answer.warnings.forEach(note("warning"));
  if (tree) markUnfinished(tree, [], facts, insists, found);
  return found;
}

function markUnfinished(node, path, facts, insists, found) {
  if (node.rules) return node.rules.forEach((each, index) => markUnfinished(each, [...path, index], facts, insists, found));
  const words = unfinished(node, facts);
  if (words) found.set(path.join("."), { words, kind: insists ? "error" : "unfinished", key: "" });
}

function Sentence({ answer, problems, facts, tree }) {
  const count = (kind) => [...problems.values()].filter((each) => each.kind === kind).length;
  const second = tree && rowsOf(tree).some((row) => facts.field(row.field)?.after_model);
  return (
    <div class="rb-sentence">
      <p role="status">{answer.sentence || "The rule in one sentence appears here."}</p>
      <p class="rb-state" role="status">
        {answer.unavailable}
        {tree && counted(count("error"), "row needs a change.", "rows need a change.", "rb-error")}
        {tree && counted(count("unfinished"), "row is not finished.", "rows are not finished.", "")}
        {tree && counted(count("warning"), "hint.", "hints.", "rb-warning")}
        {second && <span>Runs in the second pass, after the model.</span>}
      </p>
    </div>
  );
}

const counted = (count, one, many, style) => count > 0 && <span class={style}>{count} {count === 1 ? one : many} </span>;

const Problems = ({ found }) => found.length > 0 && (
  <ul class="rb-problems">
    {found.map(({ path, words }) => <li key={path}><strong>{placeOf(path).length ? `Row ${numberOf(placeOf(path))}` : "The rule"}:</strong> {words}</li>)}
  </ul>
);
