"""What a value of the feature snapshot would be for an ordinary payment of the account, by the snapshot alone."""

from collections.abc import Callable, Mapping

from scoring.domain.forest_inputs import BUSY_HOURS
from sentinel.core.catalogue import Value

Values = Mapping[str, Value]

# What a reason of the model speaks of, by the end of its code.
FIELDS_OF_REASON: Mapping[str, tuple[str, ...]] = {
    "amount_vs_history": ("amount",),
    "velocity": ("payments_1h", "payments_24h", "amount_24h"),
    "merchant": ("merchant_is_new",),
    "merchant_fraud": ("frauds_of_merchant_30d",),
    "time_of_day": ("hour",),
    "travel": ("distance_km", "speed_kmh"),
    "card_and_device": ("card_is_new", "device_is_new", "ip_is_new", "counterparty_is_new"),
    "account": ("confirmed_frauds_of_account_90d",),
}
FIELDS_OF_SCORE = ("fraud_probability", "score_percentile")
# Flags that are not set for an ordinary payment.
_SURPRISES = frozenset(
    f"{what}_is_new" for what in ("merchant", "card", "device", "ip", "counterparty", "country")
) | {"is_night"}
_DAYS = {"1h": 1 / BUSY_HOURS, "24h": 1.0, "7d": 7.0, "30d": 30.0}


def fields_of_reason(code: str, kind: str) -> tuple[str, ...]:
    if kind == "policy":
        return FIELDS_OF_SCORE
    return FIELDS_OF_REASON.get(code.removeprefix("model."), ()) if kind == "model" else ()


def usual_value(name: str, values: Values) -> Value:
    """In the unit of the field; None where nothing is usual, or the account has no history."""
    if name in _SURPRISES:
        return False
    usual = _USUAL.get(name)
    return usual(values) if usual else None


def _payments_in(window: str) -> Callable[[Values], Value]:
    def expect(values: Values) -> Value:
        payments, days = values.get("payments_30d"), values.get("history_days")
        if not isinstance(payments, int) or not isinstance(days, float):
            return None
        return round(payments / min(max(days, 1.0), 30.0) * _DAYS[window], 1)

    return expect


def _amount_in(window: str) -> Callable[[Values], Value]:
    payments_in = _payments_in(window)

    def expect(values: Values) -> Value:
        payments, amount_minor = payments_in(values), values.get("usual_amount_30d")
        if not isinstance(payments, float) or not isinstance(amount_minor, int):
            return None
        return round(payments * amount_minor)

    return expect


def _field(name: str) -> Callable[[Values], Value]:
    return lambda values: values.get(name)


_USUAL: Mapping[str, Callable[[Values], Value]] = {
    "amount": _field("usual_amount_30d"),
    "amount_vs_usual_30d": lambda values: 1.0,
    "amount_deviation_30d": lambda values: 0.0,
    "location_country": _field("home_country"),
    "merchant_country": _field("home_country"),
    **{f"payments_{window}": _payments_in(window) for window in ("1h", "24h", "7d")},
    **{f"amount_{window}": _amount_in(window) for window in ("1h", "24h", "7d")},
}
