"""Writing a policy and letting it decide. What decides is said by releases; the newest one counts.

Everything that changes what decides holds the lock of publishing, so that no two releases miss each other's change.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from rules.domain.stages import Stage
from rules.errors import StepNotPossible
from rules.services.alarms import alarm_raise
from rules.services.rulesets import configuration_changed, publishing_lock
from scoring.domain.policy import Policy, is_tighter
from scoring.domain.policy_json import policy_errors
from scoring.domain.policy_releases import Release
from scoring.models import PolicyRelease, PolicyVersion
from scoring.selectors.policies import policy_read, release_current
from sentinel.core.errors import InvalidRequest

# One in two hundred payments goes to review; a forest alone never declines.
DEFAULT_THRESHOLDS: dict[str, Any] = {
    "review_percentile": 0.995,
    "review_probability": 0.5,
    "decline_probability": 0.95,
    "degraded_review_above": {"INR": "5000.00", "EUR": "60.00", "USD": "60.00", "GBP": "50.00", "JPY": "9000"},
}


@transaction.atomic
def policy_draft(*, actor: str, thresholds: dict[str, Any], note: str, now: datetime) -> PolicyVersion:
    """A new version, which decides nothing yet. Errors: InvalidRequest names what does not fit."""
    if errors := policy_errors(thresholds):
        raise InvalidRequest(f"Check {', '.join(error.field for error in errors)}.", errors=errors)
    card_numbers_refuse(note=note)
    publishing_lock()
    newest = PolicyVersion.objects.first()
    version = PolicyVersion.objects.create(
        number=newest.number + 1 if newest else 1, thresholds=thresholds, note=note, author=actor, created_at=now
    )
    policy_audit(actor, "policy.drafted", version.number, now, note=note, thresholds=thresholds)
    return version


@transaction.atomic
def policy_release(
    *,
    actor: str,
    change: Callable[[Release], Release],
    note: str,
    now: datetime,
    restores: int | None = None,
) -> PolicyRelease | None:
    """What decides after a change of what decides now; a new release only when something changed.

    An emergency that is over, or milder than what would decide without it, is left out. None while there never was
    a release.
    Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    newest = PolicyRelease.objects.first()
    before = newest.release if newest else Release()
    after = _without_milder_emergency(change(before.at(now)))
    if after == before:
        return newest
    made = PolicyRelease.objects.create(
        number=newest.number + 1 if newest else 1,
        live_id=after.live,
        trial_id=after.trial,
        trial_stage=after.trial_stage.value if after.trial_stage else "",
        share_percent=after.share_percent,
        emergency_id=after.emergency,
        emergency_until=after.emergency_until,
        note=note,
        published_by=actor,
        published_at=now,
        restores=restores,
    )
    details = {"note": note, "restores": restores, "words": after.words}
    subject = f"policy release {made.number}"
    audit_record(actor=actor, action="policy.released", subject=subject, details=details, now=now)
    configuration_changed()
    return made


@transaction.atomic
def policy_roll_back(*, actor: str, release: PolicyRelease, note: str, now: datetime) -> PolicyRelease | None:
    """What decided under an earlier release decides again, under a new number. Raises an alarm.

    An emergency's policy is not brought back. Errors: InvalidRequest.
    Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    card_numbers_refuse(note=note)
    emergency = release_current(now)
    restored = replace(release.release, emergency=emergency.emergency, emergency_until=emergency.emergency_until)
    words = note or f"back to release {release.number}"
    made = policy_release(actor=actor, change=lambda _: restored, note=words, now=now, restores=release.number)
    if made and made.restores == release.number and made.published_at == now:
        told = f"{actor} went back to policy release {release.number} ({restored.words}): {words}"
        alarm_raise(kind="policy.moved_back", subject=f"policy:{restored.live or 0}", words=told, now=now)
    return made


@transaction.atomic
def policy_trial_stop(*, actor: str, version: PolicyVersion, note: str, now: datetime) -> PolicyRelease | None:
    """A version on trial is taken off; what is live goes on. Errors: StepNotPossible, InvalidRequest."""
    publishing_lock()
    card_numbers_refuse(note=note)
    if release_current(now).trial != version.number:
        raise StepNotPossible("This version is not on trial, so there is nothing to stop.")
    policy_audit(actor, "policy.trial_stopped", version.number, now, note=note)
    words = f"version {version.number} off trial: {note}"
    return policy_release(actor=actor, change=Release.without_trial, note=words[:500], now=now)


def policies_deciding(release: Release) -> list[Policy]:
    """Those that decide for some account when no emergency's does."""
    canary = release.trial if release.trial_stage is Stage.CANARY else None
    return [policy_read(release.live), *([policy_read(canary)] if canary else [])]


def _without_milder_emergency(release: Release) -> Release:
    if release.emergency is None:
        return release
    emergency = policy_read(release.emergency)
    is_kept = all(is_tighter(emergency, policy) for policy in policies_deciding(release))
    return release if is_kept else release.without_emergency()


def policy_audit(actor: str, action: str, number: int, now: datetime, **details: Any) -> None:
    audit_record(actor=actor, action=action, subject=f"policy {number}", details=details, now=now)
