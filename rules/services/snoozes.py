"""Snoozing: a rule leaves one account alone until a moment."""

from datetime import datetime

from django.db import transaction

from ledger.models import Account
from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from rules.models import Rule, RuleSnooze
from rules.services.rulesets import configuration_changed
from sentinel.core.errors import FieldError, InvalidRequest


@transaction.atomic
def rule_snooze(
    *, actor: str, rule: Rule, account_id: str, until: datetime, reason: str, now: datetime
) -> RuleSnooze:
    """In the place of an earlier snooze of the same rule and account. Errors: InvalidRequest."""
    card_numbers_refuse(reason=reason)
    if until <= now:
        raise _refused("until", "not_later", "Choose a moment in the future.")
    if not Account.objects.filter(pk=account_id, kind=Account.Kind.CUSTOMER).exists():
        raise _refused("account_id", "unknown_account", f"There is no customer account {account_id}.")
    rule.snoozes.filter(account_id=account_id, ended_at__isnull=True).update(ended_at=now, ended_by=actor)
    snooze = RuleSnooze(rule=rule, account_id=account_id, until=until, reason=reason, author=actor, created_at=now)
    snooze.full_clean()
    snooze.save()
    _audit(actor, "rule.snoozed", snooze, now, until=until.isoformat(), reason=reason)
    configuration_changed()
    return snooze


@transaction.atomic
def snooze_end(*, actor: str, snooze: RuleSnooze, now: datetime) -> None:
    """Ends it before its time; a second time changes nothing."""
    if RuleSnooze.objects.filter(pk=snooze.pk, ended_at__isnull=True).update(ended_at=now, ended_by=actor):
        _audit(actor, "rule.snooze_ended", snooze, now)
        configuration_changed()


def _refused(field: str, code: str, words: str) -> InvalidRequest:
    return InvalidRequest(words, errors=[FieldError(field, code, words)])


def _audit(actor: str, action: str, snooze: RuleSnooze, now: datetime, **details: str) -> None:
    told = {"account": snooze.account_id, **details}
    audit_record(actor=actor, action=action, subject=f"rule:{snooze.rule.code}", details=told, now=now)
