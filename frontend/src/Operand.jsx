// What a row compares with: values by the type of the field, another field, or a list.
import { Combobox } from "./Combobox.jsx";
import { plain } from "./facts.js";
import { useLive } from "./live.js";
import { fieldOption } from "./Row.jsx";
import { Several } from "./Several.jsx";

const KINDS = { one: { value: "a value", other_field: "another field" }, many: { value: "these values", list: "those on the list" } };

export function Operand(props) {
  const { facts } = useLive();
  const { name, field, operator, operand, marks, onKind, onChange } = props;
  const { takes } = facts.operator(operator);
  const kinds = facts.kinds(field, operator);
  const kind = Object.keys(operand)[0] ?? "value";
  if (takes === "nothing") return null;
  return (
    <>
      {kinds.length > 1 && (
        <select class="rb-kind" aria-label={`${name}: compare with`} value={kind} onChange={(event) => onKind(event.currentTarget.value)}>
          {kinds.map((each) => <option key={each} value={each}>{(KINDS[takes] ?? KINDS.one)[each]}</option>)}
        </select>
      )}
      {kind === "list" && <ListPicker {...props} />}
      {kind === "other_field" && (
        <Combobox
          class="rb-field" label={`${name}: the other field`} placeholder="Search for a field" value={operand.other_field}
          options={facts.others(field).map(fieldOption)} onChoose={(other_field) => onChange({ other_field })} {...marks}
        />
      )}
      {kind === "value" && <Values name={name} field={field} takes={takes} value={operand.value} marks={marks} onChange={(value) => onChange({ value })} />}
    </>
  );
}

function ListPicker({ name, field, operand, marks, onChange }) {
  return (
    <Combobox
      class="rb-list" label={`${name}: list`} placeholder="Search for a list" value={operand.list}
      options={field.lists.map((list) => ({ value: list, words: list }))} onChoose={(list) => onChange({ list })} {...marks}
    />
  );
}

function Values({ takes, value, onChange, ...rest }) {
  if (takes === "many") return <Several values={Array.isArray(value) ? value : []} onChange={onChange} {...rest} />;
  if (takes === "range") return <Range values={Array.isArray(value) ? value : ["", ""]} onChange={onChange} {...rest} />;
  return <One value={value} onChange={onChange} label={`${rest.name}: value`} {...rest} />;
}

function Range({ name, field, values, marks, onChange }) {
  const [low, high] = values;
  const isMoney = field.type === "money";
  const withCurrency = (currency) => onChange(values.map((each) => ({ ...amountOf(each), currency })));
  return (
    <>
      <One {...{ field, marks }} bare label={`${name}: lowest value`} value={low} onChange={(value) => onChange([value, high])} />
      <span class="rb-word">and</span>
      <One {...{ field, marks }} bare label={`${name}: highest value`} value={high} onChange={(value) => onChange([low, value])} />
      {isMoney ? <Currency name={name} value={amountOf(low).currency} onChoose={withCurrency} /> : <Unit field={field} />}
    </>
  );
}

/** One value. `bare` leaves out unit and currency, which a range says once. */
function One(props) {
  switch (props.field.type) {
    case "money": return <Money {...props} />;
    case "country": case "currency": case "category": return <Code {...props} />;
    case "choice": return <Choice {...props} />;
    case "whole": case "number": return <Typed {...props} inputMode="decimal" size={6} />;
    default: return <Typed {...props} placeholder={props.field.example && `such as ${props.field.example}`} />;
  }
}

const amountOf = (value) => (typeof value === "object" && value !== null ? value : { amount: String(value ?? ""), currency: "" });

function Money({ name, field, value, marks, label, bare, onChange }) {
  const money = amountOf(value);
  return (
    <>
      <Input label={bare ? label : `${label} (amount)`} inputMode="decimal" size={10} value={money.amount} marks={marks}
        onChange={(amount) => onChange({ ...money, amount: amount.replaceAll(",", "").trim() })} />
      {!bare && <Currency name={name} value={money.currency} onChoose={(currency) => onChange({ ...money, currency })} />}
    </>
  );
}

function Currency({ name, value, onChoose }) {
  const { facts } = useLive();
  return <Combobox class="rb-currency" label={`${name}: currency`} value={value} options={facts.options.currency} onChoose={onChoose} />;
}

function Code({ field, value, marks, label, onChange }) {
  const { facts } = useLive();
  const words = { country: "Search for a country", currency: "Search for a currency", category: "Search by name or code" };
  return (
    <Combobox
      class="rb-code" label={label} placeholder={words[field.type]} value={value} options={facts.options[field.type]}
      custom={field.type === "category" ? fourDigits : undefined} onChoose={onChange} {...marks}
    />
  );
}

/** Card schemes have codes that are in no table, so any four digits can be chosen. */
export const fourDigits = (typed) => (/^\d{4}$/.test(typed) ? { value: typed, words: typed, detail: "A code without a name" } : null);

function Choice({ field, value, marks, label, onChange }) {
  const known = !value || field.choices.includes(value);
  return (
    <select class="rb-choice" aria-label={label} value={value ?? ""} onChange={(event) => onChange(event.currentTarget.value)} {...marks}>
      {!value && <option value="">Choose…</option>}
      {!known && <option value={value}>{String(value)}</option>}
      {field.choices.map((choice) => <option key={choice} value={choice}>{plain(choice)}</option>)}
    </select>
  );
}

function Typed({ field, value, marks, label, bare, onChange, ...input }) {
  return (
    <>
      <Input label={label} value={value ?? ""} marks={marks} onChange={onChange} {...input} />
      {!bare && <Unit field={field} />}
    </>
  );
}

const Unit = ({ field }) => (field.unit ? <span class="rb-word">{field.unit}</span> : null);

const Input = ({ label, value, marks, onChange, ...input }) => (
  <input
    type="text" class="rb-input" aria-label={label} autocomplete="off" value={typeof value === "object" ? JSON.stringify(value) : String(value)}
    onInput={(event) => onChange(event.currentTarget.value)} {...input} {...marks}
  />
);
