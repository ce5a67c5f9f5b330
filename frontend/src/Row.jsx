// A condition: what to look at, how to compare it, and with what.
import { Combobox } from "./Combobox.jsx";
import { operandFor } from "./expression.js";
import { capital } from "./facts.js";
import { at, numberOf, of, useLive } from "./live.js";
import { Note, problemId, useProblem } from "./Note.jsx";
import { Tools } from "./Tools.jsx";
import { Operand } from "./Operand.jsx";

export function Row(props) {
  const { path, rule, actions } = props;
  const { facts, currency, focus } = useLive();
  const problem = useProblem(path);
  const field = facts.field(rule.field);
  const name = `Row ${numberOf(path)}`;
  const marks = (part) => marksOf(part, problem, problemId(path));
  const change = (changes) => Object.entries(changes).forEach(([key, value]) => actions.onPropChange(key, value, path));
  const choose = (chosen) => {
    change(rowAbout(facts.field(chosen), rule, field, facts, currency));
    focus(of(rule.id, "operator"));
  };
  const compare = (operator, kind) => {
    const { takes } = facts.operator(operator);
    const kinds = facts.kinds(field, operator);
    const kept = kinds.includes(kind) ? kind : (kinds[0] ?? "value");
    change({ operator, value: operandFor(kept, takes, field.type, currency, rule.value) });
  };
  return (
    <div class={`rb-row ${problem ? `rb-has-${problem.kind}` : ""}`} role="group" aria-label={name} data-path={path.join(".")} data-node={rule.id}>
      <span class="rb-number" aria-hidden="true">{numberOf(path)}</span>
      <div class="rb-controls">
        <Combobox
          part="field" class="rb-field" label={`${name}: look at`} placeholder="Search for what to look at" value={rule.field}
          options={fieldOptions(facts.fields)} onChoose={choose} {...marks("field")}
        />
        {field && <Operator name={name} row={rule} field={field} facts={facts} compare={compare} marks={marks("operator")} />}
        {field && rule.operator && (
          <Operand
            name={name} field={field} operator={rule.operator} operand={rule.value ?? {}} marks={marks("value")}
            onKind={(kind) => compare(rule.operator, kind)} onChange={(value) => change({ value })}
          />
        )}
      </div>
      <Tools {...props} node={rule} name={`row ${numberOf(path)}`} />
      <Note path={path} />
    </div>
  );
}

/** Which control an error speaks of; what belongs to no other is said of the value. */
function marksOf(part, problem, id) {
  if (!problem) return {};
  const about = problem.key === "field" || problem.key === "operator" ? problem.key : "value";
  return { "aria-describedby": id, "aria-invalid": problem.kind === "error" && part === about ? "true" : undefined };
}

/** The same comparison where the new field allows it, else the one most rules use: the first of its type. */
function rowAbout(field, row, before, facts, currency) {
  const operator = field.operators.includes(row.operator) ? row.operator : usualOperator(field);
  const kept = field.type === before?.type && "value" in (row.value ?? {}) ? row.value : {};
  const { takes } = facts.operator(operator);
  return { field: field.name, operator, value: operandFor("value", takes, field.type, currency, kept) };
}

const usualOperator = (field) =>
  ["greater_than", "is_true", "equal"].find((operator) => field.operators.includes(operator)) ?? field.operators[0];

function Operator({ name, row, field, facts, compare, marks }) {
  const known = field.operators.includes(row.operator) || !row.operator;
  const kind = Object.keys(row.value ?? {})[0] ?? "value";
  return (
    <select
      class="rb-operator" data-part="operator" aria-label={`${name}: comparison`} value={row.operator}
      onChange={(event) => compare(event.currentTarget.value, kind)} {...marks}
    >
      {!row.operator && <option value="">Compare…</option>}
      {!known && <option value={row.operator}>{row.operator}</option>}
      {field.operators.map((operator) => (
        <option key={operator} value={operator}>{facts.operator(operator).words[field.plural ? 1 : 0]}</option>
      ))}
    </select>
  );
}

let described = null;
const fieldOptions = (fields) => (described ??= fields.map(fieldOption));

export function fieldOption(field) {
  const parts = [field.unit && `in ${field.unit}`, field.example && `such as ${field.example}`, field.missing && `missing when ${field.missing}`];
  return { value: field.name, words: capital(field.words), group: field.group, detail: capital(parts.filter(Boolean).join(" · ")) };
}
