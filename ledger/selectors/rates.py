"""What money is worth in the reporting currency, by the rates that operators set."""

from datetime import date

from django.conf import settings

from ledger.domain.cases import MICRO
from ledger.models import ReportingRate
from sentinel.core.money import exponent


def rate_micro(currency: str, on: date) -> int | None:
    """Millionths of the reporting currency for one unit on that day; None when nobody has said."""
    if currency == settings.REPORTING_CURRENCY:
        return MICRO
    known = ReportingRate.objects.filter(
        reporting_currency=settings.REPORTING_CURRENCY, currency=currency, from_day__lte=on
    )
    newest = known.order_by("-from_day", "-id").first()
    return int(newest.rate_micro) if newest else None


def reporting_minor(amount_minor: int, currency: str, on: date) -> int | None:
    """Minor units of the reporting currency, half away from zero; None without a rate: never sum such amounts."""
    rate = rate_micro(currency, on)
    if rate is None:
        return None
    scaled = abs(amount_minor) * rate * 10 ** exponent(settings.REPORTING_CURRENCY)
    unit = MICRO * 10 ** exponent(currency)
    converted: int = (2 * scaled + unit) // (2 * unit)
    return converted if amount_minor >= 0 else -converted
