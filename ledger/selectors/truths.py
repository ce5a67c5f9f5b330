"""What past payments turned out to be, as far as it was known at some moment: in columns, for training and measuring.

A payment that went through and that nobody complained about for the maturity window is legitimate, of the source
`implicit`. What did not go through and has no label stays unknown: nobody can say what it would have been.

Uses numpy, so no web process imports it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import connection, transaction
from psycopg import Cursor

from ledger.selectors.labels import label_known_at, labels_that_count
from sentinel.core.ids import first_uuid7_at

UNKNOWN, LEGITIMATE, FRAUD = -1, 0, 1
ROWS_AT_ONCE = 100_000
# A payment may have occurred a little after it was recorded, by the gateway's clock.
_CLOCKS_DIFFER = timedelta(minutes=10)
_LAST_ID = UUID(int=(1 << 128) - 1)
_ID_BYTES = 16

_NEXT = "SELECT id FROM ledger_transaction WHERE id >= %s ORDER BY id OFFSET %s LIMIT 1"
_LABELLED = f"transaction_id >= %(first)s AND transaction_id < %(until)s AND {label_known_at()} <= %(known_at)s"
# All aggregates of one plain query see its rows in one order.
_QUERY = f"""
SELECT string_agg(uuid_send(t.id), ''::bytea), string_agg(int2send(CASE
    WHEN l.is_fraud THEN {FRAUD} WHEN NOT l.is_fraud THEN {LEGITIMATE} ELSE {UNKNOWN} END::int2), ''::bytea),
    string_agg(boolsend(t.occurred_at < %(matured)s AND (d.status = 'approved' OR r.hold_id IS NOT NULL)), ''::bytea),
    string_agg(float8send(extract(epoch FROM coalesce(l.known_at, t.occurred_at + %(maturity)s))), ''::bytea)
FROM ledger_transaction t
JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id
    AND d.transaction_id >= %(first)s AND d.transaction_id < %(until)s
LEFT JOIN ledger_holdresolution r ON r.hold_id = t.id AND r.hold_id >= %(first)s AND r.hold_id < %(until)s
    AND r.resolution = 'approved' AND (%(is_replay)s OR r.recorded_at <= %(known_at)s)
LEFT JOIN ({labels_that_count(_LABELLED)}) l ON l.transaction_id = t.id
WHERE t.id >= %(first)s AND t.id < %(until)s AND t.livemode
    AND t.occurred_at >= %(start)s AND t.occurred_at < %(end)s
    AND (%(is_replay)s OR t.recorded_at <= %(known_at)s)
"""  # noqa: S608
# A range of ids is a piece of each index; the planner does not see that the ranges are one and the same. Payments
# that are being decided need the other cores.
_PLAN = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_nestloop = off;"
    " SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"
)


@dataclass(frozen=True, slots=True)
class Truths:
    """One element of each array is one payment; they are in the order of their ids."""

    ids: npt.NDArray[np.void]  # 16 bytes each, as UUID.bytes
    verdicts: npt.NDArray[np.int8]  # FRAUD, LEGITIMATE or UNKNOWN
    is_implicit: npt.NDArray[np.bool_]  # legitimate because nobody complained
    known_since: npt.NDArray[np.float64]  # seconds since the epoch; of no meaning where the truth is unknown

    def __len__(self) -> int:
        return len(self.ids)

    def known(self) -> "Truths":
        """Without those of unknown truth, which have no place in training or precision."""
        kept = self.verdicts != UNKNOWN
        return Truths(self.ids[kept], self.verdicts[kept], self.is_implicit[kept], self.known_since[kept])


def truths_read(
    *, start: datetime, end: datetime, known_at: datetime, is_replay: bool = False, rows_at_once: int = ROWS_AT_ONCE
) -> Truths:
    """Live payments that occurred from `start` until before `end`, by what had been recorded at `known_at`.

    A label is known from the later of its `observed_at` and its entry. Records of later than `known_at` are as if
    they were not there yet; with `is_replay` it is only asked when things happened, not when they were recorded.
    """
    maturity = timedelta(days=settings.LABEL_MATURITY_DAYS)
    span = {"start": start, "end": end, "known_at": known_at, "maturity": maturity, "matured": known_at - maturity}
    span |= {"is_replay": is_replay}
    read = [_read(span, first, until) for first, until in _ranges(start, rows_at_once)]
    return _in_order(np.concatenate(read))


_ROW = np.dtype([("id", f"V{_ID_BYTES}"), ("label", np.int8), ("went_well", np.bool_), ("known_since", np.float64)])


def _ranges(start: datetime, rows: int) -> Iterator[tuple[UUID, UUID]]:
    """Ranges of ids with so many payments each."""
    first = first_uuid7_at(int((start - _CLOCKS_DIFFER).timestamp() * 1000))
    while first != _LAST_ID:
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, [first, rows])
            found = cursor.fetchone()
        until = UUID(str(found[0])) if found else _LAST_ID
        yield first, until
        first = until


def _read(span: dict[str, Any], first: UUID, until: UUID) -> npt.NDArray[Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PLAN)
        # Django's own cursors ask for text, in which bytes are twice as long.
        found = Cursor(cursor.connection).execute(_QUERY, {**span, "first": first, "until": until}, binary=True)
        ids, labels, went_well, known_since = (data or b"" for data in found.fetchone() or [b""] * 4)
    rows = np.zeros(len(ids) // _ID_BYTES, dtype=_ROW)
    rows["id"] = np.frombuffer(ids, dtype=f"V{_ID_BYTES}")
    rows["label"] = np.frombuffer(labels, dtype=">i2")
    rows["went_well"] = np.frombuffer(went_well, dtype=np.bool_)
    rows["known_since"] = np.frombuffer(known_since, dtype=">f8")
    return rows


def _in_order(rows: npt.NDArray[Any]) -> Truths:
    ids = np.ascontiguousarray(rows["id"])
    halves = ids.view(">u8").reshape(-1, 2)
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    labels = rows["label"][order]
    is_implicit = (labels == UNKNOWN) & rows["went_well"][order]
    verdicts = np.where(is_implicit, LEGITIMATE, labels).astype(np.int8)
    return Truths(ids[order], verdicts, is_implicit, rows["known_since"][order])
