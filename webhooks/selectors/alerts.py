"""Subscriptions, and decided payments as subscriptions ask for them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from ledger.models import Decision
from rules.models import RuleVersion
from webhooks.domain.alert_rules import DecidedPayment, HitRule, Thresholds
from webhooks.models import AlertSubscription


def subscriptions_about(about: Iterable[str]) -> list[AlertSubscription]:
    return list(AlertSubscription.objects.filter(is_active=True, about__in=about))


def thresholds_of(subscription: AlertSubscription) -> Thresholds:
    return Thresholds(
        outcomes=tuple(subscription.outcomes),
        probability_min=subscription.probability_min,
        percentile_min=subscription.percentile_min,
        amount_min_minor=subscription.amount_min_minor,
        currency=subscription.currency,
        rule_id=subscription.rule_id,
    )


def decided_payments(transaction_ids: Sequence[UUID]) -> dict[UUID, DecidedPayment]:
    """In two queries, however many there are."""
    if not transaction_ids:
        return {}
    first, last = min(transaction_ids), max(transaction_ids)
    # The same bounds on both tables: the planner does not carry them over from one's partitions to the other's.
    rows = Decision.objects.filter(
        pk__in=transaction_ids,
        pk__gte=first,
        pk__lte=last,
        transaction__id__gte=first,
        transaction__id__lte=last,
    ).values_list(
        "pk",
        "outcome",
        "fraud_probability",
        "score_percentile",
        "transaction__amount_minor",
        "transaction__currency",
        "model_version",
        "rule_hits",
    )
    found = list(rows)
    rules = _rules_by_version({version_id for row in found for version_id in row[-1]})
    return {row[0]: _payment(row[:-1], [rules[each] for each in row[-1] if each in rules]) for row in found}


def _payment(columns: tuple[Any, ...], rules: list[HitRule]) -> DecidedPayment:
    return replace(DecidedPayment(*columns), rules=tuple(rules))


def _rules_by_version(version_ids: set[int]) -> dict[int, HitRule]:
    if not version_ids:
        return {}
    versions = RuleVersion.objects.filter(pk__in=version_ids)
    rows = versions.values_list("pk", "rule_id", "rule__code", "rule__name")
    return {version_id: HitRule(rule_id, code, name) for version_id, rule_id, code, name in rows}
