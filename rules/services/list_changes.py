"""What every change of a list has in common: the lock, the revision, the audit, and whether it takes two people."""

from datetime import datetime
from typing import Any

from ledger.services.audit import audit_record
from rules.domain.definitions import RuleDraft
from rules.domain.list_purposes import lists_that_let_pass
from rules.domain.lists import Purpose
from rules.domain.validation import load_expression
from rules.errors import InvalidExpression
from rules.models import List, RulesetVersion
from rules.services.rulesets import configuration_changed
from sentinel.core.errors import FieldError
from sentinel.core.outcomes import Action


def list_lock(item_list: List) -> List:
    """The list as it is now. Locks: its row, until the database transaction ends. So revisions have one order."""
    return List.objects.select_for_update().get(pk=item_list.pk)


def list_changed(locked: List, *, items: int) -> None:
    """Writes the revision the items were marked with, which is `revision` of the locked list, and tells everybody."""
    locked.item_count += items
    locked.save(update_fields=["revision", "item_count"])
    configuration_changed()


def list_audit(actor: str, action: str, item_list: List, now: datetime, **details: Any) -> None:
    """Values may be personal data and stay out of the audit trail, which is kept for ever."""
    audit_record(actor=actor, action=action, subject=f"list:{item_list.name}", details=details, now=now)


def needs_second_person(item_list: List) -> bool:
    """Payments may pass because of it: by its purpose, or because a live rule uses it so."""
    return item_list.purpose == Purpose.ALLOW or item_list.name in _lists_that_let_pass_now()


def lists_of_rule_check(draft: RuleDraft) -> None:
    """A rule may let payments pass by lists of that purpose only. Call it with an expression that was parsed.

    Errors: InvalidExpression, which names each list.
    """
    names = lists_that_let_pass(draft.action, load_expression(draft.expression, None))
    unfit = names - set(List.objects.filter(purpose=Purpose.ALLOW).values_list("name", flat=True))
    if unfit:
        errors = [FieldError("expression", "list_purpose", _unfit(name, draft.action)) for name in sorted(unfit)]
        raise InvalidExpression(errors[0].message, errors=errors)


def _unfit(name: str, action: Action) -> str:
    how = "Payments pass" if action is Action.ALLOW else "Payments are spared"
    return (
        f"{how} by the list {name}, which is not kept for that. Use a list that is kept to let payments pass: its "
        "items take effect only after a second person approved them."
    )


def _lists_that_let_pass_now() -> set[str]:
    """By the rules that are live. One that cannot be read uses no list."""
    live = RulesetVersion.objects.first()
    names: set[str] = set()
    for member in live.members.select_related("version") if live else ():
        try:
            expression = load_expression(member.version.expression, None)
        except InvalidExpression:
            continue
        names |= lists_that_let_pass(Action(member.version.action), expression)
    return names
