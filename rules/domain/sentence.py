"""An expression as one English sentence, in the catalogue's words."""

from rules.domain.expressions import (
    Combinator,
    Condition,
    Constant,
    Expression,
    Group,
    Money,
    NamedList,
    Operator,
    OtherField,
)
from sentinel.core.catalogue import BY_NAME, Field, FieldType
from sentinel.core.countries import COUNTRIES
from sentinel.core.merchant_categories import merchant_category_name
from sentinel.core.money import format_money
from sentinel.core.outcomes import Action

CONSTANTS_SHOWN_MAX = 10

_VERBS = {
    Operator.EQUAL: "is",
    Operator.NOT_EQUAL: "is not",
    Operator.GREATER_THAN: "is over",
    Operator.AT_LEAST: "is at least",
    Operator.LESS_THAN: "is under",
    Operator.AT_MOST: "is at most",
    Operator.BETWEEN: "is between",
    Operator.IN: "is one of",
    Operator.NOT_IN: "is none of",
    Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "starts with",
    Operator.IS_TRUE: "is true",
    Operator.IS_FALSE: "is not true",
    Operator.MATCHES: "matches the pattern",
    Operator.IS_MISSING: "is not known",
    Operator.IS_PRESENT: "is known",
}
_DURATIONS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_FLAG_VERBS = {
    Operator.IS_TRUE: "",
    Operator.IS_FALSE: "it is not true that ",
    Operator.IS_MISSING: "it is not known whether ",
    Operator.IS_PRESENT: "it is known whether ",
}


def sentence(action: Action, expression: Expression) -> str:
    """ "Review when the amount is over 5,000 INR and the country is not the account's home country" """
    return f"{action.value.capitalize()} when {_group(expression)}"


def phrase(condition: Condition) -> str:
    """One row: "the amount is over 5,000 INR"."""
    field = BY_NAME[condition.field]
    if field.type is FieldType.FLAG:
        return _FLAG_VERBS[condition.operator] + field.words
    on_list = isinstance(condition.operand, NamedList)
    verb = operator_words(condition.operator, plural=is_plural(field), on_list=on_list)
    return f"{field.words} {verb} {_operand(condition, field)}".rstrip()


def operator_words(operator: Operator, *, plural: bool = False, on_list: bool = False) -> str:
    """ "is over", or "are over" of several; an operator without words of its own reads as its name."""
    words = _VERBS.get(operator, operator.value.replace("_", " "))
    if on_list:
        words = "is on the list" if operator is Operator.IN else "is not on the list"
    return words.replace("is", "are", 1) if plural and words.startswith("is ") else words


def is_plural(field: Field) -> bool:
    """ "the account's payments in the last hour" are counted in payments."""
    return bool(field.unit) and field.unit in field.words


def _group(group: Group) -> str:
    parts = [_part(node) for node in group.conditions]
    if group.combinator is Combinator.NONE:
        return f"none of these holds: ({'; '.join(parts)})"
    return (" and " if group.combinator is Combinator.ALL else " or ").join(parts)


def _part(node: Condition | Group) -> str:
    if isinstance(node, Condition):
        return phrase(node)
    alone = node.combinator is Combinator.NONE or len(node.conditions) == 1
    return _group(node) if alone else f"({_group(node)})"


def _operand(condition: Condition, field: Field) -> str:
    match condition.operand:
        case OtherField(name):
            return BY_NAME[name].words
        case NamedList(name):
            return name
    constants = [_constant(constant, field) for constant in condition.constants]
    if condition.operator is Operator.BETWEEN:
        low, high = constants
        unit = _unit(field)
        return f"{low.removesuffix(unit).rstrip() if high.endswith(unit) else low} and {high}"
    return _alternatives(constants)


def _alternatives(words: list[str]) -> str:
    if len(words) > CONSTANTS_SHOWN_MAX:
        words = [*words[:CONSTANTS_SHOWN_MAX], f"{len(words) - CONSTANTS_SHOWN_MAX} more"]
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _constant(constant: Constant, field: Field) -> str:
    match constant:
        case Money(minor, currency):
            return format_money(minor, currency)
        case str() if field.type is FieldType.TEXT:
            return f'"{constant}"'
        case str() if field.type is FieldType.COUNTRY:
            return COUNTRIES.get(constant, constant)
        case str() if field.type is FieldType.CATEGORY and (name := merchant_category_name(constant)):
            return f"{constant} ({name})"
        case str():
            return constant.replace("_", " ")
    if field.unit == "seconds":
        return _duration(constant)
    return f"{_number(constant)} {_unit(field)}".rstrip()


def _duration(seconds: int | float) -> str:
    """In the largest unit that says it exactly: 5,184,000 seconds are "60 days"."""
    fits = (each for each in _DURATIONS if seconds and not seconds % each[1])
    name, size = next(fits, ("second", 1))
    count = seconds / size
    return f"{_number(count)} {name}{'' if count == 1 else 's'}"


def _number(number: int | float) -> str:
    if isinstance(number, int) or number.is_integer():
        return f"{int(number):,}"
    return f"{number:,}" if abs(number) >= 1 else f"{number!r}"


def _unit(field: Field) -> str:
    """The unit behind a number; not where it is a range ("0 to 23") or is counted in the field's own words."""
    return "" if field.unit[:1].isdigit() or is_plural(field) else field.unit
