"""The policy: from which score on a payment is reviewed or declined. Versioned; published like rules.

A policy has thresholds for all payments and, if wanted, an ordered list of bands: the first band that fits a payment
puts its thresholds in the place of those it names; the others stay.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import product

from rules.domain.stages import is_in_share
from sentinel.core.money import parse_amount
from sentinel.core.outcomes import Outcome, RiskLevel


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Of the two scores, None where one is not used; a score on the threshold counts."""

    review_percentile: float | None = None
    decline_percentile: float | None = None
    review_probability: float | None = None
    decline_probability: float | None = None

    def outcome(self, fraud_probability: float | None, score_percentile: float | None) -> Outcome:
        if _reaches(fraud_probability, self.decline_probability) or _reaches(
            score_percentile, self.decline_percentile
        ):
            return Outcome.DECLINE
        if _reaches(fraud_probability, self.review_probability) or _reaches(score_percentile, self.review_percentile):
            return Outcome.REVIEW
        return Outcome.APPROVE

    def over(self, base: "Thresholds") -> "Thresholds":
        """These, and those of the base where nothing is named."""
        return Thresholds(
            base.review_percentile if self.review_percentile is None else self.review_percentile,
            base.decline_percentile if self.decline_percentile is None else self.decline_percentile,
            base.review_probability if self.review_probability is None else self.review_probability,
            base.decline_probability if self.decline_probability is None else self.decline_probability,
        )

    def names(self, score: str) -> bool:
        """Whether "percentile" or "probability" is used."""
        return any(getattr(self, f"{verb}_{score}") is not None for verb in ("review", "decline"))

    def is_tighter_than(self, other: "Thresholds") -> bool:
        """Whether each threshold is at least as strict."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in THRESHOLDS)
        return all(theirs is None or (mine is not None and mine <= theirs) for mine, theirs in pairs)


SCORE_WORDS = {"percentile": "score percentile", "probability": "fraud probability"}
THRESHOLDS = tuple(field.name for field in fields(Thresholds))


@dataclass(frozen=True, slots=True)
class Band:
    """Thresholds for some of the payments. No channels: any, also when none was told. No currency: any.

    Amounts are in minor units of the band's currency, from the first (included) to below the second.
    """

    thresholds: Thresholds
    channels: tuple[str, ...] = ()
    currency: str | None = None
    amount_from_minor: int | None = None
    amount_below_minor: int | None = None

    def fits(self, channel: str | None, currency: str, amount_minor: int) -> bool:
        return (
            (not self.channels or channel in self.channels)
            and (self.currency is None or currency == self.currency)
            and (self.amount_from_minor is None or amount_minor >= self.amount_from_minor)
            and (self.amount_below_minor is None or amount_minor < self.amount_below_minor)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds for all payments and bands of some of them.

    `degraded_review_above`: currency -> amount. Without a model, a payment above it is reviewed; in a currency that
    is not listed every payment is.
    """

    version: int
    review_percentile: float | None = None
    decline_percentile: float | None = None
    review_probability: float | None = None
    decline_probability: float | None = None
    degraded_review_above: tuple[tuple[str, str], ...] = ()
    bands: tuple[Band, ...] = ()

    @property
    def base(self) -> Thresholds:
        return Thresholds(
            self.review_percentile, self.decline_percentile, self.review_probability, self.decline_probability
        )

    def band_for(self, channel: str | None, currency: str, amount_minor: int) -> Band | None:
        return next((band for band in self.bands if band.fits(channel, currency, amount_minor)), None)

    def thresholds_for(self, band: Band | None) -> Thresholds:
        return band.thresholds.over(self.base) if band else self.base

    def outcome(
        self,
        fraud_probability: float | None,
        score_percentile: float | None,
        *,
        channel: str | None = None,
        currency: str = "",
        amount_minor: int = 0,
    ) -> Outcome:
        band = self.band_for(channel, currency, amount_minor)
        return self.thresholds_for(band).outcome(fraud_probability, score_percentile)

    def reviews_without_model(self, amount_minor: int, currency: str) -> bool:
        limit = dict(self.degraded_review_above).get(currency)
        return limit is None or amount_minor > parse_amount(limit, currency)


@dataclass(frozen=True, slots=True)
class Canary:
    """A policy that decides for a stable share of the accounts; the live one decides for the others."""

    policy: Policy
    share_percent: int

    def holds(self, account_id: str) -> bool:
        return is_in_share("policy", account_id, self.share_percent)


def is_tighter(new: Policy, old: Policy) -> bool:
    """Whether no payment gets a milder outcome, whatever its scores: every threshold is at least as strict.

    Tried on one payment of each kind that the bands of either policy tell apart, which is all there is to try.
    """
    return _reviews_more_without_model(new, old) and all(
        new.thresholds_for(new.band_for(*kind)).is_tighter_than(old.thresholds_for(old.band_for(*kind)))
        for kind in _kinds_of_payment((*new.bands, *old.bands))
    )


def unreachable_bands(bands: tuple[Band, ...]) -> list[int]:
    """Places of the bands that no payment reaches, since earlier ones fit all of theirs. Counts from 0."""
    first_fits = {
        next((place for place, band in enumerate(bands) if band.fits(*kind)), None)
        for kind in _kinds_of_payment(bands)
    }
    return [place for place in range(len(bands)) if place not in first_fits]


def _kinds_of_payment(bands: Iterable[Band]) -> Iterable[tuple[str | None, str, int]]:
    """Channel, currency and amount of one payment for each kind that the bands tell apart."""
    bands = tuple(bands)
    channels = {None, *(channel for band in bands for channel in band.channels)}
    currencies = {"", *(band.currency for band in bands if band.currency)}
    for currency in currencies:
        ends = [(band.amount_from_minor, band.amount_below_minor) for band in bands if band.currency == currency]
        amounts = {0, *(end for pair in ends for end in pair if end is not None)}
        yield from product(channels, (currency,), amounts)


def _reviews_more_without_model(new: Policy, old: Policy) -> bool:
    limits, before = dict(new.degraded_review_above), dict(old.degraded_review_above)
    return all(
        currency in before and parse_amount(limit, currency) <= parse_amount(before[currency], currency)
        for currency, limit in limits.items()
    )


def risk_level(fraud_probability: float | None, score_percentile: float | None) -> RiskLevel | None:
    """A word for people: high from a probability of 0.5 or the top 0.5 %, medium from 0.1 or the top 5 %."""
    if fraud_probability is None and score_percentile is None:
        return None
    if _reaches(fraud_probability, 0.5) or _reaches(score_percentile, 0.995):
        return RiskLevel.HIGH
    if _reaches(fraud_probability, 0.1) or _reaches(score_percentile, 0.95):
        return RiskLevel.MEDIUM
    return RiskLevel.LOW


def _reaches(score: float | None, threshold: float | None) -> bool:
    return score is not None and threshold is not None and score >= threshold
