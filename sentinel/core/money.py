"""Money as whole minor units of an ISO 4217 currency; on the wire a decimal string, never a float.

Source of the exponents: ISO 4217 list one. Currencies that are not here are refused.
"""

import re

# Largest amount of one payment. Below 2**53, so that a packed feature array (float64) holds it exactly.
MAX_AMOUNT_MINOR = 999_999_999_999_999

_TWO_DECIMALS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
""".split()
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND".split()

EXPONENTS: dict[str, int] = {
    **dict.fromkeys(_TWO_DECIMALS, 2),
    **dict.fromkeys(_NO_DECIMALS, 0),
    **dict.fromkeys(_THREE_DECIMALS, 3),
}

_AMOUNT = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,18}))?", re.ASCII)


class AmountError(ValueError):
    """An amount that cannot be read; `code` is stable, the message is for the person who sent it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def exponent(currency: str) -> int:
    """Number of decimals of a currency. Raises AmountError("unknown_currency")."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise AmountError("unknown_currency", f"{currency!r} is not an ISO 4217 currency code in use.") from None


def parse_amount(text: str, currency: str) -> int:
    """Minor units of a decimal string such as "5400.00". Accepts a sign; the caller decides what it allows.

    Errors: AmountError with code unknown_currency, not_an_amount, over_precise or too_large.
    """
    decimals = exponent(currency)
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise AmountError("not_an_amount", 'Write the amount as a decimal string, for example "5400.00".')
    sign, whole, fraction = match.groups(default="")
    if len(fraction) > decimals:
        raise AmountError("over_precise", f"{currency} has {decimals} decimals; got {len(fraction)}.")
    minor = int(whole + fraction.ljust(decimals, "0"))
    if minor > MAX_AMOUNT_MINOR:
        raise AmountError("too_large", f"The largest amount is {format_amount(MAX_AMOUNT_MINOR, currency)}.")
    return -minor if sign else minor


def format_amount(minor: int, currency: str) -> str:
    """The decimal string of minor units, with all decimals of the currency: 540000, "INR" -> "5400.00"."""
    decimals = exponent(currency)
    sign = "-" if minor < 0 else ""
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else sign + digits


def format_money(minor: int, currency: str) -> str:
    """Money as people read it: "5,000 INR", "5,000.50 INR"."""
    whole, _, fraction = format_amount(abs(minor), currency).partition(".")
    sign = "-" if minor < 0 else ""
    cents = f".{fraction}" if fraction.strip("0") else ""
    return f"{sign}{int(whole):,}{cents} {currency}"
