"""What an account did: its payments a page at a time, and what is usual for it. Bounded, whatever its age."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from ledger.selectors.labels import labels_that_count
from ledger.selectors.transactions import transaction_states
from sentinel.core.errors import FieldError, InvalidRequest

PAGE_ROWS = 20
# So many payments are looked through for a page of those that are asked for; the next page looks on behind them.
LOOKED_AT_MAX = 1_000
USUAL_DAYS = 90
USUAL_PAYMENTS_MAX = 1_000


class Kept(StrEnum):
    """Which payments a history is narrowed to."""

    APPROVE = "approve"
    REVIEW = "review"
    DECLINE = "decline"
    FRAUD = "fraud"


@dataclass(frozen=True, slots=True)
class PastPayment:
    """`is_fraud` is the label that counts, `status` what became of it by now; money in minor units."""

    id: UUID
    occurred_at: datetime
    transaction_type: str
    merchant_id: str | None
    merchant_name: str | None
    counterparty_account_id: str | None
    amount_minor: int
    currency: str
    outcome: str
    score_percentile: float | None
    is_fraud: bool | None
    status: str = ""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Newest first. `newer` and `older` are the places to go on from; None where nothing lies beyond."""

    rows: list[PastPayment]
    newer: str | None
    older: str | None


@dataclass(frozen=True, slots=True)
class Usual:
    """Of the payments that took money out; amounts are those of approved ones, in minor units."""

    payments: int
    median_minor: int | None
    largest_minor: int | None
    country: str | None
    channel: str | None
    merchants: int
    held: int
    declined: int
    frauds: int

    @property
    def is_cut(self) -> bool:
        return self.payments == USUAL_PAYMENTS_MAX


_BEFORE = ("AND (occurred_at, id) < (%(moment)s, %(last)s)", "DESC")
_AFTER = ("AND (occurred_at, id) > (%(moment)s, %(last)s)", "ASC")
_LOOKED = """
SELECT id, account_id, occurred_at, transaction_type, merchant_id, merchant_name, counterparty_account_id,
    amount_minor, currency
FROM ledger_transaction WHERE account_id = %(account)s {place}
ORDER BY occurred_at {way}, id {way} LIMIT %(looked_at)s
"""
_LABELS = labels_that_count("transaction_id IN (SELECT id FROM looked)")
_PAGE = f"""
WITH looked AS MATERIALIZED ({_LOOKED}), label AS ({_LABELS})
SELECT l.id, l.occurred_at, l.transaction_type, l.merchant_id, l.merchant_name, l.counterparty_account_id,
    l.amount_minor, l.currency, d.outcome, d.score_percentile, label.is_fraud
FROM looked l
JOIN ledger_decision d ON d.transaction_id = l.id AND d.account_id = l.account_id
LEFT JOIN label ON label.transaction_id = l.id
WHERE {{kept}} ORDER BY l.occurred_at {{way}}, l.id {{way}} LIMIT %(rows)s
"""  # noqa: S608 - our own words
_END = f"SELECT occurred_at, id FROM ({_LOOKED}) looked OFFSET %(looked_at)s - 1"  # noqa: S608 - our own words
_KEPT = {None: "true", Kept.FRAUD: "label.is_fraud"} | dict.fromkeys(
    (Kept.APPROVE, Kept.REVIEW, Kept.DECLINE), "d.outcome = %(kept)s"
)

_USUAL = f"""
WITH looked AS MATERIALIZED (
    SELECT id, account_id, amount_minor, location_country, channel, merchant_id FROM ledger_transaction
    WHERE account_id = %(account)s AND occurred_at >= %(since)s AND transaction_type <> 'top_up'
    ORDER BY occurred_at DESC, id DESC LIMIT %(most)s
), label AS ({_LABELS})
SELECT count(*),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY l.amount_minor) FILTER (WHERE d.outcome = 'approve'),
    max(l.amount_minor) FILTER (WHERE d.outcome = 'approve'),
    mode() WITHIN GROUP (ORDER BY l.location_country), mode() WITHIN GROUP (ORDER BY l.channel),
    count(DISTINCT l.merchant_id),
    count(*) FILTER (WHERE d.outcome = 'review'), count(*) FILTER (WHERE d.outcome = 'decline'),
    count(*) FILTER (WHERE label.is_fraud)
FROM looked l
JOIN ledger_decision d ON d.transaction_id = l.id AND d.account_id = l.account_id
LEFT JOIN label ON label.transaction_id = l.id
"""  # noqa: S608 - our own words


def account_history(
    account_id: str,
    *,
    kept: Kept | None = None,
    before: str | None = None,
    after: str | None = None,
    limit: int = PAGE_ROWS,
) -> HistoryPage:
    """The newest payments, or those next to a place: `before` or `after` it. Errors: InvalidRequest for a place of
    another making.
    """
    place, way = _AFTER if after else _BEFORE
    values: dict[str, Any] = {"account": account_id, "kept": kept, "rows": limit + 1}
    values["looked_at"] = LOOKED_AT_MAX if kept else limit + 1
    if name := after or before:
        values["moment"], values["last"] = _place_read(name)
    parts = {"place": place if name else "", "way": way}
    found = [PastPayment(*row) for row in _ask(_PAGE.format(kept=_KEPT[kept], **parts), values)]
    rows = found[:limit]
    end = _place_of(rows[-1].occurred_at, rows[-1].id) if len(found) > limit else None
    if end is None and kept:
        end = next((_place_of(*row) for row in _ask(_END.format(**parts), values)), None)
    start = None  # where the page began is of use to go back only: nothing is newer than the newest
    if name:
        start = _place_of(rows[0].occurred_at, rows[0].id) if rows else name
    states = transaction_states(row.id for row in rows)
    shown = [replace(row, status=states[row.id].status.value) for row in rows]
    return HistoryPage(shown[::-1], newer=end, older=start) if after else HistoryPage(shown, newer=start, older=end)


def account_usual(account_id: str, *, now: datetime) -> Usual:
    values = {"account": account_id, "since": now - timedelta(days=USUAL_DAYS), "most": USUAL_PAYMENTS_MAX}
    return Usual(*_ask(_USUAL, values)[0])


def _place_of(moment: datetime, transaction_id: UUID) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S.%f}~{transaction_id.hex}"


def _place_read(name: str) -> tuple[datetime, UUID]:
    try:
        moment, last = name.split("~")
        return datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), UUID(last)
    except ValueError:
        words = "This place is not one of this list."
        raise InvalidRequest(words, errors=[FieldError("place", "not_a_place", words)]) from None


def _ask(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
