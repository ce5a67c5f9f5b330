"""Our expressions in the languages of other rule engines, as their users would write them.

Both raise when they compare a missing value, so each row begins with a test that it is there: then all three mean
the same. Money is compared in minor units, in its currency.
"""

import json
from abc import ABC, abstractmethod
from typing import Any

from rules.domain.expressions import Combinator, Condition, Constant, Group, Money, Operator, OtherField

_SIGNS = {
    Operator.EQUAL: "==",
    Operator.NOT_EQUAL: "!=",
    Operator.GREATER_THAN: ">",
    Operator.AT_LEAST: ">=",
    Operator.LESS_THAN: "<",
    Operator.AT_MOST: "<=",
}


class Language(ABC):
    """What differs between them: testing text. Everything else they write alike."""

    @abstractmethod
    def contains(self, field: str, folded: str) -> str: ...

    @abstractmethod
    def starts_with(self, field: str, folded: str) -> str: ...

    def expression(self, node: Group | Condition) -> str:
        if isinstance(node, Condition):
            return f"({self._row(node)})"
        word = " and " if node.combinator is Combinator.ALL else " or "
        joined = f"({word.join(self.expression(member) for member in node.conditions)})"
        return f"(not {joined})" if node.combinator is Combinator.NONE else joined

    def _row(self, condition: Condition) -> str:
        if condition.operator is Operator.IS_MISSING:
            return f"{condition.field} == null"
        names = [condition.field]
        if isinstance(condition.operand, OtherField):
            names.append(condition.operand.name)
        guards = [f"{name} != null" for name in names]
        if condition.currency:
            guards.insert(0, f'currency == "{condition.currency}"')
        test = self._test(condition)
        return " and ".join([*guards, *([test] if test else [])])

    def _test(self, condition: Condition) -> str:
        field, constants = condition.field, [_literal(constant) for constant in condition.constants]
        match condition.operator:
            case Operator.IS_PRESENT:
                return ""
            case Operator.IS_TRUE:
                return f"{field} == true"
            case Operator.IS_FALSE:
                return f"{field} == false"
            case Operator.BETWEEN:
                return f"{field} >= {constants[0]} and {field} <= {constants[1]}"
            case Operator.IN:
                return f"{field} in [{', '.join(constants)}]"
            case Operator.NOT_IN:
                return f"not ({field} in [{', '.join(constants)}])"
            case Operator.CONTAINS:
                return self.contains(field, str(condition.constants[0]).casefold())
            case Operator.STARTS_WITH:
                return self.starts_with(field, str(condition.constants[0]).casefold())
        right = condition.operand.name if isinstance(condition.operand, OtherField) else constants[0]
        return f"{field} {_SIGNS[condition.operator]} {right}"


class RuleEngineLanguage(Language):
    """https://github.com/zeroSteiner/rule-engine"""

    def contains(self, field: str, folded: str) -> str:
        return f"{field}.as_lower =~~ {json.dumps(folded)}"

    def starts_with(self, field: str, folded: str) -> str:
        return f"{field}.as_lower =~~ {json.dumps('^' + folded)}"


class ZenLanguage(Language):
    """https://github.com/gorules/zen"""

    def contains(self, field: str, folded: str) -> str:
        return f"contains(lower({field}), {json.dumps(folded)})"

    def starts_with(self, field: str, folded: str) -> str:
        return f"startsWith(lower({field}), {json.dumps(folded)})"


def _literal(constant: Constant) -> str:
    value: Any = constant.minor if isinstance(constant, Money) else constant
    return json.dumps(value)
