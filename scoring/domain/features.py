"""Every field of the catalogue that is known before the model scores, for one payment."""

from datetime import timedelta
from math import sqrt

from ledger.domain.payments import AccountProfile, PaymentRequest
from scoring.domain.entities import Known, entity_values, merchant_fraud_values
from scoring.domain.history import PLACE_MEMORY_SECONDS, AccountHistory, Company
from scoring.domain.windows import DAY, MONTH, Tally
from sentinel.core.catalogue import Value, Values
from sentinel.core.emails import email_domain
from sentinel.core.geo import distance_km, speed_kmh

NIGHT_HOURS = frozenset({23, 0, 1, 2, 3, 4, 5})
_DAY = timedelta(days=1)


def describe(
    request: PaymentRequest,
    profile: AccountProfile,
    history: AccountHistory,
    known: Known | None = None,
) -> Values:
    """The values of FIELDS in their order; score fields and whatever is not known are None.

    `history` and `known` are the state before this payment and are not changed. Without `known` the fields of card,
    device, IP address, merchant and labels are missing.
    """
    return (
        *values_by_name(request, profile, history).values(),
        *entity_values(request, known),
        email_domain(request.metadata),
        request.user_agent,
        *history.high_payments(history.effective_seconds(request.occurred_at.timestamp())),
        *merchant_fraud_values(request, known),
    )


def values_by_name(request: PaymentRequest, profile: AccountProfile, history: AccountHistory) -> dict[str, Value]:
    """All up to the fields of entities.

    Written out in the order of the catalogue, which a test holds: looking every name up took most of the time.
    """
    at_seconds = history.effective_seconds(request.occurred_at.timestamp())
    local = profile.local_time(request.occurred_at)
    hour, day, week, month, minute = history.tallies(at_seconds)
    payments_10m, amount_10m = history.counts.tally_of_ten_minutes(at_seconds)
    merchants_1h, merchants_24h, merchants_7d, merchants_30d, _ = history.merchants_seen(at_seconds)
    devices, ip_addresses, cards, countries, counterparties = history.company_seen(DAY, at_seconds)
    largest = history.largest_minor(MONTH, at_seconds)
    latest, merchant_id = history.latest_seconds, request.merchant_id
    distance, speed = _travel(request, history, at_seconds)
    return {
        "amount": request.amount_minor,
        "currency": request.currency,
        "transaction_type": request.transaction_type.value,
        "channel": request.channel,
        "merchant_id": merchant_id,
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
        "home_country": profile.home_country,
        "account_risk": profile.risk,
        "account_age_days": max(0.0, (request.occurred_at - profile.opened_at) / _DAY),
        "hour": local.hour,
        "weekday": local.isoweekday(),
        "is_night": local.hour in NIGHT_HOURS,
        "payments_1h": hour.payments,
        "payments_24h": day.payments,
        "payments_7d": week.payments,
        "amount_1h": hour.total_minor,
        "amount_24h": day.total_minor,
        "amount_7d": week.total_minor,
        "merchants_1h": merchants_1h,
        "merchants_24h": merchants_24h,
        "merchants_7d": merchants_7d,
        "payments_30d": month.payments,
        "history_days": history.reach_days(MONTH, at_seconds),
        "usual_amount_30d": _mean_minor(month),
        "amount_vs_usual_30d": request.amount_minor * month.payments / month.total_minor if month.payments else None,
        "amount_deviation_30d": _deviation(request.amount_minor, month),
        "seconds_since_last": None if latest is None else at_seconds - latest,
        "merchant_is_new": None if merchant_id is None else not history.knows_merchant(merchant_id, at_seconds),
        "distance_km": distance,
        "speed_kmh": speed,
        "fraud_probability": None,
        "score_percentile": None,
        "payments_1m": minute.payments,
        "payments_10m": payments_10m,
        "amount_10m": amount_10m,
        "amount_30d": month.total_minor,
        "amount_average_24h": _mean_minor(day),
        "amount_average_7d": _mean_minor(week),
        "amount_max_24h": history.largest_minor(DAY, at_seconds),
        "amount_max_30d": largest,
        "amount_vs_largest_30d": request.amount_minor / largest if largest else None,
        "merchants_30d": merchants_30d,
        "devices_24h": devices,
        "ip_addresses_24h": ip_addresses,
        "cards_24h": cards,
        "countries_24h": countries,
        "counterparties_24h": counterparties,
        "device_is_new": _is_new(history, Company.DEVICE, request.device_id, at_seconds),
        "ip_is_new": _is_new(history, Company.IP_ADDRESS, request.ip_address, at_seconds),
        "card_is_new": _is_new(history, Company.CARD, request.card_token, at_seconds),
        "country_is_new": _is_new(history, Company.COUNTRY, request.location_country, at_seconds),
        "counterparty_is_new": _is_new(history, Company.COUNTERPARTY, request.counterparty_account_id, at_seconds),
    }


def _is_new(history: AccountHistory, kind: Company, name: str | None, at_seconds: float) -> bool | None:
    return None if name is None else not history.knows(kind, name, at_seconds)


def _travel(
    request: PaymentRequest, history: AccountHistory, at_seconds: float
) -> tuple[float, float] | tuple[None, None]:
    """Distance and speed from the place of the account's previous located payment."""
    if request.latitude is None or request.longitude is None or history.place is None:
        return None, None
    latitude, longitude, since = history.place
    seconds = at_seconds - since
    if seconds > PLACE_MEMORY_SECONDS:
        return None, None
    distance = distance_km(latitude, longitude, request.latitude, request.longitude)
    return distance, speed_kmh(distance, seconds)


def _mean_minor(tally: Tally) -> int | None:
    """The mean in whole minor units, halves rounded up."""
    return (2 * tally.total_minor + tally.payments) // (2 * tally.payments) if tally.payments else None


def _deviation(amount_minor: int, tally: Tally) -> float | None:
    """Distance from the mean in sample standard deviations; integers until the last step, so nothing cancels."""
    n = tally.payments
    spread = n * tally.total_squares - tally.total_minor**2
    if n < 2 or spread == 0:
        return None
    return (amount_minor - tally.total_minor / n) / sqrt(spread / (n * (n - 1)))
