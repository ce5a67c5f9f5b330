"""What the list of rules shows of each, made of the tallies by a task; and the alarm when a rule fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min, Sum

from rules.domain.health import Fare, Judged, Limits, is_duplicate, marks_of
from rules.domain.stages import Stage
from rules.domain.validation import load_expression
from rules.errors import InvalidExpression
from rules.models import (
    Alarm,
    ApprovalRequest,
    RuleDay,
    RuleHealth,
    RulePairDay,
    RulesetMember,
    RulesetVersion,
    RuleVersion,
)
from rules.services.alarms import alarm_raise
from rules.services.rulesets import publishing_lock
from sentinel.core.outcomes import Action

PRECISION_DAYS = 90
VOLUME_DAYS = 14
_OVERLAP_DAYS = 30
_COST_DAYS = 7
_ERROR_LENGTH_MAX = 200
_ALARM_AGAIN = timedelta(hours=1)
_ERROR_LOST = "The words of the error are not known any more."


def limits() -> Limits:
    return Limits(
        dead_days=settings.RULE_DEAD_DAYS,
        noisy_precision=settings.RULE_NOISY_PERCENT / 100,
        budget_us=settings.RULE_COST_BUDGET_US,
    )


@dataclass(frozen=True, slots=True)
class _Tallies:
    """Sums by version over their several windows."""

    judged: dict[int, dict[str, Any]]
    volume: dict[int, int]
    asked_since: dict[int, datetime]
    cost: dict[int, tuple[float | None, int]]


@transaction.atomic
def health_renew(*, errors: Mapping[int, str], now: datetime) -> None:
    """Makes the health of every rule that takes part in decisions anew. `errors` by version, as they were told."""
    versions = _versions_asked()
    before = {each.rule_id: each for each in RuleHealth.objects.select_for_update().order_by("rule_id")}
    tallies, duplicates = _tallies(now), _duplicates(versions, now)
    renewed = [
        _health_of(member, before.get(rule_id), tallies, duplicates.get(member.version_id), errors, now)
        for rule_id, member in sorted(versions.items())
    ]
    RuleHealth.objects.exclude(rule__in=versions).delete()
    fields = [field.name for field in RuleHealth._meta.fields if not field.primary_key]
    RuleHealth.objects.bulk_create(renewed, update_conflicts=True, unique_fields=["rule"], update_fields=fields)


@transaction.atomic
def failures_alarm(*, now: datetime) -> None:
    """Tells of each version that failed within the last hour, once an hour. Call after `health_renew`.

    Locks: publishing_lock when there is something to tell, so that two runs do not both tell it.
    """
    failing = RuleDay.objects.filter(day__gte=(now - _ALARM_AGAIN).date(), last_failed_at__gt=now - _ALARM_AGAIN)
    if failing.exists():
        publishing_lock()
    for day in failing.select_related("version__rule").order_by("version"):
        version = day.version
        subject, said = f"rule:{version.rule.code}", f"{version.rule.code} version {version.number} could not be"
        told = Alarm.objects.filter(subject=subject, kind="rule.failed", words__startswith=said)
        if not told.filter(raised_at__gt=now - _ALARM_AGAIN).exists():
            error = RuleHealth.objects.filter(version=version).values_list("last_error", flat=True).first()
            words = f"{said} evaluated for some payments. Open the rule and mend it. {error or ''}".strip()
            alarm_raise(kind="rule.failed", subject=subject, words=words, now=now)


def _versions_asked() -> dict[int, RulesetMember]:
    """By rule, the version that decides, else the one on trial."""
    current = RulesetVersion.objects.first()
    members = RulesetMember.objects.filter(ruleset=current).select_related("version", "ruleset").order_by("rule_id")
    trials = {member.rule_id: member for member in members if member.stage != Stage.LIVE}
    return trials | {member.rule_id: member for member in members if member.stage == Stage.LIVE}


def _tallies(now: datetime) -> _Tallies:
    def since(days: int) -> Any:
        return RuleDay.objects.filter(day__gt=now.date() - timedelta(days=days)).order_by().values("version")

    judged = since(PRECISION_DAYS).annotate(
        fraud_=Sum("fraud") + Sum("silent_fraud"),
        legitimate_=Sum("legitimate") + Sum("silent_legitimate"),
        presumed_=Sum("presumed") + Sum("silent_presumed"),
        hit_at=Max("last_hit_at"),
        failed_at=Max("last_failed_at"),
    )
    hits = Sum("hits") + Sum("silent_hits")
    return _Tallies(
        judged={row["version"]: row for row in judged},
        volume={row["version"]: row["all"] for row in since(VOLUME_DAYS).annotate(all=hits)},
        asked_since=_asked_since(),
        cost=version_costs(now),
    )


def version_costs(now: datetime) -> dict[int, tuple[float | None, int]]:
    """By version, the microseconds it took for a payment of late, and how many samples say so."""
    days = RuleDay.objects.filter(day__gt=now.date() - timedelta(days=_COST_DAYS)).order_by().values("version")
    sums = days.annotate(ns=Sum("cost_ns"), samples=Sum("cost_samples"))
    return {
        row["version"]: (row["ns"] / row["samples"] / 1000 if row["samples"] else None, row["samples"])
        for row in sums
    }


def _asked_since() -> dict[int, datetime]:
    """By version, when it was let in first."""
    approved = ApprovalRequest.objects.filter(kind=ApprovalRequest.Kind.PUBLISH, state=ApprovalRequest.State.APPROVED)
    return dict(approved.order_by().values_list("version").annotate(Min("decided_at")))


def _duplicates(versions: Mapping[int, RulesetMember], now: datetime) -> dict[int, int]:
    """By version, the rule that hits nearly the same payments."""
    rules = {member.version_id: rule_id for rule_id, member in versions.items()}
    since = now.date() - timedelta(days=_OVERLAP_DAYS)
    hits = RuleDay.objects.filter(version__in=rules, day__gt=since).order_by().values("version")
    counts = {row["version"]: row["all"] for row in hits.annotate(all=Sum("hits") + Sum("silent_hits"))}
    pairs = RulePairDay.objects.filter(first__in=rules, second__in=rules, day__gt=since).order_by()
    found: dict[int, int] = {}
    for pair in pairs.values("first", "second").annotate(together=Sum("hits")):
        first, second = pair["first"], pair["second"]
        if is_duplicate(counts.get(first, 0), counts.get(second, 0), pair["together"], limits()):
            found.setdefault(first, rules[second])
            found.setdefault(second, rules[first])
    return found


def _health_of(
    member: RulesetMember,
    before: RuleHealth | None,
    tallies: _Tallies,
    duplicate_of: int | None,
    errors: Mapping[int, str],
    now: datetime,
) -> RuleHealth:
    version_id, stage = member.version_id, Stage(member.stage)
    stage_since = _stage_since(member, before)
    asked_since = tallies.asked_since.get(version_id, stage_since)
    judged = tallies.judged.get(version_id, {})
    judgement = Judged(judged.get("fraud_", 0), judged.get("legitimate_", 0), judged.get("presumed_", 0))
    cost_us, samples = tallies.cost.get(version_id, (None, 0))
    fare = Fare(
        judged=judgement,
        tightens=member.version.action != Action.ALLOW,
        live_since=stage_since if stage is Stage.LIVE else None,
        last_hit_at=judged.get("hit_at"),
        last_failed_at=judged.get("failed_at"),
        cost_us=cost_us,
        cost_samples=samples,
        has_duplicate=duplicate_of is not None,
    )
    return RuleHealth(
        rule_id=member.rule_id,
        version_id=version_id,
        stage=stage.value,
        stage_since=stage_since,
        marks=[mark.value for mark in marks_of(fare, limits(), now)],
        duplicate_of_id=duplicate_of,
        hits_per_day=tallies.volume.get(version_id, 0) / _days_asked(asked_since, now),
        precision=judgement.precision if fare.tightens else None,
        judged=judgement.total,
        cost_us=cost_us,
        cost_samples=samples,
        last_hit_at=fare.last_hit_at,
        last_failed_at=fare.last_failed_at,
        last_error=_error(member.version, errors) if fare.last_failed_at else "",
        updated_at=now,
    )


def _stage_since(member: RulesetMember, before: RuleHealth | None) -> datetime:
    """Since when the version is at its stage without a break."""
    if before and (before.version_id, before.stage) == (member.version_id, member.stage):
        return before.stage_since
    others = RulesetVersion.objects.exclude(
        pk__in=RulesetMember.objects.filter(version=member.version, stage=member.stage).values("ruleset")
    )
    break_ = others.order_by("-number").values_list("number", flat=True).first() or 0
    first = RulesetVersion.objects.filter(number__gt=break_).order_by("number").first()
    return first.published_at if first else member.ruleset.published_at


def _days_asked(since: datetime, now: datetime) -> float:
    """For how much of the volume's window the version has been asked: at least a day."""
    return min(max((now - since) / timedelta(days=1), 1.0), float(VOLUME_DAYS))


def _error(version: RuleVersion, errors: Mapping[int, str]) -> str:
    try:
        load_expression(version.expression, lists=None)
    except InvalidExpression as error:
        return error.detail[:_ERROR_LENGTH_MAX]
    return errors.get(version.pk, _ERROR_LOST)
