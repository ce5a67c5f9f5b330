import assert from "node:assert/strict";
import { test } from "node:test";

import { currencyOf, emptyTree, numberOr, operandFor, placeOf, toJson, toTree, unfinished } from "../src/expression.js";

const FIELDS = { amount: { type: "money" }, hour: { type: "whole" }, home_country: { type: "country" }, is_night: { type: "flag" } };
const TAKES = { is_true: "nothing", between: "range", in: "many" };
const facts = { field: (name) => FIELDS[name], operator: (name) => ({ takes: TAKES[name] ?? "one" }) };
const inr = (amount) => ({ amount, currency: "INR" });
const row = (field, operator, value = {}) => ({ field, operator, value });

const NESTED = {
  combinator: "all",
  conditions: [
    { field: "amount", operator: "greater_than", value: inr("5000.00") },
    { field: "location_country", operator: "not_equal", other_field: "home_country" },
    { combinator: "none", conditions: [
      { field: "card_token", operator: "in", list: "blocked_cards" },
      { field: "hour", operator: "between", value: [1, 5] },
      { field: "is_night", operator: "is_true" },
    ] },
  ],
};

test("an expression comes back as it was", () => {
  assert.deepEqual(toJson(toTree(NESTED), facts), NESTED);
});

test("every node of a tree has an id of its own", () => {
  const ids = [];
  const walk = (node) => { ids.push(node.id); node.rules?.forEach(walk); };
  walk(toTree(NESTED));
  assert.equal(new Set(ids).size, 7);
});

test("rows that show less than what is written are not shown", () => {
  const odd = { combinator: "all", conditions: [{ field: "amount", operator: "equal", value: 1, list: "x" }] };
  for (const json of [null, [], {}, "x", odd, { combinator: "xor", conditions: [] }, { ...NESTED, note: 1 }]) {
    assert.equal(toTree(json), null);
  }
});

test("a new rule is one row that says nothing yet", () => {
  assert.deepEqual(toJson(emptyTree(), facts), { combinator: "all", conditions: [{}] });
});

test("numbers are typed as text and written as numbers", () => {
  assert.deepEqual(toJson(row("hour", "in", { value: ["1", "23"] }), facts).value, [1, 23]);
  assert.equal(toJson(row("hour", "equal", { value: "late" }), facts).value, "late");
  assert.deepEqual([numberOr("5,000"), numberOr("-2.5"), numberOr("5,0"), numberOr("")], [5000, -2.5, "5,0", ""]);
});

test("text that looks like a number stays text", () => {
  assert.equal(toJson(row("home_country", "equal", { value: "12" }), facts).value, "12");
});

test("an unfinished row says what is missing", () => {
  assert.equal(unfinished(row("", ""), facts), "Choose what to look at.");
  assert.equal(unfinished(row("hour", ""), facts), "Choose how to compare.");
  assert.equal(unfinished(row("hour", "equal", { value: "" }), facts), "Fill in a value.");
  assert.equal(unfinished(row("amount", "equal", { value: inr("") }), facts), "Fill in a value.");
  assert.equal(unfinished(row("hour", "between", { value: ["1", ""] }), facts), "Fill in both values.");
  assert.equal(unfinished(row("hour", "in", { value: [] }), facts), "Add at least one value.");
  assert.equal(unfinished(row("hour", "in", { list: "" }), facts), "Choose a list.");
  assert.equal(unfinished(row("hour", "equal", { other_field: "" }), facts), "Choose the other field.");
});

test("a finished row, also with zero, needs nothing", () => {
  assert.equal(unfinished(row("hour", "equal", { value: 0 }), facts), null);
  assert.equal(unfinished(row("is_night", "is_true"), facts), null);
});

test("a value is kept when the operator changes", () => {
  assert.deepEqual(operandFor("value", "range", "money", "INR", { value: inr("5") }), { value: [inr("5"), inr("")] });
  assert.deepEqual(operandFor("value", "one", "whole", "INR", { value: ["3", "4"] }), { value: "3" });
  assert.deepEqual(operandFor("value", "many", "country", "INR", { value: "FR" }), { value: ["FR"] });
  assert.deepEqual(operandFor("list", "many", "country", "INR", { value: ["FR"] }), { list: "" });
  assert.deepEqual(operandFor("value", "nothing", "flag", "INR", { value: "x" }), {});
});

test("an error finds its row", () => {
  assert.deepEqual(placeOf("conditions[1].conditions[0].value[2]"), [1, 0]);
  assert.deepEqual(placeOf(""), []);
});

test("a new amount is in the currency the rule speaks of", () => {
  assert.equal(currencyOf(toTree({ combinator: "all", conditions: [{ field: "amount", operator: "equal", value: { amount: "1", currency: "EUR" } }] }), "INR"), "EUR");
  assert.equal(currencyOf(emptyTree(), "INR"), "INR");
});
