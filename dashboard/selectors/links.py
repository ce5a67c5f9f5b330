"""Payments that share something with one: its card, device, IP address or merchant. Bounded, and one query."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dashboard.selectors.shared import KINDS, LOOKED_AT_MAX, PERSONAL_KINDS, Sharing, payments_sharing
from ledger.models import PersonalDetail, Transaction
from sentinel.core.ids import first_uuid7_at

SPAN_BEFORE, SPAN_AFTER = timedelta(days=30), timedelta(days=7)
SHOWN_MAX = 4


@dataclass(frozen=True, slots=True)
class Link:
    """What is shared, how often, and the newest payments. `is_more`: there are more than were looked at, so that all
    counts are "100+".
    """

    kind: str
    value: str
    payments: int
    accounts: int
    frauds: int
    is_more: bool
    newest: list[Sharing]


def links_of(payment: Transaction, detail: PersonalDetail | None, *, now: datetime) -> list[Link]:
    """Of each kind that the payment told, those of 30 days before it and up to a week after it."""
    told = {kind: value for kind in KINDS if (value := getattr(_source(kind, payment, detail), kind, None))}
    if not told:
        return []
    last = min(now, payment.recorded_at + SPAN_AFTER)
    span = {"first": _id_at(payment.recorded_at - SPAN_BEFORE), "last": _id_at(last)}
    found: dict[str, list[Sharing]] = {kind: [] for kind in told}
    for each in payments_sharing(told, livemode=payment.livemode, this=payment.pk, **span):
        found[each.kind].append(each)
    return [_link(kind, value, found[kind]) for kind, value in told.items()]


def _source(kind: str, payment: Transaction, detail: PersonalDetail | None) -> Any:
    return detail if kind in PERSONAL_KINDS else payment


def _link(kind: str, value: str, found: list[Sharing]) -> Link:
    looked_at = found[:LOOKED_AT_MAX]
    return Link(
        kind=kind,
        value=value,
        payments=len(looked_at),
        accounts=len({each.account_id for each in looked_at}),
        frauds=sum(bool(each.is_fraud) for each in looked_at),
        is_more=len(found) > LOOKED_AT_MAX,
        newest=looked_at[:SHOWN_MAX],
    )


def _id_at(moment: datetime) -> UUID:
    return first_uuid7_at(int(moment.timestamp() * 1000) + 1)
