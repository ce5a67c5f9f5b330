import assert from "node:assert/strict";
import { test } from "node:test";

import { matching } from "../src/search.js";

const OPTIONS = [
  { value: "FR", words: "France", note: "FR" },
  { value: "CI", words: "Côte d’Ivoire", note: "CI" },
  { value: "IN", words: "India", note: "IN" },
  { value: "FI", words: "Finland", note: "FI" },
];
const found = (typed, custom) => matching(OPTIONS, typed, custom).map((option) => option.value);

test("nothing typed shows everything", () => assert.deepEqual(found(""), ["FR", "CI", "IN", "FI"]));
test("a name or a code finds, upper and lower case alike", () => assert.deepEqual(found("fr"), ["FR"]));
test("names that begin with it come first", () => assert.deepEqual(found("in"), ["IN", "FI"]));
test("among names with such a word the one that begins with it comes first", () => {
  const islands = [{ value: "IO", words: "British Indian Ocean Territory" }, { value: "IN", words: "India" }];

  assert.deepEqual(matching(islands, "indi").map((option) => option.value), ["IN", "IO"]);
});
test("accents need not be typed", () => assert.deepEqual(found("cote iv"), ["CI"]));
test("nothing fits", () => assert.deepEqual(found("xyz"), []));

test("what is in no table can be offered", () => {
  const custom = (typed) => (/^\d{4}$/.test(typed) ? { value: typed, words: typed } : null);

  assert.deepEqual(found("9876", custom), ["9876"]);
  assert.deepEqual(found("98", custom), []);
});

test("groups stay together", () => {
  const fields = [
    { value: "a", words: "The sum paid", group: "Velocity" },
    { value: "b", words: "The usual amount", group: "History" },
    { value: "c", words: "The count of amounts", group: "Velocity" },
  ];

  assert.deepEqual(matching(fields, "a").map((each) => each.group), ["Velocity", "Velocity", "History"]);
});

test("what is called exactly so comes first", () => {
  const fields = [{ value: "merchant_country", words: "The merchant's country" }, { value: "location_country", words: "The country" }];

  assert.equal(matching(fields, "country")[0].value, "location_country");
});
