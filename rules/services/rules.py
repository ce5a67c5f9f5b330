"""Writing rules, and putting them in force or out of it."""

from datetime import datetime

from django.db import transaction

from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from rules.domain.definitions import RuleDraft
from rules.domain.validation import parse_expression
from rules.errors import RuleHasNoVersion
from rules.models import Rule, RuleVersion
from rules.selectors import list_types, rule_latest_version
from rules.services.rulesets import publishing_lock, ruleset_publish


@transaction.atomic
def rule_save(*, actor: str, rule: Rule, draft: RuleDraft, now: datetime) -> RuleVersion:
    """The version now in force, or in reserve while the rule is disabled; a new one only when the draft differs.

    `rule` is a new or a changed model instance. When it is enabled the change is live after the commit; enabling an
    existing rule is rule_enable's.
    Errors: InvalidExpression; InvalidRequest for card numbers; ValidationError for the other fields. Nothing is saved
    then.
    Locks: publishing_lock, until the database transaction ends.
    """
    version = rule_write(actor=actor, rule=rule, draft=draft, now=now)
    if rule.is_enabled:
        ruleset_publish(actor=actor, note=f"{rule.code} saved", now=now)
    return version


@transaction.atomic
def rule_write(*, actor: str, rule: Rule, draft: RuleDraft, now: datetime) -> RuleVersion:
    """rule_save without publishing: for writing several rules that go live together."""
    publishing_lock()
    card_numbers_refuse(name=rule.name, description=rule.description, reason_words=draft.reason_words)
    parse_expression(draft.expression, list_types())
    _rule_store(actor, rule, now)
    latest = rule_latest_version(rule)
    if latest and _says_the_same(latest, draft):
        version = latest
    else:
        version = _new_version(actor, rule, draft, now, number=latest.number + 1 if latest else 1)
    _audit(actor, "rule.saved", rule, now, version=version.number)
    return version


@transaction.atomic
def rule_enable(*, actor: str, rule: Rule, now: datetime) -> None:
    """Errors: RuleHasNoVersion. Locks: publishing_lock, until the database transaction ends."""
    if rule_latest_version(rule) is None:
        raise RuleHasNoVersion()
    _rule_switch(actor, rule, True, now)


@transaction.atomic
def rule_disable(*, actor: str, rule: Rule, now: datetime) -> None:
    """Locks: publishing_lock, until the database transaction ends."""
    _rule_switch(actor, rule, False, now)


def _rule_switch(actor: str, rule: Rule, is_enabled: bool, now: datetime) -> None:
    publishing_lock()
    changed = Rule.objects.filter(pk=rule.pk, is_enabled=not is_enabled)
    rule.is_enabled = is_enabled
    if not changed.update(is_enabled=is_enabled, updated_by=actor, updated_at=now):
        return
    word = "enabled" if is_enabled else "disabled"
    _audit(actor, f"rule.{word}", rule, now)
    ruleset_publish(actor=actor, note=f"{rule.code} {word}", now=now)


def _rule_store(actor: str, rule: Rule, now: datetime) -> None:
    if rule._state.adding:
        rule.created_by, rule.created_at = actor, now
    else:
        # A rule that a colleague disabled a moment ago must not come back with an edit.
        rule.refresh_from_db(fields=["is_enabled"])
    rule.updated_by, rule.updated_at = actor, now
    rule.full_clean()
    rule.save()


def _says_the_same(version: RuleVersion, draft: RuleDraft) -> bool:
    said = (version.action, version.reason_code, version.reason_words, version.expression)
    return said == (draft.action.value, draft.reason_code, draft.reason_words, draft.expression)


def _new_version(actor: str, rule: Rule, draft: RuleDraft, now: datetime, *, number: int) -> RuleVersion:
    version = RuleVersion(
        rule=rule,
        number=number,
        expression=draft.expression,
        action=draft.action.value,
        reason_code=draft.reason_code,
        reason_words=draft.reason_words,
        author=actor,
        created_at=now,
    )
    version.full_clean()
    version.save()
    return version


def _audit(actor: str, action: str, rule: Rule, now: datetime, **details: str | int) -> None:
    audit_record(actor=actor, action=action, subject=f"rule:{rule.code}", details=details, now=now)
