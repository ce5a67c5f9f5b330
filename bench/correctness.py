"""What must hold of the record after a load. Each check returns what it found wrong, in words; nothing is right.

Connected as the owner, while nothing is under way.
"""

import math
import urllib.error
import urllib.request
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import connection

from bench.plan import Sample
from scoring.domain.entities import EntityKind, EntityState, window_starts
from scoring.services.entities import Marker, entity_digest, entity_key, marker_current
from sentinel.core.catalogue import unpack
from sentinel.ops.children import loopback
from sentinel.ops.connections import redis_from_services
from tests.offline_features import rows_with_features

SHOWN_MAX = 5
FEATURE_ACCOUNTS, FEATURE_ROWS_MAX, HOT_ROWS_MAX = 8, 1000, 3000
MERCHANTS = 5
_TOLERANCE = 1e-6


@dataclass(slots=True)
class KeysUsed:
    """The keys of one load: `prefix` and the numbers below `sent`, but for those that nobody answered with 201."""

    prefix: str
    sent: int
    unanswered: set[str] = field(default_factory=set)


def ledger_sums() -> list[str]:
    """Debits equal credits in each currency, over everything that was ever posted."""
    rows = _rows(
        "SELECT currency, sum(debit_minor) - sum(credit_minor) FROM ledger_posting"
        " GROUP BY currency HAVING sum(debit_minor) <> sum(credit_minor)"
    )
    return [f"the ledger does not sum to zero in {currency}: {difference}" for currency, difference in rows]


def balances(account_prefix: str) -> list[str]:
    """Posted equals the sum of postings, held the open holds, and seq the number of payments."""
    rows = _rows(_BALANCES, {"accounts": _like(account_prefix)})
    return [
        f"{account}: {words} is {stored}, the record says {computed}"
        for account, posted, postings, held, holds, seq, payments in rows
        for words, stored, computed in (("posted", posted, postings), ("held", held, holds), ("seq", seq, payments))
        if stored != computed
    ]


_BALANCES = """
SELECT b.account_id, b.posted_minor, coalesce(p.sum_minor, 0)::bigint, b.held_minor, coalesce(h.sum_minor, 0)::bigint,
       b.seq, coalesce(t.count, 0)
FROM ledger_accountbalance b
LEFT JOIN (SELECT ledger_account_id, sum(credit_minor) - sum(debit_minor) AS sum_minor
           FROM ledger_posting WHERE ledger_account_id LIKE %(accounts)s GROUP BY 1) p
       ON p.ledger_account_id = b.account_id
LEFT JOIN (SELECT h.account_id, sum(h.reserved_minor) AS sum_minor FROM ledger_hold h
           WHERE h.account_id LIKE %(accounts)s
             AND NOT EXISTS (SELECT FROM ledger_holdresolution r WHERE r.hold_id = h.transaction_id) GROUP BY 1) h
       ON h.account_id = b.account_id
LEFT JOIN (SELECT account_id, count(*) AS count FROM ledger_transaction
           WHERE account_id LIKE %(accounts)s GROUP BY 1) t
       ON t.account_id = b.account_id
WHERE b.account_id LIKE %(accounts)s
"""


def keys(used: KeysUsed) -> list[str]:
    """Every acknowledged key has exactly one transaction, and no key has one that was not sent."""
    rows = _rows(
        "SELECT k.key, k.subject_id, t.id FROM ledger_idempotencykey k LEFT JOIN ledger_transaction t"
        " ON t.id = k.subject_id WHERE k.key LIKE %s",
        [_like(used.prefix)],
    )
    sent = {f"{used.prefix}{number}" for number in range(used.sent)}
    found = {key for key, _, _ in rows}
    subjects = Counter(subject for _, subject, _ in rows)
    wrong = [f"key {key} was acknowledged and is not in the record" for key in sent - used.unanswered - found]
    wrong += [f"key {key} is in the record and was never sent" for key in found - sent]
    wrong += [f"key {key} has no transaction" for key, _, transaction in rows if transaction is None]
    wrong += [f"transaction {subject} has {count} keys" for subject, count in subjects.items() if count > 1]
    return wrong


def replays(samples: Iterable[Sample], ask: Callable[[Sample], tuple[int, str, str]]) -> list[str]:
    """A key that is sent again gets the first answer, byte for byte. `ask` gives status, replay mark and body."""
    wrong = []
    for sample in samples:
        status, mark, body = ask(sample)
        if status != 201 or mark != "true":
            wrong.append(f"key {sample.key} was answered {status}, marked {mark!r}, when it was sent again")
        elif body != sample.answer:
            wrong.append(f"key {sample.key} was answered otherwise when it was sent again")
    return wrong


def ask_again(base_url: str, credential: str) -> Callable[[Sample], tuple[int, str, str]]:
    name, _, value = credential.partition(": ")

    def ask(sample: Sample) -> tuple[int, str, str]:
        headers = {name: value, "Content-Type": "application/json", "Idempotency-Key": sample.key}
        request = urllib.request.Request(  # noqa: S310 - an address of ours or of the caller's
            f"{base_url}/api/v1/transactions", data=sample.body.encode(), headers=headers
        )
        try:
            with loopback.open(request, timeout=30) as answer:
                return answer.status, answer.headers.get("Idempotent-Replayed", ""), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, "", error.read().decode()

    return ask


def features(account_ids: Sequence[str], key_prefix: str) -> list[str]:
    """Snapshots equal the features that an independent reading of the definitions finds in the ledger's rows.

    Only payments whose keys begin so: history that was loaded in bulk brings no snapshots of its own.
    """
    wrong = []
    for account_id in account_ids:
        decided = _decided(account_id, key_prefix)
        for row, expected in islice(rows_with_features(escaped(account_id)), FEATURE_ROWS_MAX):
            if row.id in decided:
                wrong += _differences(row.id, unpack(bytes(row.snapshot)), expected)
    return wrong


def features_of_busy_account(account_id: str) -> list[str]:
    """Counts and sums only, for an account with too many payments for the slow reading."""
    wrong, latest_seconds = [], -math.inf
    tallies = {name: _Tally(*window) for name, window in _WINDOWS.items()}
    for transaction_id, snapshot, occurred_at_seconds, amount_minor in _payments_out(account_id):
        lag_seconds = latest_seconds - occurred_at_seconds
        at_seconds = latest_seconds if 0 < lag_seconds <= _SKEW_SECONDS else occurred_at_seconds
        if lag_seconds <= _SKEW_SECONDS:  # what is backdated is described by another way
            expected = {key: value for name, tally in tallies.items() for key, value in tally.at(name, at_seconds)}
            wrong += _differences(transaction_id, unpack(bytes(snapshot)), expected)
        for tally in tallies.values():
            tally.add(at_seconds, amount_minor)
        latest_seconds = max(latest_seconds, at_seconds)
    return wrong


def merchants(key_prefix: str) -> list[str]:
    """What Redis counts for some merchants equals their payments in the record: none was lost or counted twice.

    Only payments whose keys begin so, and of live clients; whatever else the merchants had must not be in Redis.
    """
    with redis_from_services() as redis:
        marker = marker_current(redis)
        if marker is None or not marker.is_ready:
            return ["Redis has no complete history of cards, devices, IP addresses and merchants"]
        return [
            words for name in _busy_merchants(key_prefix) for words in _of_merchant(redis, marker, name, key_prefix)
        ]


def _busy_merchants(key_prefix: str) -> list[str]:
    rows = _rows(
        f"SELECT t.merchant_id FROM {_DECIDED} AND t.merchant_id IS NOT NULL"  # noqa: S608
        " GROUP BY 1 ORDER BY count(*) DESC LIMIT %s",
        [_like(key_prefix), MERCHANTS],
    )
    return [name for (name,) in rows]


def _of_merchant(redis: Any, marker: Marker, name: str, key_prefix: str) -> list[str]:
    key = entity_key(marker.generation, entity_digest(EntityKind.MERCHANT, name, True))
    state, _ = EntityState.read(redis.get(key))
    since = window_starts(state.latest_seconds)[-1]
    ((payments, total_minor),) = _rows(
        f"SELECT count(*), coalesce(sum(t.amount_minor), 0)::bigint FROM {_DECIDED} AND t.merchant_id = %s"  # noqa: S608
        " AND t.occurred_at >= to_timestamp(%s)",
        [_like(key_prefix), name, since],
    )
    first = bisect_left(state.moments, since)
    told = (("payments", sum(state.payments[first:]), payments), ("sum", sum(state.totals[first:]), total_minor))
    return [
        f"merchant {name}: {words} in Redis is {counted}, in the record {recorded}"
        for words, counted, recorded in told
        if counted != recorded
    ]


_DECIDED = (
    "ledger_transaction t JOIN ledger_idempotencykey k ON k.subject_id = t.id"
    " WHERE k.key LIKE %s AND t.livemode AND t.transaction_type <> 'top_up'"
)


# The definitions of docs/features.md, spelt out once more: seconds of a bucket, and how many.
_WINDOWS = {"1h": (60, 60), "24h": (900, 96), "7d": (3600, 168)}
_SKEW_SECONDS = 300


class _Tally:
    """Payments of a window in buckets."""

    def __init__(self, bucket_seconds: int, buckets: int) -> None:
        self._bucket_seconds, self._reach = bucket_seconds, buckets
        self._counted: dict[int, list[int]] = {}

    def add(self, at_seconds: float, amount_minor: int) -> None:
        sums = self._counted.setdefault(int(at_seconds // self._bucket_seconds), [0, 0])
        sums[0] += 1
        sums[1] += amount_minor

    def at(self, name: str, at_seconds: float) -> Iterator[tuple[str, int]]:
        last = int(at_seconds // self._bucket_seconds)
        found = [self._counted.get(bucket, (0, 0)) for bucket in range(last - self._reach + 1, last + 1)]
        yield f"payments_{name}", sum(count for count, _ in found)
        yield f"amount_{name}", sum(total for _, total in found)


def _payments_out(account_id: str) -> list[Any]:
    return _rows(
        "SELECT t.id, d.snapshot, extract(epoch FROM t.occurred_at)::float8, t.amount_minor FROM ledger_transaction t"
        " JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id"
        " WHERE t.account_id = %s AND t.transaction_type <> 'top_up' ORDER BY t.seq LIMIT %s",
        [account_id, HOT_ROWS_MAX],
    )


def _decided(account_id: str, key_prefix: str) -> set[Any]:
    rows = _rows(
        "SELECT t.id FROM ledger_transaction t JOIN ledger_idempotencykey k ON k.subject_id = t.id"
        " WHERE t.account_id = %s AND k.key LIKE %s",
        [account_id, _like(key_prefix)],
    )
    return {transaction_id for (transaction_id,) in rows}


def _differences(transaction_id: Any, stored: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    return [
        f"{transaction_id}: {name} was {stored[name]} when it was decided, and is {value} by the record"
        for name, value in expected.items()
        if name in stored and not _are_equal(stored[name], value)
    ]


def _are_equal(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def _rows(statement: str, values: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _like(prefix: str) -> str:
    return f"{escaped(prefix)}%"


def escaped(text: str) -> str:
    """Without meaning for LIKE."""
    return text.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
