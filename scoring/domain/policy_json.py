"""A policy as it is stored and exchanged: thresholds, bands and limits; and what is wrong with it, in words.

{"review_percentile": 0.995, "degraded_review_above": {"INR": "5000.00"},
 "bands": [{"channels": ["ecommerce"], "currency": "INR", "amount_from": "20000.00", "review_percentile": 0.98}]}
"""

from collections.abc import Iterator
from typing import Any

from scoring.domain.policy import SCORE_WORDS, THRESHOLDS, Band, Policy, Thresholds, unreachable_bands
from sentinel.core.catalogue import CHANNELS
from sentinel.core.errors import FieldError
from sentinel.core.money import EXPONENTS, AmountError, parse_amount

BANDS_MAX = 50
LIMITS = "degraded_review_above"
_BAND_FIELDS = ("channels", "currency", "amount_from", "amount_below", *THRESHOLDS)


def policy_from(version: int, stored: dict[str, Any]) -> Policy:
    """The policy of stored thresholds, which were checked when they were saved."""
    return Policy(
        version=version,
        **{name: stored.get(name) for name in THRESHOLDS},
        degraded_review_above=tuple(sorted(stored.get(LIMITS, {}).items())),
        bands=tuple(_band(each) for each in stored.get("bands", ())),
    )


def policy_errors(told: Any) -> list[FieldError]:
    """What is wrong, each with its field; bands are counted from 1. Empty: it can be saved."""
    if not isinstance(told, dict):
        return [FieldError("policy", "not_an_object", "A policy is an object with thresholds.")]
    known = {*THRESHOLDS, LIMITS, "bands"}
    errors = [_unknown(name, known) for name in sorted(told.keys() - known)]
    errors += _threshold_errors(told, "")
    errors += _limit_errors(told.get(LIMITS, {}))
    errors += _bands_errors(told.get("bands", []))
    return errors or list(_order_errors(policy_from(0, told)))


def _band(stored: dict[str, Any]) -> Band:
    currency = stored.get("currency")
    first, below = stored.get("amount_from"), stored.get("amount_below")
    return Band(
        Thresholds(**{name: stored.get(name) for name in THRESHOLDS}),
        channels=tuple(stored.get("channels", ())),
        currency=currency,
        amount_from_minor=None if first is None else parse_amount(first, str(currency)),
        amount_below_minor=None if below is None else parse_amount(below, str(currency)),
    )


def _unknown(name: str, known: Any, where: str = "") -> FieldError:
    return FieldError(f"{where}{name}", "unknown_field", f"Known are: {', '.join(sorted(known))}.")


def _threshold_errors(told: dict[str, Any], where: str) -> Iterator[FieldError]:
    for name in THRESHOLDS:
        value = told.get(name)
        if value is not None and not (_is_number(value) and 0 <= value <= 1):
            yield FieldError(f"{where}{name}", "out_of_range", "A threshold is a number from 0.0 to 1.0.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _limit_errors(limits: Any) -> Iterator[FieldError]:
    if not isinstance(limits, dict):
        yield FieldError(LIMITS, "not_an_object", "Give one amount for each currency.")
        return
    for currency, amount in limits.items():
        yield from _amount_errors(amount, currency, f"{LIMITS}.{currency}")


def _amount_errors(amount: Any, currency: str, field: str) -> Iterator[FieldError]:
    if not isinstance(amount, str):
        yield FieldError(field, "not_an_amount", 'Write the amount in quotation marks, for example "5400.00".')
        return
    try:
        if parse_amount(amount, currency) < 0:
            yield FieldError(field, "out_of_range", "An amount is not negative.")
    except AmountError as error:
        yield FieldError(field, error.code, str(error))


def _bands_errors(bands: Any) -> Iterator[FieldError]:
    if not isinstance(bands, list) or not all(isinstance(band, dict) for band in bands):
        yield FieldError("bands", "not_a_list", "Bands are a list of objects.")
    elif len(bands) > BANDS_MAX:
        yield FieldError("bands", "too_many", f"A policy has at most {BANDS_MAX} bands.")
    else:
        for number, band in enumerate(bands, 1):
            yield from _band_errors(band, f"bands.{number}.")


def _band_errors(band: dict[str, Any], where: str) -> Iterator[FieldError]:
    yield from (_unknown(name, _BAND_FIELDS, where) for name in sorted(band.keys() - set(_BAND_FIELDS)))
    yield from _channel_errors(band.get("channels", []), f"{where}channels")
    yield from _threshold_errors(band, where)
    if all(band.get(name) is None for name in THRESHOLDS):
        words = "Give at least one threshold: a band without one changes nothing."
        yield FieldError(f"{where}review_percentile", "required", words)
    yield from _amounts_errors(band, where)


def _channel_errors(channels: Any, field: str) -> Iterator[FieldError]:
    if not isinstance(channels, list):
        yield FieldError(field, "not_a_list", "Channels are a list.")
        return
    for unknown in [str(channel)[:60] for channel in channels if channel not in CHANNELS]:
        yield FieldError(field, "unknown_channel", f"“{unknown}” is no channel. Known are: {', '.join(CHANNELS)}.")
    if len(channels) > len(CHANNELS):
        yield FieldError(field, "repeated", "A channel stands there more than once.")


def _amounts_errors(band: dict[str, Any], where: str) -> Iterator[FieldError]:
    """The currency, and the amounts in it."""
    currency = band.get("currency")
    amounts = {name: band[name] for name in ("amount_from", "amount_below") if band.get(name) is not None}
    if currency is None:
        if amounts:
            yield FieldError(f"{where}currency", "required", "Say in which currency the amounts are.")
        return
    if not isinstance(currency, str) or currency not in EXPONENTS:
        words = f"“{str(currency)[:60]}” is not an ISO 4217 currency in use."
        yield FieldError(f"{where}currency", "unknown_currency", words)
        return
    errors = [each for name, amount in amounts.items() for each in _amount_errors(amount, currency, where + name)]
    yield from errors
    if not errors and len(amounts) == 2:
        first, below = (parse_amount(amount, currency) for amount in amounts.values())
        if below <= first:
            yield FieldError(
                f"{where}amount_below", "out_of_range", "No amount is in the band: end it above its start."
            )


def _order_errors(policy: Policy) -> Iterator[FieldError]:
    """Reviews come before declines, for all payments and in each band; and each band is reached."""
    yield from _decline_errors(policy.base, "", "")
    for number, band in enumerate(policy.bands, 1):
        effective = band.thresholds.over(policy.base)
        yield from _decline_errors(
            effective, f"bands.{number}.", " Where the band names none, that of all payments counts."
        )
    for place in unreachable_bands(policy.bands):
        words = "No payment reaches this band, since those above it fit all of its payments. Move it up, or drop it."
        yield FieldError(f"bands.{place + 1}.channels", "unreachable", words)


def _decline_errors(thresholds: Thresholds, where: str, hint: str) -> Iterator[FieldError]:
    for score, words in SCORE_WORDS.items():
        review = getattr(thresholds, f"review_{score}")
        decline = getattr(thresholds, f"decline_{score}")
        if review is not None and decline is not None and decline <= review:
            told = f"No {words} would lead to a review: decline from a higher one.{hint}"
            yield FieldError(f"{where}decline_{score}", "out_of_order", told)
