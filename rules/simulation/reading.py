"""Past decisions as columns, a bounded number at a time.

A chunk is one range of ids, so partitions that cannot matter are left out and no statement runs for long. PostgreSQL
puts each column of a chunk together as one string of bytes, in its binary form, and numpy takes it as it is: no row
is ever touched by Python. Texts are read only where a rule uses them.

Rows are insert-only, so ranges read one after the other make one consistent past.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from psycopg import Cursor, sql

from ledger.selectors.labels import labels_that_count
from rules.domain.columns import Columns, Held, Moments, Numbers, Texts
from rules.domain.simulation import APPROVED, DECLINED, HELD, Chunk, Span
from rules.simulation.filling import fill
from sentinel.core.catalogue import BY_NAME, PACKED_FIELDS, PACKED_INDEX, FieldType
from sentinel.core.ids import first_uuid7_at

ROWS_AT_ONCE = 50_000
# A payment may have occurred a little after it was recorded, by the gateway's clock.
_CLOCKS_DIFFER = timedelta(minutes=10)
_LAST_ID = UUID(int=(1 << 128) - 1)

Rows = Mapping[str, npt.NDArray[Any]]

# Text field -> where it is kept.
_OF_PAYMENT = ("merchant_id", "merchant_name", "counterparty_account_id", "account_id")
_OF_PERSON = ("card_bin", "card_token", "device_id", "ip_address", "location_city", "user_agent", "email_domain")
TEXT_COLUMNS = {
    **{name: f"t.{name}" for name in _OF_PAYMENT},
    **{name: f"p.{name}" for name in _OF_PERSON},
    "email_domain": "nullif(lower(btrim(substring(p.metadata ->> 'email' from '@([^@]*)$'))), '')",
}

_MISSING = struct.pack("<d", float("nan"))
_SNAPSHOT_BYTES = len(PACKED_FIELDS) * len(_MISSING)
_ALWAYS = frozenset({"amount", "currency"})
_OF_DECISION = frozenset({"fraud_probability", "score_percentile"})
_STATUS_OF_LETTER = {"a": APPROVED, "h": HELD, "d": DECLINED}
_STATUSES = np.zeros(128, dtype=np.int8)
for _letter, _status in _STATUS_OF_LETTER.items():
    _STATUSES[ord(_letter)] = _status

# Name, expression, type of its bytes: big-endian as PostgreSQL sends it, but for the floats of a snapshot.
_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("id", "uuid_send(t.id)", "V16"),
    ("account", "int8send(hashtextextended(t.account_id, 0))", ">i8"),
    ("occurred_at", "timestamptz_send(t.occurred_at)", ">i8"),
    ("recorded_at", "timestamptz_send(d.recorded_at)", ">i8"),
    ("status", "int4send(ascii(d.status))", ">i4"),
    ("label", "int4send(coalesce(l.is_fraud::int, -1))", ">i4"),
    ("fraud_probability", "float8send(coalesce(d.fraud_probability, 'NaN'))", ">f8"),
    ("score_percentile", "float8send(coalesce(d.score_percentile, 'NaN'))", ">f8"),
    ("width", "int4send(octet_length(d.snapshot) / 8)", ">i4"),
    ("snapshot", "{snapshot}", f"({len(PACKED_FIELDS)},)<f8"),
    ("has_person", "boolsend({has_person})", "?"),
)
# A text is read as its length in bytes, -1 where it is missing, and the bytes.
_TEXT = ("int4send(coalesce(octet_length({text}), -1))", "convert_to(coalesce({text}, ''), 'UTF8')")
_YEAR_2000_MICROSECONDS = 946_684_800_000_000  # PostgreSQL's moments are counted from there

# All aggregates of one plain query see its rows in one order.
_QUERY = f"""
SELECT {{columns}}
FROM ledger_transaction t
JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id
    AND d.transaction_id >= {{first}} AND d.transaction_id < {{until}}
LEFT JOIN ({labels_that_count("transaction_id >= {first} AND transaction_id < {until}")}) l ON l.transaction_id = t.id
{{person}}
WHERE t.id >= {{first}} AND t.id < {{until}} AND t.livemode AND t.occurred_at >= {{start}} AND t.occurred_at < {{end}}
"""  # noqa: S608
# A range of ids is a piece of each index, read in order; the planner does not see that the ranges are one and the
# same, and would read whole partitions. Payments that are being decided need the other cores.
_PLAN = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_nestloop = off;"
    " SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"
)
_PERSON = """
    LEFT JOIN ledger_personaldetail p ON p.transaction_id = t.id AND p.account_id = t.account_id
        AND p.transaction_id >= {first} AND p.transaction_id < {until}
"""
_PADDED = """
CASE octet_length(d.snapshot) WHEN {bytes} THEN d.snapshot
ELSE substring(d.snapshot || {missing} FROM 1 FOR {bytes}) END
"""
_NEXT = "SELECT id FROM ledger_transaction WHERE id >= %s ORDER BY id OFFSET %s LIMIT 1"
_ESTIMATE = "EXPLAIN (FORMAT json) SELECT id FROM ledger_transaction WHERE id >= %s"


@dataclass(frozen=True, slots=True)
class Read:
    """A chunk, and how many rows were looked through for it: those of other times and of test money too."""

    chunk: Chunk
    rows: int


def can_read(field: str) -> bool:
    """Whether the past keeps the field: in snapshots, beside the payment, or with the decision."""
    return field in PACKED_INDEX or field in TEXT_COLUMNS or field in _OF_DECISION


def rows_estimated(span: Span) -> int:
    """About how many rows will be looked through, as the planner guesses."""
    with connection.cursor() as cursor:
        cursor.execute(_ESTIMATE, [_first_id(span.start)])
        return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])


def read_past(fields: frozenset[str], span: Span, *, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[Read]:
    """Live payments of a span with these fields, in chunks by id, which is the order they were recorded in.

    Errors: KeyError for a field that `can_read` denies.
    """
    yield from _read_ids(fields, span, _first_id(span.start), _LAST_ID, rows_at_once)


def read_recorded(fields: frozenset[str], span: Span, first: UUID, until: UUID) -> Iterator[Read]:
    """As `read_past`, of those with ids from `first` to before `until`."""
    yield from _read_ids(fields, span, first, until, ROWS_AT_ONCE)


def _read_ids(fields: frozenset[str], span: Span, start: UUID, end: UUID, rows_at_once: int) -> Iterator[Read]:
    first: UUID | None = start
    while first is not None and first < end:
        following = _id_after(first, rows_at_once)
        yield Read(_read(fields | _ALWAYS, span, first, min(following or end, end)), rows_at_once)
        first = following


def _first_id(start: datetime) -> UUID:
    return first_uuid7_at(int((start - _CLOCKS_DIFFER).timestamp() * 1000))


def _id_after(first: UUID, rows: int) -> UUID | None:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [first, rows])
        found = cursor.fetchone()
    return UUID(str(found[0])) if found else None


def _read(fields: frozenset[str], span: Span, first: UUID, until: UUID) -> Chunk:
    texts = sorted(name for name in fields if BY_NAME[name].type is FieldType.TEXT)
    found = _ask(_query(texts, span, first, until))
    rows = {name: np.frombuffer(data, dtype=wire) for (name, _, wire), data in zip(_COLUMNS, found, strict=False)}
    pairs = found[len(_COLUMNS) :]
    numbers, covered = _numbers(rows, fields)
    columns = Columns(
        recorded_at=_moments(rows["recorded_at"]),
        numbers=numbers,
        texts={name: _texts(*pairs[2 * place : 2 * place + 2]) for place, name in enumerate(texts)},
    )
    return Chunk(
        ids=rows["id"].tolist(),
        columns=columns,
        accounts=rows["account"].astype(np.int64),
        occurred_at=_moments(rows["occurred_at"]),
        statuses=_STATUSES[rows["status"]],
        labels=rows["label"].astype(np.int8),
        covered=covered,
    )


def _query(texts: Sequence[str], span: Span, first: UUID, until: UUID) -> sql.Composed:
    has_person = any(name in _OF_PERSON for name in texts)
    bounds = {"first": sql.Literal(first), "until": sql.Literal(until)}
    snapshot = sql.SQL(_PADDED).format(
        bytes=sql.Literal(_SNAPSHOT_BYTES), missing=sql.Literal(_MISSING * len(PACKED_FIELDS))
    )
    person = sql.SQL("p.transaction_id IS NOT NULL" if has_person else "true")
    parts = [sql.SQL(text).format(snapshot=snapshot, has_person=person) for _, text, _ in _COLUMNS]
    parts += [sql.SQL(part).format(text=sql.SQL(TEXT_COLUMNS[name])) for name in texts for part in _TEXT]
    return sql.SQL(_QUERY).format(
        columns=sql.SQL(", ").join(sql.SQL("string_agg({}, ''::bytea)").format(part) for part in parts),
        person=sql.SQL(_PERSON).format(**bounds) if has_person else sql.SQL(""),
        start=sql.Literal(span.start),
        end=sql.Literal(span.end),
        **bounds,
    )


def _ask(query: sql.Composed) -> list[bytes]:
    """The bytes of each column; none where no row was found."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PLAN)
        # Django's own cursors ask for text, in which bytes are twice as long.
        row = Cursor(cursor.connection).execute(query, binary=True).fetchone()
        return [data or b"" for data in row or ()]


def _texts(lengths: bytes, data: bytes) -> Texts:
    sizes = np.frombuffer(lengths, dtype=">i4").astype(np.int64)
    ends = np.cumsum(np.maximum(sizes, 0))
    starts = ends - np.maximum(sizes, 0)
    places: dict[bytes, int] = {}
    cut = [data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    codes = np.array([places.setdefault(each, len(places)) for each in cut], dtype=np.int32) + 1
    codes[sizes < 0] = 0
    return Texts(codes, [None, *(each.decode() for each in places)])


def _numbers(rows: Rows, fields: frozenset[str]) -> tuple[Mapping[str, Numbers], Mapping[str, Held]]:
    """The columns of numbers, and which rows have which field at all. What a snapshot is too old for is filled in."""
    numbers: dict[str, Numbers] = {}
    covered: dict[str, Held] = {}
    lacking: dict[str, Held] = {}
    for name in fields:
        if name in PACKED_INDEX:
            place = PACKED_INDEX[name]
            numbers[name] = rows["snapshot"][:, place].astype(np.float64)
            covered[name] = rows["width"] > place
            if not covered[name].all():
                lacking[name] = ~covered[name]
        elif name in _OF_PERSON:
            covered[name] = rows["has_person"]
        elif BY_NAME[name].type is not FieldType.TEXT:
            numbers[name] = rows[name].astype(np.float64)
    if lacking:
        _fill_in(rows["id"], numbers, covered, lacking)
    return numbers, covered


def _fill_in(
    ids: npt.NDArray[Any], numbers: dict[str, Numbers], covered: dict[str, Held], lacking: Mapping[str, Held]
) -> None:
    places = np.flatnonzero(np.logical_or.reduce(list(lacking.values())))
    found = fill(sorted(lacking), [UUID(bytes=bytes(ids[place])) for place in places.tolist()])
    for name, filled in found.items():
        known = np.array(filled.known, dtype=np.bool_) & lacking[name][places]
        numbers[name][places[known]] = np.array(filled.numbers, dtype=np.float64)[known]
        covered[name] = covered[name].copy()
        covered[name][places[known]] = True


def _moments(since_2000: npt.NDArray[np.int64]) -> Moments:
    return since_2000.astype(np.int64) + _YEAR_2000_MICROSECONDS
