"""The brake: the system takes a say from rules that run wild, and tells everybody.

Live rules that hit far more than they were expected to go back to shadow. Rules that cost too much are taken out at
whatever stage they are, since they cost as much in shadow. That is no loosening by a person, so nobody is asked; it
is recorded, and stands until somebody has looked.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum

from ledger.services.audit import audit_record
from rules.domain.brake import Brake, trial_hits_per_day
from rules.domain.health import is_over_budget
from rules.domain.stages import Placement, Stage, with_placed
from rules.models import RecentHits, RuleDay, RuleHealth, RulesetMember, RulesetVersion, RuleVersion
from rules.selectors import simulated_hits_per_day
from rules.services.alarms import alarm_raise
from rules.services.health import limits, version_costs
from rules.services.rulesets import publishing_lock, ruleset_change

ACTOR = "brake"
_HISTORY_DAYS = 30


def rules_brake(*, now: datetime) -> None:
    """Looks at every version that takes part. Call after the tallies and the health were brought up to date."""
    _stop_costly(now)
    brake = Brake(settings.BRAKE_FACTOR, settings.BRAKE_HITS_MIN)
    for health in RuleHealth.objects.filter(stage=Stage.LIVE).select_related("version__rule"):
        hits = _hits_last_hour(health, now)
        if hits >= brake.hits_min and brake.stops(hits, expected := _expected_per_day(health)):
            _stop_wild(health.version, hits, expected or 0, now)


def _stop_costly(now: datetime) -> None:
    """A version on trial beside a live one has no health of its own, so all members are looked at."""
    costs = version_costs(now)
    members = RulesetMember.objects.filter(ruleset=RulesetVersion.objects.first()).select_related("version__rule")
    for member in members:
        cost_us, samples = costs.get(member.version_id, (None, 0))
        if is_over_budget(cost_us, samples, limits()):
            words = f"it takes {cost_us:,.0f} µs for each payment; {settings.RULE_COST_BUDGET_US} are allowed"
            _stop(member.version, kind="rule.over_budget", why=words, is_taken_out=True, now=now)


def _hits_last_hour(health: RuleHealth, now: datetime) -> int:
    """With a say, since the version is live."""
    since = max(now - timedelta(hours=1), health.stage_since)
    found = RecentHits.objects.filter(version=health.version, until__gt=since, until__lte=now)
    return found.aggregate(hits=Sum("hits"))["hits"] or 0


def _expected_per_day(health: RuleHealth) -> float | None:
    """What the latest simulation found; else what the version did on trial; None when neither is known."""
    simulated = simulated_hits_per_day(health.version_id)
    if simulated is not None:
        return simulated
    trials = RulesetMember.objects.filter(version=health.version).exclude(stage=Stage.LIVE)
    began = trials.order_by("ruleset__number").values_list("ruleset__published_at", flat=True).first()
    if began is None:
        return None
    ended = health.stage_since
    first = max(began, ended - timedelta(days=_HISTORY_DAYS)).date()
    days = RuleDay.objects.filter(version=health.version, day__gt=first, day__lt=ended.date())
    trial = list(days.values_list("day", F("hits") + F("silent_hits")))
    return trial_hits_per_day(trial, began=first, ended=ended.date())


def _stop_wild(version: RuleVersion, hits: int, expected_per_day: float, now: datetime) -> None:
    words = f"{hits:,} hits in the last hour; about {expected_per_day:,.0f} a day were expected"
    _stop(version, kind="rule.braked", why=words, is_taken_out=False, now=now)


@transaction.atomic
def _stop(version: RuleVersion, *, kind: str, why: str, is_taken_out: bool, now: datetime) -> None:
    """The version is taken out; else the live one goes back to shadow, unless another one is on trial there.

    Nothing happens when it is not there any more. Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    current = RulesetVersion.objects.first()
    members = RulesetMember.objects.filter(ruleset=current, rule=version.rule)
    found = members.filter(version=version).first()
    if found is None or not (is_taken_out or found.stage == Stage.LIVE):
        return
    is_out = is_taken_out or members.exclude(stage=Stage.LIVE).exists()
    code, went = version.rule.code, "taken out" if is_out else "put back to shadow"
    said = f"{code} version {version.number} was {went} by the system: {why}. It decides nothing now."
    hint = "Write a simpler version." if is_taken_out else "Look at its hits, then change or move it."
    alarm_raise(kind=kind, subject=f"rule:{code}", words=f"{said} {hint}", now=now)
    audit_record(
        actor=ACTOR,
        action=kind,
        subject=f"rule:{code}",
        details={"version": version.number, "note": why, "stage": "out" if is_out else Stage.SHADOW.value},
        now=now,
    )
    shadow = replace(found.placement, stage=Stage.SHADOW)
    ruleset_change(
        actor=ACTOR,
        change=lambda all_: _without(all_, found.placement) if is_out else with_placed(all_, shadow),
        note=f"{code} version {version.number} {went}: {why}",
        now=now,
    )


def _without(placements: list[Placement], gone: Placement) -> list[Placement]:
    return [placement for placement in placements if placement != gone]
