"""Writing rules. What is written decides nothing yet: see `approvals` and `rulesets`."""

from datetime import datetime

from django.db import transaction

from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from rules.domain.definitions import RuleDraft
from rules.domain.validation import parse_expression
from rules.models import Rule, RuleVersion
from rules.selectors import list_types, rule_latest_version
from rules.services.list_changes import lists_of_rule_check
from rules.services.rulesets import publishing_lock


@transaction.atomic
def rule_save(*, actor: str, rule: Rule, draft: RuleDraft, now: datetime) -> RuleVersion:
    """The rule's latest version; a new one only when the draft differs. What decides stays as it is.

    `rule` is a new or a changed model instance.
    Errors: InvalidExpression; InvalidRequest for card numbers; ValidationError for the other fields. Nothing is saved
    then.
    Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    card_numbers_refuse(name=rule.name, description=rule.description, reason_words=draft.reason_words)
    parse_expression(draft.expression, list_types())
    lists_of_rule_check(draft)
    _rule_store(actor, rule, now)
    latest = rule_latest_version(rule)
    if latest and _says_the_same(latest, draft):
        version = latest
    else:
        version = _new_version(actor, rule, draft, now, number=latest.number + 1 if latest else 1)
    audit_record(
        actor=actor,
        action="rule.saved",
        subject=f"rule:{rule.code}",
        details={"version": version.number, "is_new": version is not latest},
        now=now,
    )
    return version


def _rule_store(actor: str, rule: Rule, now: datetime) -> None:
    if rule._state.adding:
        rule.created_by, rule.created_at = actor, now
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
