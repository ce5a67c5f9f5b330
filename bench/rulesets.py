"""A ruleset like a bank's, of any size: rules of every kind that most payments do not meet."""

from collections.abc import Callable
from typing import Any

from rules.domain.definitions import RuleDefinition
from rules.domain.validation import parse_expression
from sentinel.core.outcomes import Action

Json = dict[str, Any]

_GAMBLING = ["7800", "7801", "7802", "7995"]
_DECLINING = frozenset({"far_beyond_the_account", "travel_too_fast", "stolen_device", "card_of_a_breach"})
_CASH_LIKE = ["4829", "6051", "6211", "6540"]
_FAR_COUNTRIES = ["KP", "IR", "SY", "CU", "SD", "MM", "AF", "YE", "SO", "LY"]


def realistic_rules(count: int) -> list[RuleDefinition]:
    """The first `count` rules, always the same ones. Of the bundled payments they send about one in a hundred to
    review and decline about one in a thousand.
    """
    return [_rule(number) for number in range(count)]


def _rule(number: int) -> RuleDefinition:
    variant, kind = divmod(number, len(_KINDS))
    name, conditions = _KINDS[kind]
    return RuleDefinition(
        code=f"{name}_{variant}",
        version=1,
        name=f"{name.replace('_', ' ').capitalize()} {variant}",
        action=Action.DECLINE if name in _DECLINING else Action.REVIEW,
        reason_code=f"rule.{name}",
        reason_words=f"Matches the rule on {name.replace('_', ' ')}",
        expression=parse_expression({"combinator": "all", "conditions": conditions(variant)}, {}),
    )


def _is(field: str, operator: str, value: Any = None) -> Json:
    return {"field": field, "operator": operator} | ({} if value is None else {"value": value})


def _inr(amount: int) -> Json:
    return {"amount": f"{amount}.00", "currency": "INR"}


def _any(*conditions: Json) -> Json:
    return {"combinator": "any", "conditions": list(conditions)}


# Each kind of rule makes its conditions for a variant 0, 1, 2, ...: the later, the stricter.
_KINDS: list[tuple[str, Callable[[int], list[Json]]]] = [
    (
        "large_for_the_account",
        lambda v: [_is("amount_vs_usual_30d", "at_least", 2.25 + 0.8 * v), _is("payments_30d", "at_least", 10)],
    ),
    (
        "far_beyond_the_account",
        lambda v: [_is("amount_deviation_30d", "at_least", 4.5 + v), _is("payments_30d", "at_least", 10)],
    ),
    (
        "large_abroad",
        lambda v: [
            _is("amount", "greater_than", _inr(5_000 + 5_000 * v)),
            {"field": "merchant_country", "operator": "not_equal", "other_field": "home_country"},
            _is("merchant_is_new", "is_true"),
        ],
    ),
    (
        "burst_of_payments",
        lambda v: [_is("payments_24h", "at_least", 8 + v), _is("amount_24h", "at_least", _inr(500 + 100 * v))],
    ),
    (
        "gambling_at_night",
        lambda v: [
            _is("merchant_category", "in", _GAMBLING),
            _is("is_night", "is_true"),
            _is("amount", "at_least", _inr(1_000 + 500 * v)),
        ],
    ),
    (
        "travel_too_fast",
        lambda v: [_is("speed_kmh", "greater_than", 1_000.0 + 100 * v), _is("distance_km", "at_least", 500.0)],
    ),
    (
        "just_below_a_limit",
        lambda v: [
            _is("amount", "between", [_inr(9_900 + 10_000 * v), _inr(9_999 + 10_000 * v)]),
            _is("payments_24h", "at_least", 2),
        ],
    ),
    (
        "merchant_name_of_a_scam",
        lambda v: [
            _any(
                _is("merchant_name", "contains", f"gift card {v}"),
                _is("merchant_name", "contains", f"wallet top up {v}"),
                _is("merchant_name", "starts_with", f"prize {v}"),
            ),
        ],
    ),
    (
        "young_account",
        lambda v: [
            _is("account_age_days", "less_than", 7.0),
            _is("amount_24h", "greater_than", _inr(50_000 + 10_000 * v)),
            _is("channel", "in", ["ecommerce", "mobile"]),
        ],
    ),
    (
        "far_country",
        lambda v: [_is("location_country", "in", _FAR_COUNTRIES[v % 5 :]), _is("channel", "not_equal", "atm")],
    ),
    (
        "cash_like_after_silence",
        lambda v: [
            _is("merchant_category", "in", _CASH_LIKE),
            _is("seconds_since_last", "greater_than", 86_400.0 * (20 + v)),
        ],
    ),
    (
        "many_merchants",
        lambda v: [_is("merchants_1h", "at_least", 4 + v), _is("merchants_24h", "at_least", 8 + v)],
    ),
    (
        "risky_account",
        lambda v: [
            _is("account_risk", "equal", "high"),
            _any(
                _is("amount_deviation_30d", "greater_than", 3.0 + v),
                _is("transaction_type", "in", ["withdrawal", "transfer"]),
            ),
        ],
    ),
    (
        "large_in_the_early_hours",
        lambda v: [
            _is("hour", "between", [1, 4]),
            _is("amount_vs_usual_30d", "greater_than", 4.0 + v),
            _is("channel", "is_present"),
        ],
    ),
    (
        "stolen_device",
        lambda v: [_is("device_id", "in", [f"dev_stolen_{v}_{number}" for number in range(50)])],
    ),
    (
        "card_of_a_breach",
        lambda v: [
            _is("card_bin", "in", [f"{400_000 + 97 * number + v}" for number in range(40)]),
            {"combinator": "none", "conditions": [_is("channel", "equal", "pos"), _is("card_token", "is_missing")]},
        ],
    ),
    (
        "spending_of_a_week",
        lambda v: [_is("amount_7d", "greater_than", _inr(400_000 + 50_000 * v)), _is("weekday", "in", [6, 7])],
    ),
    ("strange_for_the_model", lambda v: [_is("score_percentile", "at_least", min(0.9975 + 0.0005 * v, 1.0))]),
]
