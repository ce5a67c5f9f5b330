"""Every field of the catalogue that is known before the model scores, for one payment."""

from datetime import timedelta
from math import sqrt

from ledger.domain.payments import AccountProfile, PaymentRequest
from scoring.domain.history import DAY, HOUR, MONTH, PLACE_MEMORY_SECONDS, WEEK, AccountHistory, Tally
from sentinel.core.catalogue import FIELDS, Value, Values
from sentinel.core.geo import distance_km, speed_kmh

NIGHT_HOURS = frozenset({23, 0, 1, 2, 3, 4, 5})


def describe(request: PaymentRequest, profile: AccountProfile, history: AccountHistory) -> Values:
    """The values of FIELDS in their order; score fields and whatever is not known are None.

    `history` is the account's state before this payment and is not changed.
    """
    known: dict[str, Value] = {
        **_payment_fields(request),
        **_account_fields(request, profile),
        **_time_fields(request, profile),
        **_velocity_fields(request, history),
        **_history_fields(request, history),
        **_travel_fields(request, history),
    }
    return tuple(known.get(field.name) for field in FIELDS)


def _payment_fields(request: PaymentRequest) -> dict[str, Value]:
    return {
        "amount": request.amount_minor,
        "currency": request.currency,
        "transaction_type": request.transaction_type.value,
        "channel": request.channel,
        "merchant_id": request.merchant_id,
        "merchant_name": request.merchant_name,
        "merchant_category": request.merchant_category,
        "merchant_country": request.merchant_country,
        "card_bin": request.card_bin,
        "card_token": request.card_token,
        "device_id": request.device_id,
        "ip_address": request.ip_address,
        "location_country": request.location_country,
        "location_city": request.location_city,
        "counterparty_account_id": request.counterparty_account_id,
        "account_id": request.account_id,
    }


def _account_fields(request: PaymentRequest, profile: AccountProfile) -> dict[str, Value]:
    return {
        "home_country": profile.home_country,
        "account_risk": profile.risk,
        "account_age_days": max(0.0, (request.occurred_at - profile.opened_at) / timedelta(days=1)),
    }


def _time_fields(request: PaymentRequest, profile: AccountProfile) -> dict[str, Value]:
    local = profile.local_time(request.occurred_at)
    return {"hour": local.hour, "weekday": local.isoweekday(), "is_night": local.hour in NIGHT_HOURS}


def _velocity_fields(request: PaymentRequest, history: AccountHistory) -> dict[str, Value]:
    at_seconds = history.effective_seconds(request.occurred_at.timestamp())
    known: dict[str, Value] = {}
    for window, name in ((HOUR, "1h"), (DAY, "24h"), (WEEK, "7d")):
        tally = history.tally(window, at_seconds)
        known[f"payments_{name}"] = tally.count
        known[f"amount_{name}"] = tally.total_minor
        known[f"merchants_{name}"] = history.merchants_seen(window, at_seconds)
    return known


def _history_fields(request: PaymentRequest, history: AccountHistory) -> dict[str, Value]:
    at_seconds = history.effective_seconds(request.occurred_at.timestamp())
    month = history.tally(MONTH, at_seconds)
    latest = history.latest_seconds
    merchant_id = request.merchant_id
    return {
        "payments_30d": month.count,
        "history_days": history.reach_days(MONTH, at_seconds),
        "usual_amount_30d": _mean_minor(month),
        "amount_vs_usual_30d": request.amount_minor * month.count / month.total_minor if month.count else None,
        "amount_deviation_30d": _deviation(request.amount_minor, month),
        "seconds_since_last": None if latest is None else at_seconds - latest,
        "merchant_is_new": None if merchant_id is None else not history.knows_merchant(merchant_id, at_seconds),
    }


def _travel_fields(request: PaymentRequest, history: AccountHistory) -> dict[str, Value]:
    if request.latitude is None or request.longitude is None or history.place is None:
        return {}
    latitude, longitude, since = history.place
    seconds = history.effective_seconds(request.occurred_at.timestamp()) - since
    if seconds > PLACE_MEMORY_SECONDS:
        return {}
    distance = distance_km(latitude, longitude, request.latitude, request.longitude)
    return {"distance_km": distance, "speed_kmh": speed_kmh(distance, seconds)}


def _mean_minor(tally: Tally) -> int | None:
    """The mean in whole minor units, halves rounded up."""
    return (2 * tally.total_minor + tally.count) // (2 * tally.count) if tally.count else None


def _deviation(amount_minor: int, tally: Tally) -> float | None:
    """Distance from the mean in sample standard deviations; integers until the last step, so nothing cancels."""
    n = tally.count
    spread = n * tally.total_squares - tally.total_minor**2
    if n < 2 or spread == 0:
        return None
    return (amount_minor - tally.total_minor / n) / sqrt(spread / (n * (n - 1)))
