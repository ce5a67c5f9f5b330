// Finds options by what somebody types. Pure.

/** The options in which every typed word occurs; the one that is called so comes first, then those that begin so, then those named so. */
export function matching(options, typed, custom) {
  const words = fold(typed).split(/\s+/).filter(Boolean);
  if (!words.length) return options;
  const found = options.filter((option) => words.every((word) => textOf(option).includes(word)));
  const whole = withoutArticle(words.join(" "));
  const rank = (option) => [isCalled(option, whole), begins(option, whole), isNamed(option, words), true].indexOf(true);
  const best = inGroups(found, rank);
  const other = custom?.(typed.trim());
  return other && !best.some((option) => option.value === other.value) ? [other, ...best] : best;
}

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const withoutArticle = (text) => text.replace(/^the /, "");
const textOf = (option) => fold([option.words, option.note, option.value, option.group, option.detail].filter(Boolean).join(" "));

/** Its whole name, as somebody would say it: "country" is "The country", not "The merchant's country". */
const isCalled = (option, typed) => [withoutArticle(fold(option.words)), fold(option.value)].includes(typed);

/** "indi" is India rather than the British Indian Ocean Territory. */
const begins = (option, typed) => withoutArticle(fold(option.words)).startsWith(typed);

/** Named by it: the code itself, or a word of its name begins with each typed word. */
function isNamed(option, words) {
  const names = fold(`${option.words} ${option.value}`).split(/[^\p{L}\p{N}]+/u);
  return words.every((word) => names.some((name) => name.startsWith(word)));
}

/** Groups in the order of their best member; members by rank, otherwise as they were. */
function inGroups(options, rank) {
  const groups = new Map();
  for (const option of options) groups.set(option.group, [...(groups.get(option.group) ?? []), option]);
  const best = (members) => Math.min(...members.map(rank));
  const byRank = (one, two) => rank(one) - rank(two);
  return [...groups.values()].sort((one, two) => best(one) - best(two)).flatMap((members) => members.sort(byRank));
}
