"""What can be done besides a verdict, in its form: something of the payment on a list, a rule that leaves the account
alone. Values of the payment are named by their kind, so that personal details need not be sent to the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied

from ledger.models import Decision, Transaction
from ledger.services.verdict_extras import Extra
from rules.admin.list_forms import DAYS
from rules.admin.payment_panel import listable_choices, listable_things
from rules.domain.lists import ItemType, Purpose
from rules.models import List, Rule
from sentinel.core.errors import FieldError, InvalidRequest

# Kept for ever is for the pages of lists, where it is looked through again.
_DAYS = {days: words for days, words in DAYS.items() if days}
_PURPOSES = (Purpose.BLOCK, Purpose.WATCH)


@dataclass(frozen=True, slots=True)
class Besides:
    """What the form offers; empty where the person may not, or the payment has nothing."""

    targets: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    days: Mapping[str, str] = field(default_factory=lambda: _DAYS)


def besides_offered(user: Any, payment: Transaction) -> Besides:
    may_list, may_snooze = user.has_perm("rules.add_listitem"), user.has_perm("rules.add_rulesnooze")
    return Besides(
        targets=listable_choices(listable_things(user, payment), purposes=_PURPOSES) if may_list else [],
        rules=_rules_that_hit(payment) if may_snooze else [],
    )


def extras_read(user: Any, payment: Transaction, sent: Mapping[str, str], now: datetime) -> list[Extra]:
    """Errors: InvalidRequest for what is not offered; PermissionDenied. What was read is checked with the verdict."""
    found = [_item(user, payment, sent, now), _snooze(user, sent)]
    return [extra for extra in found if extra is not None]


def _item(user: Any, payment: Transaction, sent: Mapping[str, str], now: datetime) -> Extra | None:
    target = sent.get("list_target", "")
    if not target:
        return None
    _may(user, "rules.add_listitem")
    kind, _, list_id = target.partition(":")
    fitting = List.objects.filter(item_type=kind, purpose__in=_PURPOSES)
    item_list = fitting.filter(pk=int(list_id) if list_id.isdecimal() else 0).first()
    things, days = listable_things(user, payment), sent.get("list_days", "")
    if item_list is None or kind not in things or days not in _DAYS:
        raise _refused("list_target", "Choose what goes on which list, and for how long.")
    _, value = things[ItemType(kind)]
    expires_at = (now + timedelta(days=int(days))).isoformat()
    return {"kind": "list_item", "list": item_list.name, "value": value, "expires_at": expires_at}


def _snooze(user: Any, sent: Mapping[str, str]) -> Extra | None:
    code = sent.get("snooze_rule", "")
    if not code:
        return None
    _may(user, "rules.add_rulesnooze")
    try:
        day = date.fromisoformat(sent.get("snooze_until", ""))
    except ValueError:
        raise _refused("snooze_until", "Say until the end of which day the rule leaves the account alone.") from None
    return {"kind": "rule_snooze", "rule": code, "until": datetime.combine(day, time.max, UTC).isoformat()}


def _rules_that_hit(payment: Transaction) -> list[Rule]:
    hits = Decision.objects.only("rule_hits").get(pk=payment.pk).rule_hits
    return list(Rule.objects.filter(versions__in=hits).distinct().order_by("code")) if hits else []


def _may(user: Any, permission: str) -> None:
    if not user.has_perm(permission):
        raise PermissionDenied


def _refused(name: str, words: str) -> InvalidRequest:
    return InvalidRequest(words, errors=[FieldError(name, "not_offered", words)])
