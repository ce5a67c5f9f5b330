"""Which policies decide, read for the pipeline; and policies as the Admin shows them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from rules.domain.stages import Stage
from scoring.domain.policy import Canary, Policy
from scoring.domain.policy_json import policy_from
from scoring.domain.policy_releases import Point, Release, point_of
from scoring.models import PolicyRelease, PolicyRequest, PolicySimulation, PolicyVersion


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies to decide with. Load them again when configuration changes, and at `reload_at`."""

    live: Policy
    canary: Canary | None = None
    reload_at: datetime | None = None


def policies_load(now: datetime) -> Policies:
    """What the newest release says, at this moment."""
    return policies_of(release_current(now))


def policies_of(release: Release) -> Policies:
    """Of a release as it stands at a moment. Version 0, before any, has no thresholds: only rules decide."""
    if release.emergency:
        return Policies(policy_read(release.emergency), reload_at=release.emergency_until)
    canary = None
    if release.trial and release.trial_stage is Stage.CANARY:
        canary = Canary(policy_read(release.trial), release.share_percent or 0)
    return Policies(policy_read(release.live), canary)


def release_current(now: datetime) -> Release:
    """Without an emergency that is over by now."""
    newest = PolicyRelease.objects.first()
    return newest.release.at(now) if newest else Release()


def releases_in_order() -> list[tuple[datetime, Release]]:
    """All that ever decided, each with the moment it began at."""
    return [(row.published_at, row.release) for row in PolicyRelease.objects.order_by("number")]


def policy_read(number: int | None) -> Policy:
    """The policy of a version's number."""
    if not number:
        return Policy(version=0)
    return policy_from(number, PolicyVersion.objects.values_list("thresholds", flat=True).get(number=number))


def policy_is_approved(version: PolicyVersion) -> bool:
    """Whether a colleague of its author approved it: it may decide."""
    approved = version.requests.filter(state=PolicyRequest.State.APPROVED)
    return approved.exclude(decided_by=version.author).exists()


def policy_request_open(version: PolicyVersion) -> PolicyRequest | None:
    return version.requests.filter(state=PolicyRequest.State.OPEN).select_related("version").first()


def policy_is_simulated(version: PolicyVersion) -> bool:
    return version.simulations.filter(state=PolicySimulation.State.DONE, is_of_trial=False).exists()


def policies_with_standing() -> QuerySet[PolicyVersion]:
    """Policy versions with what `policy_point` reads, for a list page in one query."""
    mine = OuterRef("number")
    asked = PolicyRequest.objects.filter(version=mine, state=PolicyRequest.State.OPEN)
    simulated = PolicySimulation.objects.filter(version=mine, state=PolicySimulation.State.DONE, is_of_trial=False)
    released = PolicyRelease.objects.filter(Q(live=mine) | Q(trial=mine) | Q(emergency=mine))
    return PolicyVersion.objects.annotate(
        is_asked_for=Exists(asked), is_simulated=Exists(simulated), was_released=Exists(released)
    ).order_by("-number")


def policy_point(version: Any, release: Release) -> Point:
    """Where a version of policies_with_standing is on its way."""
    return point_of(
        version.number,
        release,
        is_asked_for=version.is_asked_for,
        was_released=version.was_released,
        is_simulated=version.is_simulated,
    )
