"""The features of a payment computed from the ledger's rows alone, by the definitions of the catalogue, spelt out.

Nothing here is shared with the online code: a second, slow reading of the same definitions.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from sentinel.core.catalogue import unpack

SKEW_SECONDS = 300
_WINDOWS = {"1m": (5, 12), "10m": (60, 10), "1h": (60, 60), "24h": (900, 96), "7d": (3600, 168), "30d": (21_600, 120)}
_COMPANY = {
    "device": ("device_id", "devices_24h"),
    "ip": ("ip_address", "ip_addresses_24h"),
    "card": ("card_token", "cards_24h"),
    "country": ("location_country", "countries_24h"),
    "counterparty": ("counterparty_account_id", "counterparties_24h"),
}
_NEW_AFTER_SECONDS = 90 * 86_400
_DAY = 86_400

_ROWS = """
SELECT t.id, t.account_id, t.seq, t.occurred_at, t.amount_minor, t.merchant_id, t.transaction_type, d.snapshot,
       p.latitude, p.longitude, a.home_zone, a.opened_at, t.currency, t.livemode, p.card_token, p.device_id,
       p.ip_address, t.location_country, t.counterparty_account_id, t.recorded_at
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
    currency: str
    livemode: bool
    card_token: str | None
    device_id: str | None
    ip_address: str | None
    location_country: str | None
    counterparty_account_id: str | None
    recorded_at: Any
    at_seconds: float = 0.0
    is_high: bool = False  # for its account at its time


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
        row.is_high = _is_high(row, seen, latest)
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
        amounts = [p.amount_minor for p in inside]
        found[f"payments_{name}"] = len(inside)
        found[f"amount_{name}"] = sum(amounts)
        found[f"amount_average_{name}"] = math.floor(sum(amounts) / len(amounts) + 0.5) if amounts else None
        found[f"amount_max_{name}"] = max(amounts, default=None)
        found[f"merchants_{name}"] = len({p.merchant_id for p in inside if p.merchant_id})
        for column, field in _COMPANY.values():
            if field.endswith(f"_{name}"):
                found[field] = len({getattr(p, column) for p in inside} - {None})
    for name, (column, _) in _COMPANY.items():
        own = getattr(row, column)
        lately = {getattr(p, column) for p in past if p.at_seconds >= row.at_seconds - _NEW_AFTER_SECONDS}
        found[f"{name}_is_new"] = None if own is None else own not in lately
    for name, (bucket_seconds, buckets) in _HIGH_WINDOWS.items():
        first = int(row.at_seconds // bucket_seconds) - buckets + 1
        high = [p for p in past if p.is_high and int(p.at_seconds // bucket_seconds) >= first]
        found[f"high_payments_{name}"] = len(high)
    largest = found["amount_max_30d"]
    found["amount_vs_largest_30d"] = row.amount_minor / largest if largest else None
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


def _is_high(row: Row, past: list[Row], latest: float | None) -> bool:
    if latest is not None and row.at_seconds < latest:  # backdated
        return False
    month = [p.amount_minor for p in past if _in_month(p, row)]
    return len(month) >= 3 and row.amount_minor * len(month) > 3 * sum(month)


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


# -- what the whole bank knows of cards, devices, IP addresses and merchants

_ENTITIES = {"card": "card_token", "device": "device_id", "ip": "ip_address", "merchant": "merchant_id"}
_ENTITY_WINDOWS = {"1m": (5, 12), "1h": (300, 12), "24h": (3600, 24), "30d": (_DAY, 30)}
_ENTITY_DISTINCT = {
    "card": {"merchants": "merchant_id", "accounts": "account_id"},
    "device": {"accounts": "account_id", "cards": "card_token"},
    "ip": {"accounts": "account_id", "cards": "card_token"},
    "merchant": {"accounts": "account_id", "cards": "card_token"},
}
_ENTITY_LAG_SECONDS = 900
_ENTITY_MEMORY_SECONDS = 30 * _DAY
_LABELS = """
SELECT transaction_id, is_fraud, CASE WHEN own_clock THEN observed_at ELSE greatest(observed_at, recorded_at) END,
       recorded_at
FROM ledger_label
"""
_HIGH_WINDOWS = {"24h": (900, 96), "7d": (3600, 168), "14d": (21_600, 56)}


def rows_with_entity_features(account_prefix: str) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Every payment of the accounts whose ids begin so, in recorded order, with the features of its entities.

    As if these accounts were the whole bank: nobody else may use their cards, devices, addresses and merchants.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [f"{account_prefix}%"])
        rows = sorted((Row(*row) for row in cursor.fetchall()), key=lambda row: row.id)
        cursor.execute(_LABELS)
        labels = cursor.fetchall()
    past: defaultdict[tuple[str, bool, str], list[Row]] = defaultdict(list)
    for row in rows:
        row.at_seconds = int(row.occurred_at.timestamp())
        yield row, _entity_features(row, past, labels)
        for column in ("account_id", *_ENTITIES.values()) if row.transaction_type != "top_up" else ():
            past[column, row.livemode, getattr(row, column)].append(row)


def _entity_features(row: Row, past: Mapping[tuple[str, bool, str], list[Row]], labels: list[Any]) -> dict[str, Any]:
    own = past["account_id", row.livemode, row.account_id]
    found: dict[str, Any] = {"confirmed_frauds_of_account_90d": len(_frauds(row, own, labels, row.at_seconds))}
    for kind, column in _ENTITIES.items():
        name = getattr(row, column)
        if name is None:
            found |= {f"{kind}_payments_1h": None, f"{kind}_age_days": None}
        else:
            found |= _of_one_entity(kind, row, past[column, row.livemode, name], labels)
    average = found.get("merchant_amount_average_30d")
    found["amount_vs_merchant_average_30d"] = row.amount_minor / average if average else None
    return found


def _of_one_entity(kind: str, row: Row, seen: list[Row], labels: list[Any]) -> dict[str, Any]:
    latest = max((p.at_seconds for p in seen), default=0)
    if row.at_seconds < latest - _ENTITY_LAG_SECONDS:
        return {f"{kind}_payments_1h": None, f"{kind}_age_days": None, f"confirmed_frauds_of_{kind}_90d": None}
    at = max(row.at_seconds, latest)
    found: dict[str, Any] = {}
    for name, (bucket_seconds, buckets) in _ENTITY_WINDOWS.items():
        since = (int(at // bucket_seconds) - buckets + 1) * bucket_seconds
        inside = [p for p in seen if p.at_seconds >= since]
        amounts = [p.amount_minor for p in inside if p.currency == row.currency]
        found[f"{kind}_payments_{name}"] = len(inside)
        found[f"{kind}_amount_{name}"] = sum(amounts)
        found[f"{kind}_amount_average_{name}"] = math.floor(sum(amounts) / len(amounts) + 0.5) if amounts else None
        found[f"{kind}_amount_max_{name}"] = max(amounts, default=None)
        for what, whose in _ENTITY_DISTINCT[kind].items():
            found[f"{kind}_{what}_{name}"] = len({getattr(p, whose) for p in inside} - {None})
    found[f"{kind}_age_days"] = min(at - _first_seen(at, seen), _ENTITY_MEMORY_SECONDS) / _DAY
    found[f"confirmed_frauds_of_{kind}_90d"] = len(_frauds(row, seen, labels, at))
    if kind == "merchant":
        found |= _known_fraud(row, seen, labels, at)
    return found


def _known_fraud(row: Row, seen: list[Row], labels: list[Any], at: float) -> dict[str, Any]:
    """What is known of fraud at the merchant."""
    known = _frauds(row, seen, labels, at)
    payments = {p.id: p for p in seen}
    frauds = [(payments[each], known_at) for each, known_at in known.items()]
    ordinary = [(p, known_at) for p, known_at in frauds if _is_ordinary(p)]
    today = at // _DAY * _DAY
    matured_before = (at // 21_600 - 28) * 21_600
    found: dict[str, Any] = {}
    for days in (7, 14, 30):
        found[f"frauds_of_merchant_{days}d"] = sum(known_at >= at - days * _DAY for _, known_at in frauds)
        found[f"ordinary_frauds_of_merchant_{days}d"] = sum(known_at >= at - days * _DAY for _, known_at in ordinary)
    last = max((p.at_seconds for p, _ in frauds), default=None)
    last_ordinary = max((p.at_seconds for p, _ in ordinary), default=None)
    run = [p.at_seconds for p, _ in ordinary if p.at_seconds >= at - 35 * _DAY]
    found["merchant_days_since_fraud"] = None if last is None else (at - last) / _DAY
    found["merchant_days_since_ordinary_fraud"] = None if last_ordinary is None else (at - last_ordinary) / _DAY
    found["merchant_fraud_run_days"] = (at - min(run)) / _DAY if run else None
    matured = [p for p in seen if today - 29 * _DAY <= p.at_seconds < matured_before]
    after = [p for p in matured if last is not None and p.at_seconds // _DAY > last // _DAY]
    found["merchant_payments_since_fraud"] = None if last is None else len(after)
    month = [p for p in seen if p.at_seconds >= today - 29 * _DAY]
    settled = [p for p in month if p.id in known or p.at_seconds < matured_before]
    found["merchant_fraud_rate_30d"] = _share(settled, known)
    last_days = sorted({p.at_seconds // _DAY for p in settled}, reverse=True)
    for name, count in (("last_day", 1), ("last_3_days", 3)):
        lately = [p for p in settled if p.at_seconds // _DAY in last_days[:count]]
        found[f"merchant_fraud_rate_{name}"] = _share(lately, known)
    return found


def _share(payments: list[Row], known: Mapping[Any, float]) -> float | None:
    return sum(p.id in known for p in payments) / len(payments) if payments else None


def _is_ordinary(payment: Row) -> bool:
    values: dict[str, Any] = dict(unpack(payment.snapshot))
    payments, times = values["payments_30d"], values["amount_vs_usual_30d"]
    return not (payments >= 3 and times is not None and times >= 2)


def _first_seen(at: float, seen: list[Row]) -> float:
    """Back from now, as long as no gap is longer than the memory."""
    first = at
    for moment in sorted((p.at_seconds for p in seen), reverse=True):
        if first - moment > _ENTITY_MEMORY_SECONDS:
            break
        first = moment
    return first


def _frauds(row: Row, seen: list[Row], labels: list[Any], at: float) -> dict[Any, float]:
    """The payments and since when it is known: by the last word on each that had been said when this one was
    recorded, and was known by its moment.
    """
    last_words: dict[Any, tuple[float, bool]] = {}
    own = {p.id for p in seen} if labels else set()
    for transaction_id, is_fraud, known_at, recorded_at in sorted(labels, key=lambda label: label[2]):
        if transaction_id in own and recorded_at <= row.recorded_at:
            last_words[transaction_id] = (math.ceil(known_at.timestamp()), is_fraud)
    return {
        each: known_at
        for each, (known_at, is_fraud) in last_words.items()
        if is_fraud and at - 90 * _DAY <= known_at <= at
    }
