"""Snapshots of one named payment, for tests that change a field or two."""

from sentinel.core.catalogue import FIELDS, Value, pack

ORDINARY: dict[str, Value] = {
    "amount": 50_00,
    "currency": "INR",
    "transaction_type": "purchase",
    "channel": "pos",
    "home_country": "IN",
    "account_risk": "normal",
    "account_age_days": 365.0,
    "hour": 12,
    "weekday": 3,
    "is_night": False,
    "payments_1h": 0,
    "payments_24h": 1,
    "payments_7d": 7,
    "amount_1h": 0,
    "amount_24h": 50_00,
    "amount_7d": 350_00,
    "merchants_1h": 0,
    "merchants_24h": 1,
    "merchants_7d": 5,
    "payments_30d": 30,
    "history_days": 30.0,
    "usual_amount_30d": 50_00,
    "amount_vs_usual_30d": 1.0,
    "amount_deviation_30d": 0.0,
    "seconds_since_last": 40_000.0,
    "merchant_is_new": False,
}


def snapshot(**changes: Value) -> bytes:
    values = {**ORDINARY, **changes}
    return pack(tuple(values.get(field.name) for field in FIELDS))


def large_payment(times: float, **changes: Value) -> bytes:
    """A payment of so many times the account's usual amount."""
    changed = {"amount": round(50_00 * times), "amount_vs_usual_30d": times, "amount_deviation_30d": times - 1}
    return snapshot(**{**changed, **changes})
