// What the server told of the language: fields, operators, lists, and the values there are, with names for people.

export function readFacts(json) {
  const fields = new Map(json.fields.map((field) => [field.name, field]));
  return {
    checkUrl: json.check_url,
    currency: json.currency,
    fields: json.fields,
    field: (name) => fields.get(name),
    operator: (name) => json.operators[name] ?? { words: [name, name], takes: "one", kinds: ["value"] },
    kinds: (field, operator) => kindsOf(json, field, operator),
    others: (field) => json.fields.filter((each) => compares(each, field)),
    options: optionsByType(json),
  };
}

// Of one type, and of two choices only those with the same values.
function compares(one, other) {
  return one.type === other.type && one.name !== other.name && String(one.choices) === String(other.choices);
}

function kindsOf(json, field, operator) {
  const fits = {
    value: true,
    list: field.lists.length > 0,
    other_field: json.fields.some((each) => compares(each, field)),
  };
  return (json.operators[operator]?.kinds ?? ["value"]).filter((kind) => fits[kind]);
}

function optionsByType(json) {
  const currencies = new Intl.DisplayNames(["en"], { type: "currency", fallback: "code" });
  const byWords = (one, two) => one.words.localeCompare(two.words);
  return {
    country: Object.entries(json.countries)
      .map(([code, words]) => ({ value: code, words, note: code }))
      .sort(byWords),
    currency: json.currencies.map((code) => ({ value: code, words: code, note: currencies.of(code) })),
    category: Object.entries(json.categories)
      .map(([code, words]) => ({ value: code, words: capital(words), note: code }))
      .sort(byWords),
  };
}

export const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);
export const plain = (word) => word.replaceAll("_", " ");
