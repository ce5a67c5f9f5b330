"""What an address asks: ?period=7d or ?from=2026-01-01&to=2026-01-31, &currency=INR&only=channel:pos&mode=test."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from dashboard.domain.periods import DEFAULT, Period, PeriodError, period_named, period_of_days
from dashboard.selectors.rolled import NARROWING, Filters
from sentinel.core.money import EXPONENTS

MODES = {"live": True, "test": False}
_KEY_LENGTH_MAX = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """`errors` by the field that cannot be used; the default stands in its place."""

    period: Period
    filters: Filters
    errors: dict[str, str]

    @property
    def narrowing(self) -> str:
        """What follows the period in an address, with its &; empty when nothing is narrowed."""
        told = {"currency": self.filters.currency, "only": self.only, "mode": "" if self.filters.livemode else "test"}
        chosen = {name: value for name, value in told.items() if value}
        return f"&{urlencode(chosen)}" if chosen else ""

    @property
    def widened(self) -> "Asked":
        """Of all channels, countries and categories."""
        return replace(self, filters=Filters(self.filters.currency, self.filters.livemode))

    @property
    def only(self) -> str:
        return f"{self.filters.topic}:{self.filters.key}" if self.filters.is_narrowed else ""


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
    mode = parameters.get("mode") or "live"
    if mode not in MODES:
        errors["mode"] = f"{mode!r} is neither live nor test."
    filters = Filters(currency, MODES.get(mode, True), *_only(parameters.get("only", ""), errors))
    return Asked(period, filters, errors)


def _only(text: str, errors: dict[str, str]) -> tuple[str, ...]:
    """Topic and key; nothing when nothing is asked for. An empty key is a payment that did not tell."""
    if not text:
        return ()
    topic, colon, key = text.partition(":")
    if topic in NARROWING and colon and len(key) <= _KEY_LENGTH_MAX and "\0" not in key:
        return topic, key
    errors["only"] = (
        f"{text[:_KEY_LENGTH_MAX]!r} is nothing to narrow to: {', '.join(NARROWING)}, a colon, and which."
    )
    return ()


def _period(parameters: Mapping[str, str], now: datetime) -> Period:
    if "from" in parameters or "to" in parameters:
        return period_of_days(parameters.get("from", ""), parameters.get("to", ""))
    return period_named(parameters.get("period", DEFAULT), now)
