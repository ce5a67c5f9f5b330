"""What money is worth in the reporting currency, by the rates that operators set."""

from datetime import date

from django.conf import settings

from ledger.domain.cases import MICRO
from ledger.domain.rates import converted_minor
from ledger.models import ReportingRate


def rates_micro(on: date) -> dict[str, int]:
    """Millionths of the reporting currency for one unit of each currency whose rate is known on that day."""
    known = ReportingRate.objects.filter(reporting_currency=settings.REPORTING_CURRENCY, from_day__lte=on)
    newest = known.order_by("currency", "-from_day", "-id").distinct("currency")
    return {settings.REPORTING_CURRENCY: MICRO, **dict(newest.values_list("currency", "rate_micro"))}


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
    return None if rate is None else converted_minor(amount_minor, currency, rate, settings.REPORTING_CURRENCY)
