"""What a verdict can do besides: put a value on a list, and let a rule leave the account alone."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from ledger.models import Transaction
from ledger.services.card_numbers import card_numbers_refuse
from ledger.services.verdict_extras import Extra, verdict_extra_register
from rules.domain.lists import ItemType, Source, normalise_item
from rules.errors import AlreadyListed, AlreadyProposed
from rules.models import List, Rule
from rules.services.lists import NewItem, list_item_submit
from rules.services.snoozes import rule_snooze
from sentinel.core.errors import FieldError, InvalidRequest


class ListItemExtra:
    """{"kind": "list_item", "list": name, "value": …, "reason": …, "expires_at": moment}. A list that takes two
    people gets a proposal; a value that is listed already stays as it is.
    """

    def check(self, *, payment: Transaction, extra: Extra, now: datetime) -> None:
        item_list = _named(List.objects.filter(name=extra.get("list")), "list", extra.get("list"))
        card_numbers_refuse(**{"extras.reason": str(extra.get("reason", ""))})
        normalise_item(str(extra.get("value", "")), ItemType(item_list.item_type))
        _moment(extra, "expires_at", now)

    def apply(self, *, payment: Transaction, extra: Extra, actor: str, now: datetime) -> None:
        wanted = NewItem(
            value=str(extra["value"]),
            reason=str(extra.get("reason") or f"Verdict on {payment.public_id}"),
            expires_at=_moment(extra, "expires_at", now),
            source=Source.MANUAL,
            transaction=payment.public_id,
        )
        item_list = _named(List.objects.filter(name=extra["list"]), "list", extra["list"])
        with suppress(AlreadyListed, AlreadyProposed):
            list_item_submit(actor=actor, item_list=item_list, wanted=wanted, now=now)


class RuleSnoozeExtra:
    """{"kind": "rule_snooze", "rule": code, "reason": …, "until": moment}: for the account of the payment."""

    def check(self, *, payment: Transaction, extra: Extra, now: datetime) -> None:
        _named(Rule.objects.filter(code=extra.get("rule")), "rule", extra.get("rule"))
        card_numbers_refuse(**{"extras.reason": str(extra.get("reason", ""))})
        _moment(extra, "until", now)

    def apply(self, *, payment: Transaction, extra: Extra, actor: str, now: datetime) -> None:
        rule_snooze(
            actor=actor,
            rule=_named(Rule.objects.filter(code=extra["rule"]), "rule", extra["rule"]),
            account_id=payment.account_id,
            until=_moment(extra, "until", now),
            reason=str(extra.get("reason") or f"Verdict on {payment.public_id}"),
            now=now,
        )


def verdict_extras_register() -> None:
    verdict_extra_register("list_item", ListItemExtra())
    verdict_extra_register("rule_snooze", RuleSnoozeExtra())


def _named(found: Any, field: str, name: Any) -> Any:
    row = found.first()
    if row is None:
        raise _refused(field, "unknown", f"There is no {field} {name!r}.")
    return row


def _moment(extra: Extra, field: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(str(extra.get(field)))
    except ValueError:
        raise _refused(field, "not_a_moment", "Write a moment such as 2026-01-31T12:00:00+00:00.") from None
    if moment.tzinfo is None or moment <= now:
        raise _refused(field, "not_later", "Choose a moment in the future, with a zone.")
    return moment


def _refused(field: str, code: str, words: str) -> InvalidRequest:
    return InvalidRequest(words, errors=[FieldError(f"extras.{field}", code, words)])
