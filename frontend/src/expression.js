// Between the language of rules (JSON) and the tree that the builder edits. Pure: no page, no server.
//
// A row of the tree keeps its operand as the language writes it: { value }, { other_field }, { list } or {}.
// Numbers stay text while they are typed, and become numbers on the way out when they read as one.

let lastId = 0;
export const newId = () => `r${++lastId}`;

const OPERANDS = ["value", "other_field", "list"];
const isObject = (json) => typeof json === "object" && json !== null && !Array.isArray(json);
const isGroup = (json) => isObject(json) && "conditions" in json;

export const newRow = () => ({ id: newId(), field: "", operator: "", value: {} });
export const newGroup = () => ({ id: newId(), combinator: "any", rules: [newRow()] });
export const emptyTree = () => ({ id: newId(), combinator: "all", rules: [newRow()] });

/** The tree of an expression, or null when rows could not show all that is written there. */
export function toTree(json) {
  if (!isGroup(json) || !hasOnly(json, ["combinator", "conditions"])) return null;
  if (!["all", "any", "none"].includes(json.combinator) || !Array.isArray(json.conditions)) return null;
  const rules = json.conditions.map((member) => (isGroup(member) ? toTree(member) : toRow(member)));
  return rules.includes(null) ? null : { id: newId(), combinator: json.combinator, rules };
}

function toRow(json) {
  if (!isObject(json) || !hasOnly(json, ["field", "operator", ...OPERANDS])) return null;
  const { field = "", operator = "", ...operand } = json;
  if (typeof field !== "string" || typeof operator !== "string" || Object.keys(operand).length > 1) return null;
  return { id: newId(), field, operator, value: operand };
}

const hasOnly = (json, keys) => Object.keys(json).every((key) => keys.includes(key));

/** The expression of a tree. What is not chosen yet is left out, so that the server can say what is missing. */
export function toJson(node, facts) {
  if (node.rules) return { combinator: node.combinator, conditions: node.rules.map((each) => toJson(each, facts)) };
  const json = {};
  if (node.field) json.field = node.field;
  if (node.operator) json.operator = node.operator;
  const operand = node.value ?? {};
  return "value" in operand ? { ...json, value: written(operand.value, facts.field(node.field)?.type) } : { ...json, ...operand };
}

function written(value, type) {
  if (Array.isArray(value)) return value.map((each) => written(each, type));
  return (type === "whole" || type === "number") && typeof value === "string" ? numberOr(value) : value;
}

/** 5 for "5" and " 5,000 " as 5000; the text itself when it is not a number, for the server to refuse by name. */
export function numberOr(text) {
  const plain = text.trim().replace(/(?<=\d),(?=\d{3}(\D|$))/g, "");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : text;
}

/** What the author has yet to do in a row, in words; null when it is finished. */
export function unfinished(row, facts) {
  if (!row.field) return "Choose what to look at.";
  const field = facts.field(row.field);
  if (!field) return null;
  if (!row.operator) return "Choose how to compare.";
  const { takes } = facts.operator(row.operator);
  if (takes === "nothing") return null;
  const { value, list, other_field: other } = row.value ?? {};
  if (list !== undefined) return list ? null : "Choose a list.";
  if (other !== undefined) return other ? null : "Choose the other field.";
  if (takes === "range") return Array.isArray(value) && value.length === 2 && value.every(isGiven) ? null : "Fill in both values.";
  if (takes === "many") return Array.isArray(value) && value.length ? null : "Add at least one value.";
  return isGiven(value) ? null : "Fill in a value.";
}

function isGiven(value) {
  if (isObject(value)) return Boolean(value.amount && value.currency);
  return value !== undefined && value !== null && value !== "";
}

/** The operand a row starts with, or keeps when its operator changes. */
export function operandFor(kind, takes, type, currency, before = {}) {
  if (takes === "nothing") return {};
  if (kind !== "value") return { [kind]: before[kind] ?? "" };
  const old = "value" in before ? [before.value].flat() : [];
  const blank = () => (type === "money" ? { amount: "", currency } : "");
  if (takes === "many") return { value: old.filter(isGiven) };
  if (takes === "range") return { value: [old[0] ?? blank(), old[1] ?? blank()] };
  return { value: old[0] ?? blank() };
}

/** [1, 0] of "conditions[1].conditions[0].value": where in the tree an error belongs. */
export const placeOf = (path) => [...path.matchAll(/conditions\[(\d+)\]/g)].map((match) => Number(match[1]));

/** The currency most likely meant: the one that the rule already speaks of. */
export function currencyOf(tree, otherwise) {
  for (const row of rowsOf(tree)) {
    for (const value of [row.value?.value].flat()) if (isObject(value) && value.currency) return value.currency;
  }
  return otherwise;
}

export const rowsOf = (node) => (node.rules ? node.rules.flatMap(rowsOf) : [node]);
