"""The features of a payment computed from the ledger's rows alone, by the definitions of the catalogue, spelt out.

Nothing here is shared with the online code: a second, slow reading of the same definitions.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

SKEW_SECONDS = 300
_WINDOWS = {"1h": (60, 60), "24h": (900, 96), "7d": (3600, 168), "30d": (21_600, 120)}

_ROWS = """
SELECT t.id, t.account_id, t.seq, t.occurred_at, t.amount_minor, t.merchant_id, t.transaction_type, d.snapshot,
       p.latitude, p.longitude, a.home_zone, a.opened_at
FROM ledger_transaction t
JOIN ledger_decision d ON d.transaction_id = t.id
JOIN ledger_personaldetail p ON p.transaction_id = t.id
JOIN ledger_account a ON a.id = t.account_id
WHERE t.account_id LIKE %s ORDER BY t.account_id, t.seq
"""


@dataclass
class Row:
    id: Any
    account_id: str
    seq: int
    occurred_at: Any
    amount_minor: int
    merchant_id: str | None
    transaction_type: str
    snapshot: bytes
    latitude: float | None
    longitude: float | None
    home_zone: str
    opened_at: Any
    at_seconds: float = 0.0


def rows_with_features(account_prefix: str) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Every payment of the accounts whose ids begin so, with its features."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [f"{account_prefix}%"])
        rows = [Row(*row) for row in cursor.fetchall()]
    past: list[Row] = []
    for row in rows:
        if past and past[0].account_id != row.account_id:
            past = []
        row.at_seconds = row.occurred_at.timestamp()
        latest = max((earlier.at_seconds for earlier in past), default=None)
        if latest is not None and 0 < latest - row.at_seconds <= SKEW_SECONDS:
            row.at_seconds = latest
        seen = [earlier for earlier in past if earlier.at_seconds <= row.at_seconds]
        yield row, _features(row, seen)
        if row.transaction_type != "top_up":
            past.append(row)


def _features(row: Row, past: list[Row]) -> dict[str, Any]:
    local = row.occurred_at.astimezone(ZoneInfo(row.home_zone))
    found: dict[str, Any] = {
        "amount": row.amount_minor,
        "hour": local.hour,
        "weekday": local.isoweekday(),
        "is_night": local.hour >= 23 or local.hour < 6,
        "account_age_days": max(0.0, (row.occurred_at - row.opened_at).total_seconds() / 86_400),
        "seconds_since_last": row.at_seconds - max(p.at_seconds for p in past) if past else None,
    }
    for name, (bucket_seconds, buckets) in _WINDOWS.items():
        current = int(row.at_seconds // bucket_seconds)
        inside = [p for p in past if current - buckets < int(p.at_seconds // bucket_seconds) <= current]
        found[f"payments_{name}"] = len(inside)
        found[f"amount_{name}"] = sum(p.amount_minor for p in inside)
        found[f"merchants_{name}"] = len({p.merchant_id for p in inside if p.merchant_id})
    starts = [int(p.at_seconds // 21_600) * 21_600 for p in past if _in_month(p, row)]
    found["history_days"] = (row.at_seconds - min(starts)) / 86_400 if starts else None
    month = [p.amount_minor for p in past if _in_month(p, row)]
    mean = sum(month) / len(month) if month else None
    found["usual_amount_30d"] = math.floor(mean + 0.5) if mean is not None else None
    found["amount_vs_usual_30d"] = row.amount_minor / mean if mean else None
    found["amount_deviation_30d"] = _deviation(row.amount_minor, month)
    if row.merchant_id is not None:
        recent = {p.merchant_id for p in past if p.at_seconds >= row.at_seconds - 90 * 86_400}
        found["merchant_is_new"] = row.merchant_id not in recent
    return found | _travel(row, past)


def _in_month(payment: Row, row: Row) -> bool:
    bucket_seconds, buckets = _WINDOWS["30d"]
    return int(row.at_seconds // bucket_seconds) - buckets < int(payment.at_seconds // bucket_seconds)


def _deviation(amount: int, month: list[int]) -> float | None:
    if len(set(month)) < 2:
        return None
    mean = math.fsum(month) / len(month)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in month) / (len(month) - 1))
    return (amount - mean) / spread


def _travel(row: Row, past: list[Row]) -> dict[str, Any]:
    located = [p for p in past if p.latitude is not None]
    if row.latitude is None or not located:
        return {"distance_km": None, "speed_kmh": None}
    last = max(located, key=lambda p: (p.at_seconds, p.seq))
    seconds = row.at_seconds - last.at_seconds
    if seconds > 30 * 86_400:
        return {"distance_km": None, "speed_kmh": None}
    distance = _distance_km(last, row)
    return {"distance_km": distance, "speed_kmh": distance * 3600 / max(seconds, 60)}


def _distance_km(a: Row, b: Row) -> float:
    """By the angle between two vectors, not by haversines."""
    one, two = _vector(a), _vector(b)
    cross = math.hypot(
        one[1] * two[2] - one[2] * two[1], one[2] * two[0] - one[0] * two[2], one[0] * two[1] - one[1] * two[0]
    )
    return 6371.0088 * math.atan2(cross, sum(x * y for x, y in zip(one, two, strict=True)))


def _vector(row: Row) -> tuple[float, float, float]:
    latitude, longitude = math.radians(row.latitude or 0), math.radians(row.longitude or 0)
    return (
        math.cos(latitude) * math.cos(longitude),
        math.cos(latitude) * math.sin(longitude),
        math.sin(latitude),
    )
