"""What an address asks for: ?period=7d, or ?from=2026-01-01&to=2026-01-31, and ?currency=INR."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.domain.periods import DEFAULT, Period, PeriodError, period_named, period_of_days
from dashboard.selectors.rolled import Filters
from sentinel.core.money import EXPONENTS


@dataclass(frozen=True, slots=True)
class Asked:
    """`errors` by the field that cannot be used; the default stands in its place."""

    period: Period
    filters: Filters
    errors: dict[str, str]


def asked(parameters: Mapping[str, str], *, now: datetime) -> Asked:
    errors: dict[str, str] = {}
    try:
        period = _period(parameters, now)
    except PeriodError as error:
        errors[error.field] = str(error)
        period = period_named(DEFAULT, now)
    currency = parameters.get("currency", "")
    if currency and currency not in EXPONENTS:
        errors["currency"] = f"{currency!r} is not an ISO 4217 currency code in use."
        currency = ""
    return Asked(period, Filters(currency), errors)


def _period(parameters: Mapping[str, str], now: datetime) -> Period:
    if "from" in parameters or "to" in parameters:
        return period_of_days(parameters.get("from", ""), parameters.get("to", ""))
    return period_named(parameters.get("period", DEFAULT), now)
