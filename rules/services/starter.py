"""The rules a new installation begins with: few, and quiet on ordinary traffic."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from rules.domain.definitions import RuleDraft
from rules.domain.lists import ItemType
from rules.models import List, Rule
from rules.services.lists import list_save
from rules.services.rules import rule_write
from rules.services.rulesets import publishing_lock, ruleset_publish
from sentinel.core.outcomes import Action

ACTOR = "system"


@dataclass(frozen=True, slots=True)
class StarterRule:
    code: str
    name: str
    action: Action
    reason_words: str
    conditions: tuple[dict[str, Any], ...]

    @property
    def draft(self) -> RuleDraft:
        expression = {"combinator": "all", "conditions": list(self.conditions)}
        return RuleDraft(self.action, f"rule.{self.code}", self.reason_words, expression)


def _row(field: str, operator: str, **operand: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, **operand}


STARTER_LISTS = (
    ("blocked_cards", ItemType.CARD_TOKEN, "Cards that are stolen, lost or under dispute."),
    ("blocked_devices", ItemType.DEVICE, "Devices that were used for confirmed fraud."),
)

STARTER_RULES = (
    StarterRule(
        "foreign_high_amount",
        "High amount abroad",
        Action.REVIEW,
        "Amount over 5,000 INR outside the home country",
        (
            _row("amount", "greater_than", value={"amount": "5000.00", "currency": "INR"}),
            _row("location_country", "not_equal", other_field="home_country"),
        ),
    ),
    StarterRule(
        "velocity_burst",
        "Burst of payments",
        Action.REVIEW,
        "Unusually many payments within one hour",
        (_row("payments_1h", "at_least", value=8),),
    ),
    StarterRule(
        "merchant_spread",
        "Many merchants at once",
        Action.REVIEW,
        "Payments to unusually many merchants within one hour",
        (_row("merchants_1h", "at_least", value=5),),
    ),
    StarterRule(
        "impossible_travel",
        "Impossible travel",
        Action.REVIEW,
        "Too far from the previous payment to have travelled in time",
        (
            _row("speed_kmh", "greater_than", value=1000),
            # Two shops in one city a second apart are fast as well; coordinates are not exact.
            _row("distance_km", "greater_than", value=200),
        ),
    ),
    StarterRule(
        "night_spike_new_merchant",
        "Unusual amount at night to a new merchant",
        Action.REVIEW,
        "Amount over ten times the usual, at night, to a new merchant",
        (
            _row("amount_vs_usual_30d", "greater_than", value=10),
            _row("merchant_is_new", "is_true"),
            _row("is_night", "is_true"),
            _row("payments_30d", "at_least", value=5),  # fewer payments do not make a habit
        ),
    ),
    StarterRule(
        "blocked_card",
        "Blocked card",
        Action.DECLINE,
        "The card is blocked",
        (_row("card_token", "in", list="blocked_cards"),),
    ),
    StarterRule(
        "blocked_device",
        "Blocked device",
        Action.DECLINE,
        "The device is blocked",
        (_row("device_id", "in", list="blocked_devices"),),
    ),
)


@transaction.atomic
def starter_rules_install(*, now: datetime) -> int:
    """Adds the starter lists and rules that are not there yet, enabled, in one publication; how many rules it added.

    A rule of the same code is left as it is, whatever became of it since.
    """
    publishing_lock()
    _install_lists(now)
    existing = set(Rule.objects.values_list("code", flat=True))
    fresh = [starter for starter in STARTER_RULES if starter.code not in existing]
    for starter in fresh:
        rule = Rule(code=starter.code, name=starter.name, is_enabled=True)
        rule_write(actor=ACTOR, rule=rule, draft=starter.draft, now=now)
    if fresh:
        ruleset_publish(actor=ACTOR, note="starter rules", now=now)
    return len(fresh)


def _install_lists(now: datetime) -> None:
    existing = set(List.objects.values_list("name", flat=True))
    for name, item_type, description in STARTER_LISTS:
        if name not in existing:
            item_list = List(name=name, item_type=item_type, description=description)
            list_save(actor=ACTOR, item_list=item_list, now=now)
