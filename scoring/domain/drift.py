"""Whether the world has left the model: each figure with the band it should lie in, and words.

A stability index per value is slow to see fraud change: where fraud is rare, the little that moves is lost among the
rest. The number of alerts sees it at once, so no figure here stands for all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from scoring.domain.stability import Bins, Counts, population_stability_index

PSI_MAX = 0.10
ROWS_MIN = 1000  # with fewer, chance alone moves the index: about (bins - 1) / rows
MISSING_CHANGE_MAX = 0.05
ALERT_DAYS = 28
ALERT_DAYS_MIN = 14
ALERT_SPREADS = 4.0
NORMAL_SPREAD = 1.4826  # the median distance from the median, times this, is a normal distribution's deviation
CASES_MIN = 30
DEVIATIONS = 3.0
SHARE_CHANGE_MIN = {"calibration": 0.05, "review_precision": 0.10, "forest_share": 0.05, "matured_share": 0.05}

Band = tuple[float, float]  # the lowest and the highest value that are no surprise


@dataclass(frozen=True, slots=True)
class Reading:
    """`value` is None where there is too little to measure; then it has not left its band."""

    code: str
    value: float | None
    low: float
    high: float
    words: str

    @property
    def has_left(self) -> bool:
        return self.value is not None and not self.low <= self.value <= self.high


@dataclass(frozen=True, slots=True)
class AlertDay:
    payments: int
    alerts: int


@dataclass(frozen=True, slots=True)
class AlertSums:
    """Of alerts whose truth is known: their probabilities p, p x (1 - p), and how many were fraud."""

    alerts: int
    probability_sum: float
    variance_sum: float
    frauds: int


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, both counted."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        return self.part / self.whole


def stability(name: str, bins: Bins, counts: Counts) -> Reading:
    """Of an input or a score, against its training rows."""
    code, band, payments = f"stability.{name}", (0.0, PSI_MAX), int(counts.sum())
    if payments < ROWS_MIN:
        return _too_few(code, payments, "payments", ROWS_MIN, band)
    index = population_stability_index(bins, counts)
    return Reading(code, index, *band, f"Stability index {index:.3f}; up to {PSI_MAX} is usual.")


def missing_share(name: str, bins: Bins, counts: Counts) -> Reading:
    """Against the share that was missing in training."""
    code, band, payments = f"missing.{name}", _around(bins.missing, MISSING_CHANGE_MAX), int(counts.sum())
    if payments < ROWS_MIN:
        return _too_few(code, payments, "payments", ROWS_MIN, band)
    share = int(counts[-1]) / payments
    return Reading(code, share, *band, f"Missing in {share:.1%} of payments, in training in {bins.missing:.1%}.")


def alert_rate(earlier: Sequence[AlertDay], today: AlertDay) -> Reading:
    """Against the last ALERT_DAYS of `earlier` days, which are in time order; days without payments do not count.

    The band is the median of their rates, and ALERT_SPREADS times the spread either side. The spread is the larger of
    NORMAL_SPREAD times the median distance from the median, and what chance does to a day of today's size:
    sqrt(median x (1 - median) / payments).
    """
    rates = [day.alerts / day.payments for day in earlier[-ALERT_DAYS:] if day.payments]
    if not today.payments:
        return _too_few("alert_rate", 0, "payments that day", 1, (0.0, 1.0))
    if len(rates) < ALERT_DAYS_MIN:
        return _too_few("alert_rate", len(rates), "earlier days", ALERT_DAYS_MIN, (0.0, 1.0))
    usual = float(np.median(rates))
    robust = NORMAL_SPREAD * float(np.median(np.abs(np.asarray(rates) - usual)))
    low, high = _around(usual, ALERT_SPREADS * max(robust, _chance(usual, today.payments)))
    rate = today.alerts / today.payments
    words = f"{rate:.2%} of the day's payments are alerts; usual is {usual:.2%}, from {low:.2%} to {high:.2%}."
    return Reading("alert_rate", rate, low, high, words)


def alert_calibration(sums: AlertSums) -> Reading:
    """Of matured alerts: the share that proved to be fraud, against their mean probability.

    The band is DEVIATIONS times what chance does to calibrated probabilities, sqrt(sum of p x (1 - p)) / alerts, and
    no narrower than SHARE_CHANGE_MIN.
    """
    if sums.alerts < CASES_MIN:
        return _too_few("calibration", sums.alerts, "matured alerts", CASES_MIN, (0.0, 1.0))
    promised, kept = sums.probability_sum / sums.alerts, sums.frauds / sums.alerts
    chance = sqrt(sums.variance_sum) / sums.alerts
    band = _around(promised, max(SHARE_CHANGE_MIN["calibration"], DEVIATIONS * chance))
    words = f"{kept:.1%} of {sums.alerts} matured alerts were fraud; their probabilities said {promised:.1%}."
    return Reading("calibration", kept, *band, words)


def review_precision(reviewed: Share, usual: float) -> Reading:
    """Fraud among reviewed alerts, against the `usual` share. More of it than usual is no alarm."""
    band = _share_band("review_precision", reviewed, usual)
    return _share_reading("review_precision", reviewed, usual, (band[0], 1.0), "reviewed alerts were fraud")


def forest_share(found: Share, usual: float) -> Reading:
    """Found by the forest alone, of all fraud that was found. Less than usual is no alarm: more means that fraud is
    changing in ways the supervised model has not learned.
    """
    band = _share_band("forest_share", found, usual)
    return _share_reading("forest_share", found, usual, (0.0, band[1]), "frauds were found by the forest alone")


def matured_share(known: Share, usual: float) -> Reading:
    """Payments with a known truth, of those old enough to have one. More than usual is no alarm."""
    band = _share_band("matured_share", known, usual)
    return _share_reading("matured_share", known, usual, (band[0], 1.0), "payments that are old enough have a label")


def _share_band(code: str, share: Share, usual: float) -> Band:
    """DEVIATIONS times what chance does to the usual share, and no narrower than SHARE_CHANGE_MIN."""
    return _around(usual, max(SHARE_CHANGE_MIN[code], DEVIATIONS * _chance(usual, max(share.whole, 1))))


def _share_reading(code: str, share: Share, usual: float, band: Band, what: str) -> Reading:
    if share.whole < CASES_MIN:
        return _too_few(code, share.whole, "cases", CASES_MIN, band)
    words = f"{share.value:.1%} of {share.whole} {what}; usual is {usual:.1%}."
    return Reading(code, share.value, *band, words)


def _chance(share: float, count: int) -> float:
    """The standard deviation of a share of `count`."""
    return sqrt(share * (1 - share) / count)


def _around(usual: float, margin: float) -> Band:
    return max(0.0, usual - margin), min(1.0, usual + margin)


def _too_few(code: str, found: int, what: str, least: int, band: Band) -> Reading:
    return Reading(code, None, *band, f"Not measured: {found} {what}; at least {least} needed.")
