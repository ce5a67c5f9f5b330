"""Recorded decisions with everything that was frozen beside them, for whoever looks at many of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from ledger.domain.decisions import RecordedDecision
from ledger.selectors.streams import RecordedRequest, request_of
from sentinel.core.values import value

_ALL_COLUMNS = """
SELECT d.outcome, d.status, d.fraud_probability, d.score_percentile, d.ruleset_version, d.policy_version,
       d.model_version, d.catalogue_version, d.degraded, d.rule_hits, d.silent_hits, d.failed_rules,
       d.snapshot, d.reasons::text, p.transaction_id IS NOT NULL,
       t.id, t.seq, t.livemode, t.recorded_at,
       t.account_id, t.amount_minor, t.currency, t.transaction_type, t.occurred_at, t.channel, t.merchant_id,
       t.merchant_name, t.merchant_category, t.merchant_country, t.counterparty_account_id, t.location_country,
       p.card_token, p.card_bin, p.card_last4, p.device_id, p.ip_address, p.user_agent, p.location_city,
       p.latitude, p.longitude, p.metadata
FROM ledger_transaction t
JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id
LEFT JOIN ledger_personaldetail p ON p.transaction_id = t.id AND p.account_id = t.account_id
WHERE t.id = ANY(%(ids)s)
"""
_FROZEN = 15  # so many columns are of the decision, the others of its payment
# The bounds tell PostgreSQL of each table which months it can leave out.
_BOUNDS = "".join(f" AND {each} BETWEEN %(first)s AND %(last)s" for each in ("t.id", "d.transaction_id"))
_DECISIONS = f"{_ALL_COLUMNS}{_BOUNDS} ORDER BY t.id"
# Of the bank's past nothing was decided here.
_OWN = "NOT EXISTS (SELECT FROM ledger_importedtransaction i WHERE i.transaction_id = t.id)"
_WINDOW = f"FROM ledger_transaction t WHERE id > %(after)s AND id < %(until)s AND {_OWN}"
_NEXT = f"SELECT id {_WINDOW} ORDER BY id LIMIT %(limit)s"
_COUNT = f"SELECT count(*) FROM (SELECT {_WINDOW} LIMIT %(limit)s) counted"  # noqa: S608
# Each row whose number is the first to reach another so-many-th part of the window.
_EVENLY = f"""
SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS number, count(*) OVER () AS rows {_WINDOW}) numbered
WHERE number * %(limit)s / rows > (number - 1) * %(limit)s / rows ORDER BY id
"""  # noqa: S608


@value
class DecidedPayment:
    """`has_details` is False when the person's details were erased since."""

    payment: RecordedRequest
    decision: RecordedDecision
    has_details: bool


def decisions_load(ids: Sequence[UUID]) -> list[DecidedPayment]:
    """In the order of their ids; of ids without a decision nothing is said."""
    if not ids:
        return []
    return [_decision(row) for row in _ask(_DECISIONS, ids=list(ids), first=min(ids), last=max(ids))]


def payment_ids(*, after: UUID, until: UUID, limit: int) -> list[UUID]:
    """The next payments by id, which is the order they were recorded in."""
    return [row[0] for row in _ask(_NEXT, after=after, until=until, limit=limit)]


def payment_ids_evenly(*, after: UUID, until: UUID, limit: int) -> list[UUID]:
    """So many payments spread evenly over all of the window, in order; all when there are no more."""
    return [row[0] for row in _ask(_EVENLY, after=after, until=until, limit=limit)]


def payments_count(*, after: UUID, until: UUID, limit: int | None) -> int:
    """How many there are, counted no further than the limit."""
    return int(_ask(_COUNT, after=after, until=until, limit=limit)[0][0])


def _ask(query: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _decision(row: tuple[Any, ...]) -> DecidedPayment:
    *frozen, snapshot, reasons, has_details = row[:_FROZEN]
    transaction_id, seq, livemode, recorded_at, *request = row[_FROZEN:]
    payment = RecordedRequest(transaction_id, seq, livemode, recorded_at, request_of(*request))
    return DecidedPayment(payment, RecordedDecision(orjson.loads(reasons), bytes(snapshot), *frozen), has_details)
