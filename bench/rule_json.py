"""Compiled rules back to the JSON that an author saves: the other way of rules.domain.validation."""

from typing import Any

from rules.domain.expressions import Condition, Constant, Expression, Group, Money, NamedList, OtherField
from sentinel.core.money import format_amount


def expression_json(expression: Expression) -> dict[str, Any]:
    return {
        "combinator": expression.combinator.value,
        "conditions": [
            expression_json(node) if isinstance(node, Group) else _condition(node) for node in expression.conditions
        ],
    }


def _condition(condition: Condition) -> dict[str, Any]:
    return {"field": condition.field, "operator": condition.operator.value, **_operand(condition)}


def _operand(condition: Condition) -> dict[str, Any]:
    match condition.operand:
        case None:
            return {}
        case OtherField(name):
            return {"other_field": name}
        case NamedList(name):
            return {"list": name}
        case tuple() as constants:
            return {"value": [_constant(constant) for constant in constants]}
        case constant:
            return {"value": _constant(constant)}


def _constant(constant: Constant) -> Any:
    if isinstance(constant, Money):
        return {"amount": format_amount(constant.minor, constant.currency), "currency": constant.currency}
    return constant
