"""The language of rules: a tree of groups and conditions over the fields of the catalogue.

As JSON, a group is {"combinator": "all" | "any" | "none", "conditions": [...]} and a condition is
{"field": name, "operator": operator} with one of "value", "other_field" or "list", or none where the operator needs
none. An expression is a group. Nodes here are valid by construction: `validation` makes them.

Missing has one meaning. A condition on a missing value does not hold, whatever its operator, not_equal and not_in
included; only is_missing holds. "none" holds when no member holds, so it holds when all of them are missing.

A money constant carries its currency, and its condition holds only for payments in that currency. Text compares
letter by letter, except that contains and starts_with ignore upper and lower case. A pattern of matches is found
anywhere in the text (rules.domain.patterns).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sentinel.core.catalogue import BY_NAME, FieldType

DEPTH_MAX = 8
CONDITIONS_MAX = 200
TEXT_LENGTH_MAX = 200
CONSTANTS_MAX = 500
NUMBER_MAX = 10**15  # whole numbers up to here are exact as floats too


class Combinator(StrEnum):
    ALL = "all"
    ANY = "any"
    NONE = "none"


class Operator(StrEnum):
    EQUAL = "equal"
    NOT_EQUAL = "not_equal"
    GREATER_THAN = "greater_than"
    AT_LEAST = "at_least"
    LESS_THAN = "less_than"
    AT_MOST = "at_most"
    BETWEEN = "between"
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    MATCHES = "matches"
    IS_TRUE = "is_true"
    IS_FALSE = "is_false"
    IS_MISSING = "is_missing"
    IS_PRESENT = "is_present"


_PRESENCE = (Operator.IS_MISSING, Operator.IS_PRESENT)
_EQUALITY = (Operator.EQUAL, Operator.NOT_EQUAL)
_MEMBERSHIP = (Operator.IN, Operator.NOT_IN)
_ORDER = (Operator.GREATER_THAN, Operator.AT_LEAST, Operator.LESS_THAN, Operator.AT_MOST, Operator.BETWEEN)
_CODE = (*_EQUALITY, *_MEMBERSHIP, *_PRESENCE)

OPERATORS: dict[FieldType, tuple[Operator, ...]] = {
    FieldType.MONEY: (*_EQUALITY, *_ORDER, *_PRESENCE),
    FieldType.WHOLE: (*_EQUALITY, *_ORDER, *_MEMBERSHIP, *_PRESENCE),
    FieldType.NUMBER: (*_EQUALITY, *_ORDER, *_PRESENCE),
    FieldType.FLAG: (Operator.IS_TRUE, Operator.IS_FALSE, *_PRESENCE),
    FieldType.COUNTRY: _CODE,
    FieldType.CURRENCY: _CODE,
    FieldType.CATEGORY: _CODE,
    FieldType.CHOICE: _CODE,
    FieldType.TEXT: (
        *_EQUALITY,
        *_MEMBERSHIP,
        Operator.CONTAINS,
        Operator.STARTS_WITH,
        Operator.MATCHES,
        *_PRESENCE,
    ),
}

NEEDS_NOTHING = frozenset({*_PRESENCE, Operator.IS_TRUE, Operator.IS_FALSE})
COMPARISONS = frozenset({*_EQUALITY, *_ORDER}) - {Operator.BETWEEN}


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    currency: str


Constant = str | int | float | Money


@dataclass(frozen=True, slots=True)
class OtherField:
    name: str


@dataclass(frozen=True, slots=True)
class NamedList:
    name: str


Operand = Constant | tuple[Constant, ...] | OtherField | NamedList | None


@dataclass(frozen=True, slots=True)
class Condition:
    """`operand` is None for NEEDS_NOTHING, (low, high) for between, constants or a list for in and not_in."""

    field: str
    operator: Operator
    operand: Operand = None

    @property
    def constants(self) -> tuple[Constant, ...]:
        match self.operand:
            case None | OtherField() | NamedList():
                return ()
            case tuple() as constants:
                return constants
            case constant:
                return (constant,)

    @property
    def currency(self) -> str | None:
        """The currency of its money constants. Validation lets a condition have only one."""
        return next((constant.currency for constant in self.constants if isinstance(constant, Money)), None)


@dataclass(frozen=True, slots=True)
class Group:
    combinator: Combinator
    conditions: tuple["Condition | Group", ...]


Expression = Group


def conditions_of(expression: Expression) -> Iterator[Condition]:
    for node in expression.conditions:
        if isinstance(node, Group):
            yield from conditions_of(node)
        else:
            yield node


def fields_used(expression: Expression) -> frozenset[str]:
    """Every field whose value decides whether the expression holds; money constants read the currency too."""
    names = set()
    for condition in conditions_of(expression):
        names.add(condition.field)
        if isinstance(condition.operand, OtherField):
            names.add(condition.operand.name)
        if condition.currency:
            names.add("currency")
    return frozenset(names)


def lists_used(expression: Expression) -> frozenset[str]:
    operands = (condition.operand for condition in conditions_of(expression))
    return frozenset(operand.name for operand in operands if isinstance(operand, NamedList))


def needs_score(expression: Expression) -> bool:
    """True when the expression can only be evaluated once the model has answered."""
    return any(BY_NAME[name].after_model for name in fields_used(expression))
