"""Break-glass for the policy: one person lets a tighter one decide at once. It ends by itself; everybody sees it."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from ledger.services.card_numbers import card_numbers_refuse
from rules.errors import StepNotPossible
from rules.services.alarms import alarm_raise
from rules.services.rulesets import publishing_lock
from scoring.domain.policy import is_tighter
from scoring.models import PolicyRelease, PolicyVersion
from scoring.models.policy import EMERGENCY_HOURS_MAX
from scoring.selectors.policies import policy_read, release_current
from scoring.services.policies import policies_deciding, policy_audit, policy_release
from sentinel.core.errors import FieldError, InvalidRequest


@transaction.atomic
def policy_glass_break(
    *, actor: str, version: PolicyVersion, hours: int, reason: str, now: datetime
) -> PolicyRelease | None:
    """The version decides for every account, for some hours. Errors: StepNotPossible, InvalidRequest.

    Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    card_numbers_refuse(reason=reason)
    _check(hours, reason)
    before = release_current(now)
    if before.emergency:
        raise StepNotPossible(f"The glass is broken already: policy {before.emergency} decides. Wait for its end.")
    new = policy_read(version.number)
    if version.number == before.live or not all(is_tighter(new, policy) for policy in policies_deciding(before)):
        raise StepNotPossible(
            "Break-glass can only tighten: each threshold must be at least as strict as now, in every band, and so"
            " must the amounts without a model. Write such a version, or ask a colleague to approve this one."
        )
    until = now + timedelta(hours=hours)
    policy_audit(actor, "policy.glass_broken", version.number, now, hours=hours, reason=reason)
    words = (
        f"{actor} broke the glass: policy {version.number} decides without a second person for {hours} h. {reason}"
    )
    alarm_raise(kind="policy.glass_broken", subject=f"policy:{version.number}", words=words, now=now)
    return policy_release(
        actor=actor,
        change=lambda release: replace(release, emergency=version.number, emergency_until=until),
        note=f"break-glass for {hours} h: {reason}"[:500],
        now=now,
    )


def policy_glass_expired_take_out(*, now: datetime) -> None:
    """Takes an emergency that is over out of what decides. It had no say any more since its moment."""
    newest = PolicyRelease.objects.first()
    if newest and newest.emergency_until and newest.emergency_until <= now:
        policy_release(actor="break-glass", change=lambda release: release, note="break-glass expired", now=now)


def _check(hours: int, reason: str) -> None:
    errors = []
    if not 1 <= hours <= EMERGENCY_HOURS_MAX:
        errors.append(FieldError("hours", "out_of_range", f"Choose 1 to {EMERGENCY_HOURS_MAX} hours."))
    if not reason.strip():
        errors.append(FieldError("note", "required", "Say what is happening."))
    if errors:
        raise InvalidRequest(errors[0].message, errors=errors)
