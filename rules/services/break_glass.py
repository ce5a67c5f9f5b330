"""Break-glass: one person lets a rule decide at once, when waiting for a colleague would cost money.

It can only tighten, ends by itself, and everybody sees it.
"""

from datetime import datetime, timedelta

from django.db import transaction

from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from rules.domain.stages import Placement, Stage, unexpired, with_placed
from rules.errors import StepNotPossible
from rules.models import BreakGlass, Rule, RulesetMember, RulesetVersion
from rules.selectors import rule_latest_version
from rules.services.alarms import alarm_raise
from rules.services.rulesets import publishing_lock, ruleset_change
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.outcomes import Action

HOURS_MAX = 24


@transaction.atomic
def glass_break(*, actor: str, rule: Rule, hours: int, reason: str, now: datetime) -> BreakGlass:
    """The rule's latest version is live for some hours. Errors: StepNotPossible, InvalidRequest.

    Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    card_numbers_refuse(reason=reason)
    if not 1 <= hours <= HOURS_MAX:
        words = f"Choose 1 to {HOURS_MAX} hours."
        raise InvalidRequest(words, errors=[FieldError("hours", "out_of_range", words)])
    version = rule_latest_version(rule)
    if version is None:
        raise StepNotPossible("The rule has no conditions yet. Save some first.")
    if version.action == Action.ALLOW:
        raise StepNotPossible("Break-glass can only tighten: a rule that allows needs a colleague's approval.")
    current = RulesetVersion.objects.first()
    if RulesetMember.objects.filter(ruleset=current, rule=rule, stage=Stage.LIVE).exists():
        words = "The rule is live already, and replacing it might loosen it. Write a new rule for the emergency."
        raise StepNotPossible(words)
    glass = BreakGlass(
        version=version, reason=reason, author=actor, created_at=now, expires_at=now + timedelta(hours=hours)
    )
    glass.full_clean()
    glass.save()
    placement = Placement(rule.pk, version.pk, Stage.LIVE, expires_at=glass.expires_at)
    audit_record(
        actor=actor,
        action="rule.glass_broken",
        subject=f"rule:{rule.code}",
        details={"version": version.number, "hours": hours, "reason": reason},
        now=now,
    )
    words = f"{actor} broke the glass: {rule.code} decides without a second person for {hours} h. {reason}"
    alarm_raise(kind="rule.glass_broken", subject=f"rule:{rule.code}", words=words, now=now)
    note = f"{rule.code} version {version.number}: break-glass for {hours} h"
    ruleset_change(actor=actor, change=lambda all_: with_placed(all_, placement), note=note, now=now)
    return glass


def glass_expired_take_out(*, now: datetime) -> None:
    """Takes what has expired out of the ruleset. It had no say any more since its moment."""
    current = RulesetVersion.objects.first()
    if current and current.members.filter(expires_at__lte=now).exists():
        ruleset_change(
            actor="break-glass", change=lambda all_: unexpired(all_, now), note="break-glass expired", now=now
        )
