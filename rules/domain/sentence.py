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
    Operator.IS_MISSING: "is not known",
    Operator.IS_PRESENT: "is known",
}
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
    verb = _VERBS[condition.operator]
    if isinstance(condition.operand, NamedList):
        verb = "is on the list" if condition.operator is Operator.IN else "is not on the list"
    if _is_plural(field):
        verb = verb.replace("is", "are", 1) if verb.startswith("is") else verb
    return f"{field.words} {verb} {_operand(condition, field)}".rstrip()


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
        return " and ".join(constants)
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
        case str():
            return constant.replace("_", " ")
    return f"{_number(constant)} {_unit(field)}".rstrip()


def _number(number: int | float) -> str:
    if isinstance(number, int) or number.is_integer():
        return f"{int(number):,}"
    return f"{number:,}" if abs(number) >= 1 else f"{number!r}"


def _unit(field: Field) -> str:
    """The unit behind a number; not where it is a range ("0 to 23") or is counted in the field's own words."""
    return "" if field.unit[:1].isdigit() or _is_plural(field) else field.unit


def _is_plural(field: Field) -> bool:
    """ "the account's payments in the last hour" are counted in payments."""
    return bool(field.unit) and field.unit in field.words
