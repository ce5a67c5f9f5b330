"""What changed between two versions of a rule, or two rulesets, as people read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from rules.domain.expressions import Combinator, Condition, Expression, Group
from rules.domain.sentence import phrase

_HEADINGS = {
    Combinator.ALL: "all of these hold",
    Combinator.ANY: "at least one of these holds",
    Combinator.NONE: "none of these holds",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison. `mark` is "same", "added" or "removed"; `depth` counts the groups around it."""

    mark: str
    depth: int
    words: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A version of a rule as a ruleset asks it."""

    version: int
    stage: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule in two rulesets; None where a ruleset has it not."""

    code: str
    before: Asked | None
    after: Asked | None

    @property
    def words(self) -> str:
        if self.before is None:
            return f"comes in: {self.after.stage}" if self.after else ""
        if self.after is None:
            return "goes out"
        if self.before.version != self.after.version:
            return f"version {self.before.version} becomes version {self.after.version}"
        return f"{self.before.stage} becomes {self.after.stage}"


def outline(expression: Expression, depth: int = 0) -> list[tuple[int, str]]:
    """An expression line by line, with how deep each line stands."""
    lines = [(depth, _HEADINGS[expression.combinator])]
    for node in expression.conditions:
        lines += outline(node, depth + 1) if isinstance(node, Group) else [_line(node, depth + 1)]
    return lines


def _line(condition: Condition, depth: int) -> tuple[int, str]:
    return depth, phrase(condition)


def compare_expressions(before: Expression, after: Expression) -> list[Line]:
    """Every line of both, in order, with what became of it."""
    old, new = outline(before), outline(after)
    lines: list[Line] = []
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [Line("same", *each) for each in old[old_from:old_to]]
        else:
            lines += [Line("removed", *each) for each in old[old_from:old_to]]
            lines += [Line("added", *each) for each in new[new_from:new_to]]
    return lines


def compare_rulesets(
    before: Mapping[tuple[str, bool], Asked], after: Mapping[tuple[str, bool], Asked]
) -> list[RuleChange]:
    """What differs, by rule. The keys are a rule's code and whether the version is on trial."""
    keys = sorted({*before, *after})
    changes = [RuleChange(key[0], before.get(key), after.get(key)) for key in keys]
    return [change for change in changes if change.before != change.after]
