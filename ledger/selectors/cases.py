"""The queue of cases: a page at a time, each row with all that is shown of it, in one query."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from sentinel.core.errors import FieldError, InvalidRequest

PAGE_ROWS, PAGE_ROWS_MAX = 50, 200
COUNT_MAX = 100
# What is known of the payment and not of the case is looked for in so many cases at a time.
LOOKED_AT_MAX = 2_000


class Tab(StrEnum):
    OPEN = "open"
    MINE = "mine"
    ESCALATED = "escalated"
    SNOOZED = "snoozed"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a page is narrowed to; None leaves it as wide as it is. `country`: where the payment was made, or where
    the merchant is when that is not known. `rule_versions`: one of these hit.
    """

    kind: str | None = None
    account_id: str | None = None
    currency: str | None = None
    amount_minor_least: int | None = None
    is_overdue: bool | None = None
    country: str | None = None
    rule_versions: list[int] | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """All that a row of the queue shows. `rule_hits` are ids of rule versions; money is in minor units."""

    transaction_id: UUID
    kind: str
    account_id: str
    amount_minor: int
    currency: str
    score_percentile: float | None
    rank: float
    opened_at: datetime
    due_at: datetime
    assignee: str | None
    locked_by: str | None
    locked_until: datetime | None
    escalated_at: datetime | None
    escalated_by: str
    snoozed_until: datetime | None
    decided_at: datetime | None
    decided_by: str
    verdict: str
    reason: str
    transaction_type: str
    channel: str | None
    merchant_id: str | None
    merchant_name: str | None
    merchant_country: str | None
    location_country: str | None
    home_country: str
    reasons: list[dict[str, Any]]
    rule_hits: list[int]
    pending_verdict: str | None
    pending_by: str | None
    pending_error: str | None


@dataclass(frozen=True, slots=True)
class CasePage:
    """`cursor` leads to the rows behind these; None when there are none. `is_cut`: LOOKED_AT_MAX cases were looked
    through, and there may be more that fit behind them.
    """

    rows: list[CaseRow]
    cursor: str | None
    is_cut: bool = False


_OPEN = "c.decided_at IS NULL"
_TABS = {
    Tab.OPEN: f"{_OPEN} AND c.livemode = %(livemode)s AND c.escalated_at IS NULL AND c.snoozed_until IS NULL",
    Tab.MINE: f"{_OPEN} AND c.livemode = %(livemode)s AND c.assignee_id = %(user)s",
    Tab.ESCALATED: f"{_OPEN} AND c.livemode = %(livemode)s AND c.escalated_at IS NOT NULL",
    Tab.SNOOZED: f"{_OPEN} AND c.livemode = %(livemode)s AND c.snoozed_until IS NOT NULL",
    Tab.DECIDED: "c.livemode = %(livemode)s AND c.decided_at IS NOT NULL",
}
_BY_RANK = ("c.rank, c.transaction_id", "(c.rank, c.transaction_id) > (%(place)s, %(last)s)")
_BY_TIME = (
    "c.decided_at DESC, c.transaction_id DESC",
    "(c.decided_at, c.transaction_id) < (%(place)s::timestamptz, %(last)s)",
)
_FILTERS = {
    "kind": "c.kind = %(kind)s",
    "account_id": "c.account_id = %(account_id)s",
    "currency": "c.currency = %(currency)s",
    "amount_minor_least": "c.amount_minor >= %(amount_minor_least)s",
    "is_overdue": "(c.due_at <= %(now)s) = %(is_overdue)s",
}
_OF_PAYMENT = {
    "country": "coalesce(t.location_country, t.merchant_country) = %(country)s",
    "rule_versions": "d.rule_hits && %(rule_versions)s::integer[]",
    "reason": "d.reasons @> jsonb_build_array(jsonb_build_object('code', %(reason)s::text))",
}
# The page is chosen first, from one small index; only its rows meet the large tables, each by key and in their order,
# so that a page narrowed by its payments ends with the last row it shows.
_PAGE = """
SELECT c.transaction_id, c.kind, c.account_id, c.amount_minor, c.currency, c.score_percentile, c.rank, c.opened_at,
    c.due_at, assignee.username, holder.username, c.locked_until, c.escalated_at, c.escalated_by, c.snoozed_until,
    c.decided_at, c.decided_by, c.verdict, c.reason, t.transaction_type, t.channel, t.merchant_id, t.merchant_name,
    t.merchant_country, t.location_country, a.home_country, d.reasons, d.rule_hits, p.verdict, p.actor_name, p.error
FROM (SELECT * FROM ledger_case c WHERE {where} ORDER BY {order} LIMIT %(chosen)s) c
JOIN ledger_transaction t ON t.id = c.transaction_id AND t.account_id = c.account_id
JOIN ledger_decision d ON d.transaction_id = c.transaction_id AND d.account_id = c.account_id
JOIN ledger_account a ON a.id = c.account_id
LEFT JOIN auth_user assignee ON assignee.id = c.assignee_id
LEFT JOIN auth_user holder ON holder.id = c.locked_by_id AND c.locked_until > %(now)s
LEFT JOIN ledger_pendingverdict p ON p.case_id = c.transaction_id
{fitting} ORDER BY {order} LIMIT %(limit)s
"""
_LAST_LOOKED_AT = """
SELECT {place}, c.transaction_id FROM ledger_case c WHERE {where} ORDER BY {order} OFFSET %(chosen)s - 1 LIMIT 1
"""


def cases_page(
    *,
    tab: Tab,
    livemode: bool,
    user_id: int,
    now: datetime,
    narrowed: CaseFilter | None = None,
    cursor: str | None = None,
    limit: int = PAGE_ROWS,
) -> CasePage:
    """Open ones best first, decided ones newest first. Errors: InvalidRequest for a cursor of another making."""
    order, behind = _BY_TIME if tab is Tab.DECIDED else _BY_RANK
    parts, fitting, values = _where(tab, narrowed or CaseFilter())
    if cursor is not None:
        parts.append(behind)
        values["place"], values["last"] = _cursor_read(tab, cursor)
    rows_most = min(limit, PAGE_ROWS_MAX)
    values |= {"livemode": livemode, "user": user_id, "now": now, "limit": rows_most + 1}
    values["chosen"] = LOOKED_AT_MAX if fitting else values["limit"]
    words = {"where": " AND ".join(parts), "order": order, "fitting": f"WHERE {fitting}" if fitting else ""}
    found = _rows(_PAGE.format(**words), values)
    rows = found[:rows_most]
    if len(found) > rows_most:
        return CasePage(rows, _cursor_of(tab, rows[-1]))
    further = _cursor_further(tab, words, values) if fitting else None
    return CasePage(rows, further, is_cut=further is not None)


def cases_counts(*, livemode: bool, user_id: int) -> dict[Tab, int]:
    """How many cases each tab has, counted up to one more than COUNT_MAX: "100+". The decided are not counted."""
    counted = [tab for tab in Tab if tab is not Tab.DECIDED]
    one = "(SELECT count(*) FROM (SELECT FROM ledger_case c WHERE {} LIMIT %(most)s) bounded)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(one.format(_TABS[tab]) for tab in counted)}",
            {"livemode": livemode, "user": user_id, "most": COUNT_MAX + 1},
        )
        return dict(zip(counted, cursor.fetchone(), strict=True))


def _where(tab: Tab, narrowed: CaseFilter) -> tuple[list[str], str, dict[str, Any]]:
    """Conditions on the case, those on its payment, and the values of both."""
    asked = {field.name: value for field in fields(narrowed) if (value := getattr(narrowed, field.name)) is not None}
    of_case = [_FILTERS[name] for name in asked if name in _FILTERS]
    of_payment = [_OF_PAYMENT[name] for name in asked if name in _OF_PAYMENT]
    return [_TABS[tab], *of_case], " AND ".join(of_payment), asked


def _cursor_further(tab: Tab, words: dict[str, str], values: dict[str, Any]) -> str | None:
    """Behind the last case that was looked at; None when all were."""
    place = "c.decided_at" if tab is Tab.DECIDED else "c.rank"
    with connection.cursor() as cursor:
        cursor.execute(_LAST_LOOKED_AT.format(place=place, **words), values)
        row = cursor.fetchone()
    return _cursor(*row) if row else None


def _rows(statement: str, values: dict[str, Any]) -> list[CaseRow]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [_row(row) for row in cursor.fetchall()]


def _row(columns: tuple[Any, ...]) -> CaseRow:
    names = [field.name for field in fields(CaseRow)]
    told = dict(zip(names, columns, strict=True))
    told["reasons"] = orjson.loads(told["reasons"]) if isinstance(told["reasons"], str) else told["reasons"]
    return CaseRow(**told)


def _cursor_of(tab: Tab, row: CaseRow) -> str:
    return _cursor(row.decided_at if tab is Tab.DECIDED and row.decided_at else row.rank, row.transaction_id)


def _cursor(place: float | datetime, last: UUID) -> str:
    return f"{place.isoformat() if isinstance(place, datetime) else repr(place)}~{last.hex}"


def _cursor_read(tab: Tab, cursor: str) -> tuple[float | datetime, UUID]:
    try:
        place, last = cursor.split("~")
        return (datetime.fromisoformat(place) if tab is Tab.DECIDED else float(place)), UUID(last)
    except ValueError:
        words = "This cursor is not one of this list."
        raise InvalidRequest(words, errors=[FieldError("cursor", "not_a_cursor", words)]) from None
