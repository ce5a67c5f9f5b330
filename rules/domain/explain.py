"""One rule on one payment: which rows held, which did not, and which could not since a value was missing.

Made for reading, one payment at a time. It must say what rules.domain.compiler decides, and a test holds it to that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rules.domain.expressions import Combinator, Condition, Expression, Group, Money, NamedList, Operator, OtherField
from rules.domain.patterns import compile_pattern
from rules.domain.sentence import phrase
from sentinel.core.catalogue import Value

Lookup = Callable[[str, str], bool]  # (name of a list, value) -> was it on the list


class Answer(StrEnum):
    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"  # false, since a value that it needs is missing


@dataclass(frozen=True, slots=True)
class Line:
    """One row or group. `words` is the row as a sentence says it; `values` are those it looked at, by field."""

    depth: int
    answer: Answer
    words: str
    values: Mapping[str, Value]
    is_group: bool = False

    @property
    def holds(self) -> bool:
        return self.answer is Answer.TRUE


_GROUP_WORDS = {
    Combinator.ALL: "all of these",
    Combinator.ANY: "at least one of these",
    Combinator.NONE: "none of these",
}
_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: lambda value, other: value == other,
    Operator.NOT_EQUAL: lambda value, other: value != other,
    Operator.GREATER_THAN: lambda value, other: value > other,
    Operator.AT_LEAST: lambda value, other: value >= other,
    Operator.LESS_THAN: lambda value, other: value < other,
    Operator.AT_MOST: lambda value, other: value <= other,
    Operator.CONTAINS: lambda value, part: part.casefold() in value.casefold(),
    Operator.STARTS_WITH: lambda value, part: value.casefold().startswith(part.casefold()),
    Operator.MATCHES: lambda value, pattern: compile_pattern(pattern).search(value) is not None,
}


def explain(expression: Expression, values: Mapping[str, Value], is_on_list: Lookup) -> list[Line]:
    """The rule itself first, then its rows and groups in the order of the author. Every row is answered."""
    return _group(expression, values, is_on_list, 0)


def _group(group: Group, values: Mapping[str, Value], is_on_list: Lookup, depth: int) -> list[Line]:
    members = [
        _group(node, values, is_on_list, depth + 1)
        if isinstance(node, Group)
        else [_row(node, values, is_on_list, depth + 1)]
        for node in group.conditions
    ]
    held = [lines[0].holds for lines in members]
    holds = {Combinator.ALL: all(held), Combinator.ANY: any(held), Combinator.NONE: not any(held)}[group.combinator]
    head = Line(depth, Answer.TRUE if holds else Answer.FALSE, _GROUP_WORDS[group.combinator], {}, is_group=True)
    return [head, *(line for lines in members for line in lines)]


def _row(condition: Condition, values: Mapping[str, Value], is_on_list: Lookup, depth: int) -> Line:
    names = [condition.field, *([condition.operand.name] if isinstance(condition.operand, OtherField) else [])]
    if condition.currency:
        names.append("currency")
    seen = {name: values.get(name) for name in names}
    return Line(depth, _answer(condition, seen, is_on_list), phrase(condition), seen)


def _answer(condition: Condition, seen: Mapping[str, Value], is_on_list: Lookup) -> Answer:
    if condition.operator is Operator.IS_MISSING:
        return _of(seen[condition.field] is None)
    if condition.operator is Operator.IS_PRESENT:
        return _of(seen[condition.field] is not None)
    if any(value is None for value in seen.values()):
        return Answer.UNKNOWN
    if condition.currency and seen["currency"] != condition.currency:
        return Answer.FALSE
    return _of(_test(condition, seen, is_on_list))


def _test(condition: Condition, seen: Mapping[str, Value], is_on_list: Lookup) -> bool:
    """Of values that are all there."""
    value: Any = seen[condition.field]
    match condition.operator, condition.operand:
        case (Operator.IN | Operator.NOT_IN) as operator, NamedList(name):
            return is_on_list(name, str(value)) is (operator is Operator.IN)
        case operator, OtherField(name):
            return _COMPARE[operator](value, seen[name])
    constants = [each.minor if isinstance(each, Money) else each for each in condition.constants]
    match condition.operator:
        case Operator.IS_TRUE | Operator.IS_FALSE:
            return value is (condition.operator is Operator.IS_TRUE)
        case Operator.BETWEEN:
            return _COMPARE[Operator.AT_LEAST](value, constants[0]) and _COMPARE[Operator.AT_MOST](
                value, constants[1]
            )
        case Operator.IN | Operator.NOT_IN:
            return (value in constants) is (condition.operator is Operator.IN)
    return _COMPARE[condition.operator](value, constants[0])


def _of(is_true: bool) -> Answer:
    return Answer.TRUE if is_true else Answer.FALSE
