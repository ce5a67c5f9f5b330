"""Figures that watch a model: each value exactly, its band, and what leaves it."""

from math import log, sqrt

import numpy as np
import pytest

from scoring.domain.drift import (
    AlertDay,
    AlertSums,
    Share,
    alert_calibration,
    alert_rate,
    forest_share,
    matured_share,
    missing_share,
    review_precision,
    stability,
)
from scoring.domain.stability import PSI_EMPTY_SHARE, Bins, population_stability_index

NAN = float("nan")
HALVES = Bins(edges=(5.0,), shares=(0.5, 0.5), missing=0.0)
CALM = [AlertDay(10_000, 68 + day % 5) for day in range(28)]  # 0.70 % in the median


def test_bins_lie_at_the_quantiles_of_training():
    assert Bins.of_training(np.arange(1.0, 11.0), 2) == HALVES
    assert Bins.of_training(np.arange(1.0, 101.0)).shares == pytest.approx((0.1,) * 10)


def test_many_equal_values_share_a_bin_and_missing_ones_have_their_own():
    bins = Bins.of_training(np.array([0.0] * 6 + [1.0, 2.0, NAN, NAN]), 4)

    assert bins == Bins(edges=(0.0,), shares=(0.6, 0.2), missing=0.2)
    assert Bins.of_training(np.array([NAN, NAN])) == Bins(edges=(), shares=(0.0,), missing=1.0)


def test_the_index_is_zero_for_the_training_rows_and_exact_for_others():
    assert population_stability_index(HALVES, HALVES.counts(np.array([1.0, 9.0]))) == 0.0
    moved = HALVES.counts(np.array([1.0, 2.0, 5.0, 6.0]))
    assert moved.tolist() == [3, 1, 0]
    assert population_stability_index(HALVES, moved) == pytest.approx(0.25 * log(3))


def test_values_that_go_missing_move_the_index_by_the_smallest_share():
    moved = population_stability_index(HALVES, HALVES.counts(np.array([1.0, NAN])))

    assert moved == pytest.approx(2 * (0.5 - PSI_EMPTY_SHARE) * log(0.5 / PSI_EMPTY_SHARE))


def test_an_input_leaves_its_band_above_a_tenth():
    def reading(low: int):
        return stability("amount", HALVES, np.array([low, 1000 - low, 0]))

    assert (reading(500).value, reading(500).has_left) == (0.0, False)
    assert (reading(650).value, reading(650).has_left) == (pytest.approx(0.3 * log(13 / 7) / 2), False)
    assert (reading(660).code, reading(660).has_left) == ("stability.amount", True)
    assert reading(660).words == "Stability index 0.106; up to 0.1 is usual."


def test_missing_values_leave_their_band_five_points_from_training():
    def reading(missing: int):
        return missing_share("device", Bins((), (0.9,), 0.1), np.array([1000 - missing, missing]))

    assert [reading(missing).has_left for missing in (49, 51, 149, 151)] == [True, False, False, True]
    assert reading(151).value == 0.151
    assert reading(151).words == "Missing in 15.1% of payments, in training in 10.0%."


def test_the_band_of_alerts_is_the_median_and_four_spreads():
    reading = alert_rate(CALM, AlertDay(10_000, 70))

    spread = sqrt(0.007 * 0.993 / 10_000)  # larger than 1.4826 x 0.01 %
    assert (reading.value, reading.has_left) == (0.007, False)
    assert (reading.low, reading.high) == pytest.approx((0.007 - 4 * spread, 0.007 + 4 * spread))


def test_days_that_differ_widely_make_a_wide_band():
    earlier = [AlertDay(10_000, 40 + 60 * (day % 2)) for day in range(28)]

    reading = alert_rate(earlier, AlertDay(10_000, 250))

    assert (reading.low, reading.high) == pytest.approx((0.0, 0.007 + 4 * 1.4826 * 0.003))
    assert reading.has_left


def test_one_wild_day_does_not_widen_the_band_and_older_days_do_not_count():
    wild = [*CALM[:27], AlertDay(10_000, 5000)]

    assert alert_rate(wild, AlertDay(10_000, 70)).high == pytest.approx(alert_rate(CALM, CALM[2]).high, abs=1e-4)
    assert alert_rate([AlertDay(10_000, 900)] * 40 + CALM, CALM[2]) == alert_rate(CALM, CALM[2])


def test_alerts_that_stop_are_as_remarkable_as_too_many():
    assert alert_rate(CALM, AlertDay(10_000, 0)).has_left


def test_when_fraud_changes_the_alerts_tell_and_the_stability_index_does_not():
    chance = np.random.default_rng(4)
    calm_day = chance.beta(0.3, 8, 10_000)
    threshold = float(np.quantile(calm_day, 0.993))
    changed_day = chance.beta(0.3, 8, 10_000)
    changed_day[:70] = chance.uniform(threshold, 1, 70)  # a new kind of fraud, in 0.7 % of the payments

    bins = Bins.of_training(calm_day)
    index = stability("score", bins, bins.counts(changed_day))
    alerts = alert_rate(CALM, AlertDay(10_000, int((changed_day >= threshold).sum())))

    assert index.value == pytest.approx(0, abs=0.01)
    assert not index.has_left
    assert alerts.value == pytest.approx(0.014, abs=0.002)
    assert alerts.has_left


def test_matured_alerts_should_be_fraud_as_often_as_their_probabilities_say():
    kept = alert_calibration(AlertSums(100, 80.0, 16.0, frauds=80))  # each promised 0.8
    broken = alert_calibration(AlertSums(100, 80.0, 16.0, frauds=60))

    assert (kept.value, kept.has_left) == (0.8, False)
    assert (broken.low, broken.high) == pytest.approx((0.8 - 0.12, 0.8 + 0.12))  # three times sqrt(0.8 x 0.2 / 100)
    assert broken.has_left
    assert broken.words == "60.0% of 100 matured alerts were fraud; their probabilities said 80.0%."


def test_the_calibration_of_many_alerts_may_still_be_five_points_off():
    reading = alert_calibration(AlertSums(10_000, 8000.0, 1600.0, frauds=7600))

    assert (reading.low, reading.high) == pytest.approx((0.75, 0.85))
    assert not reading.has_left


@pytest.mark.parametrize(
    ("read", "low", "high", "calm", "alarming"),
    [
        (review_precision, 0.5, 1.0, 510, 490),  # ten points below 0.6
        (forest_share, 0.0, 0.65, 640, 660),  # five above
        (matured_share, 0.55, 1.0, 560, 540),  # five below
    ],
)
def test_shares_have_one_side_that_matters(read, low, high, calm, alarming):
    reading = read(Share(calm, 1000), 0.6)

    assert (reading.low, reading.high) == pytest.approx((low, high))
    assert (reading.value, reading.has_left) == (calm / 1000, False)
    assert read(Share(alarming, 1000), 0.6).has_left
    assert not read(Share(1000 if high == 1.0 else 0, 1000), 0.6).has_left


def test_a_share_of_few_cases_has_the_wide_band_of_chance():
    reading = review_precision(Share(20, 36), 0.64)

    assert reading.low == pytest.approx(0.64 - 3 * 0.08)  # sqrt(0.64 x 0.36 / 36)
    assert reading.words == "55.6% of 36 reviewed alerts were fraud; usual is 64.0%."


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (stability("score", HALVES, np.array([999, 0, 0])), "Not measured: 999 payments; at least 1000 needed."),
        (missing_share("score", HALVES, np.array([999, 0, 0])), "Not measured: 999 payments; at least 1000 needed."),
        (alert_rate(CALM[:13], CALM[0]), "Not measured: 13 earlier days; at least 14 needed."),
        (alert_rate([AlertDay(0, 0)] * 28, CALM[0]), "Not measured: 0 earlier days; at least 14 needed."),
        (alert_rate(CALM, AlertDay(0, 0)), "Not measured: 0 payments that day; at least 1 needed."),
        (alert_calibration(AlertSums(29, 0.0, 0.0, 29)), "Not measured: 29 matured alerts; at least 30 needed."),
        (forest_share(Share(0, 0), 0.1), "Not measured: 0 cases; at least 30 needed."),
    ],
)
def test_too_little_is_not_measured_and_no_alarm(reading, words):
    assert (reading.value, reading.has_left, reading.words) == (None, False, words)
