"""Which events somebody wants to hear of, and what a mail says of them. Nothing personal is among it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sentinel.core.ids import public_id
from sentinel.core.money import format_money

TEST = "alert.test"
DECIDED = ("transaction.approved", "transaction.declined", "transaction.review_opened")
# What a subscription is about -> the events it hears of.
EVENTS = {"payments": DECIDED, "reports": ("fraud.alert",), "models": ("model.alarm",), "system": ("system.alert",)}
ABOUT = {event_type: about for about, event_types in EVENTS.items() for event_type in event_types}
OUTCOMES = {"approve": "approved", "review": "held for review", "decline": "declined"}
# The kind of a system alert that a client raised: its words are the client's own.
REPORTED = "reported"
_RULES_NAMED = 3


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is asked of a payment: all that is set holds together."""

    outcomes: tuple[str, ...] = ()
    probability_min: float | None = None
    percentile_min: float | None = None
    amount_min_minor: int | None = None
    currency: str = ""
    rule_id: int | None = None


@dataclass(frozen=True, slots=True)
class HitRule:
    id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class DecidedPayment:
    """What of a payment and its decision is asked, or told. `rules` had a say in it."""

    id: UUID
    outcome: str
    fraud_probability: float | None
    score_percentile: float | None
    amount_minor: int
    currency: str
    model_version: str | None = None
    rules: tuple[HitRule, ...] = ()

    def rule(self, rule_id: int | None) -> HitRule | None:
        return next((rule for rule in self.rules if rule.id == rule_id), None)


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of an event. Within its window a subject is written of once."""

    subject: str
    title: str
    facts: dict[str, Any]


def meets(payment: DecidedPayment, asked: Thresholds) -> bool:
    """A score that is missing reaches no threshold, and money of another currency neither."""
    return (
        (not asked.outcomes or payment.outcome in asked.outcomes)
        and _reaches(payment.fraud_probability, asked.probability_min)
        and _reaches(payment.score_percentile, asked.percentile_min)
        and (not asked.currency or payment.currency == asked.currency)
        and _reaches(payment.amount_minor, asked.amount_min_minor)
        and (asked.rule_id is None or payment.rule(asked.rule_id) is not None)
    )


def payment_told(payment: DecidedPayment, asked: Thresholds) -> Told:
    """Its subject is the rule when the subscription is about one, else all that the subscription asks for."""
    rule = payment.rule(asked.rule_id)
    said = f"{format_money(payment.amount_minor, payment.currency)} {OUTCOMES[payment.outcome]}"
    rows = [
        ("Outcome", OUTCOMES[payment.outcome]),
        ("Amount", format_money(payment.amount_minor, payment.currency)),
        ("Rules", _names(payment.rules)),
        ("Fraud probability", _share(payment.fraud_probability)),
        ("Score percentile", _share(payment.score_percentile)),
        ("Model", payment.model_version),
        ("Transaction", public_id("txn", payment.id)),
    ]
    facts = {"rows": [row for row in rows if row[1]], "transaction": payment.id.hex}
    return Told(f"rule:{rule.code}" if rule else "payments", _line(f"{rule.name}: {said}" if rule else said), facts)


def report_told(subject: str, data: Mapping[str, Any]) -> Told:
    """The client's words stay in the Admin: nobody knows what they hold."""
    rows = [("Severity", data.get("severity")), ("Transaction", subject)]
    return Told(subject, "A client reports fraud", {"rows": [row for row in rows if row[1]], "reported": True})


def alarm_told(subject: str, data: Mapping[str, Any]) -> Told:
    """One subject for each kind of alarm: that a rule fails must not hide that it was braked."""
    kind = str(data.get("kind", ""))
    name = subject.replace(":", " ", 1)
    if kind == REPORTED:
        rows = [("Severity", data.get("severity")), ("Component", subject)]
        facts = {"rows": [row for row in rows if row[1]], "reported": True}
        return Told(f"{kind} {subject}"[:200], _line(f"A client reports trouble: {name}"), facts)
    what = kind.rpartition(".")[2].replace("_", " ")
    facts = {"rows": [("Subject", name), ("Alarm", kind)], "words": data.get("words", "")}
    return Told(f"{kind} {subject}"[:200], _line(f"Alarm of {name}: {what}"), facts)


def wish_words(about: str, asked: Thresholds, rule_code: str = "") -> str:
    """What a subscription asks for, as it is said in a list and under a mail."""
    if about != "payments":
        return {"reports": "fraud that clients report", "models": "alarms of models"}.get(
            about, "alarms of rules and of the system"
        )
    named = [words for outcome, words in OUTCOMES.items() if outcome in asked.outcomes]
    parts = [f"payments that are {' or '.join(named)}" if named else "payments"]
    if asked.amount_min_minor is not None:
        parts.append(f"of at least {format_money(asked.amount_min_minor, asked.currency)}")
    if asked.probability_min is not None:
        parts.append(f"with a fraud probability of at least {asked.probability_min:g}")
    if asked.percentile_min is not None:
        parts.append(f"with a score percentile of at least {asked.percentile_min:g}")
    if asked.rule_id is not None:
        parts.append(f"hit by rule {rule_code}")
    return ", ".join(parts)


def _reaches(value: float | None, least: float | None) -> bool:
    return least is None or (value is not None and value >= least)


def _names(rules: tuple[HitRule, ...]) -> str:
    more = f" and {len(rules) - _RULES_NAMED} more" if len(rules) > _RULES_NAMED else ""
    return ", ".join(rule.name for rule in rules[:_RULES_NAMED]) + more


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def _line(text: str) -> str:
    """One short line, as a mail's subject has to be."""
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:119]}…"
