"""What the tests of rules share: short ways to write conditions, payments and rulesets."""

from typing import Any

from rules.domain.compiler import CompiledRuleset, compile_ruleset
from rules.domain.definitions import RuleDefinition
from rules.domain.lists import ItemType
from rules.domain.validation import parse_expression
from rules.errors import InvalidExpression
from sentinel.core.catalogue import BY_NAME, FIELDS, Value, Values
from sentinel.core.errors import FieldError
from sentinel.core.outcomes import Action

LISTS = {
    "blocked_cards": frozenset({"tok_bad"}),
    "risky_countries": frozenset({"KP", "IR"}),
    "odd_categories": frozenset({"7995"}),
}
LIST_TYPES = {
    "blocked_cards": ItemType.CARD_TOKEN,
    "risky_countries": ItemType.COUNTRY,
    "odd_categories": ItemType.CATEGORY,
}
FOREIGN_HIGH_AMOUNT = {
    "combinator": "all",
    "conditions": [
        {"field": "amount", "operator": "greater_than", "value": {"amount": "5000.00", "currency": "INR"}},
        {"field": "location_country", "operator": "not_equal", "other_field": "home_country"},
    ],
}


def inr(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "INR"}


def row(field: str, operator: str, value: Any = None, **operand: str) -> dict[str, Any]:
    given = {} if value is None else {"value": value}
    return {"field": field, "operator": operator, **given, **operand}


def group(*conditions: Any, combinator: str = "all") -> dict[str, Any]:
    return {"combinator": combinator, "conditions": list(conditions)}


def payment(**values: Value) -> Values:
    """A payment of 5,400 INR at home, of which nothing else is known but what is given."""
    known: dict[str, Value] = {"amount": 540_000, "currency": "INR", "home_country": "IN", **values}
    assert known.keys() <= BY_NAME.keys()
    return tuple(known.get(field.name) for field in FIELDS)


def rule(expression: Any, code: str = "a_rule", action: Action = Action.REVIEW) -> RuleDefinition:
    parsed = parse_expression(expression, LIST_TYPES)
    return RuleDefinition(code, 1, code.replace("_", " "), action, f"rule.{code}", "Because.", parsed)


def ruleset(*expressions: Any) -> CompiledRuleset:
    return compile_ruleset([rule(each, f"rule_{place}") for place, each in enumerate(expressions)], LISTS)


def hits(compiled: CompiledRuleset, values: Values, *, second_pass: bool = False) -> list[str]:
    return [hit.code for hit in compiled.evaluate(values, second_pass=second_pass).hits]


def holds(expression: Any, **values: Value) -> bool:
    return hits(ruleset(expression), payment(**values)) == ["rule_0"]


def problems(expression: Any) -> list[FieldError]:
    try:
        parse_expression(expression, LIST_TYPES)
    except InvalidExpression as error:
        return list(error.errors)
    return []


def problem(expression: Any) -> FieldError:
    (found,) = problems(expression)
    return found
