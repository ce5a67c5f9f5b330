"""Money of one currency told in another. Pure."""

from ledger.domain.cases import MICRO
from sentinel.core.money import exponent


def converted_minor(amount_minor: int, currency: str, rate_micro: int, reporting_currency: str) -> int:
    """Minor units of the reporting currency, half away from zero, at so many of its millionths for one unit."""
    scaled = abs(amount_minor) * rate_micro * 10 ** exponent(reporting_currency)
    unit = MICRO * 10 ** exponent(currency)
    converted: int = (2 * scaled + unit) // (2 * unit)
    return converted if amount_minor >= 0 else -converted
