import numpy as np
import pytest

from scoring.domain.calibration import brier_score, calibration_bins, expected_calibration_error


def test_the_brier_score_is_the_mean_squared_difference() -> None:
    assert brier_score(np.array([True, False]), np.array([1.0, 0.0])) == 0.0
    assert brier_score(np.array([True, False]), np.array([0.5, 0.1])) == pytest.approx((0.25 + 0.01) / 2)


def test_bins_hold_equally_many_rows_by_rising_probability() -> None:
    truth, given = np.array([1, 0, 1, 0, 0], dtype=bool), np.array([0.9, 0.1, 0.7, 0.2, 0.3])

    low, high = calibration_bins(truth, given, 2)
    assert (low.rows, low.mean_probability, low.fraud_rate) == pytest.approx((3, 0.2, 0.0))
    assert (high.rows, high.mean_probability, high.fraud_rate) == pytest.approx((2, 0.8, 1.0))
    assert expected_calibration_error(truth, given, 2) == pytest.approx((3 * 0.2 + 2 * 0.2) / 5)


def test_fewer_rows_than_bins_make_fewer_bins() -> None:
    assert [each.rows for each in calibration_bins(np.array([True, False]), np.array([0.9, 0.1]))] == [1, 1]


def test_tied_probabilities_count_with_the_rate_of_their_tie_wherever_a_bin_ends() -> None:
    given = np.full(4, 0.25)

    for place in range(4):
        assert expected_calibration_error(np.arange(4) == place, given, 2) == 0.0
    assert expected_calibration_error(np.zeros(4, dtype=bool), given, 2) == 0.25


def test_who_is_right_on_average_is_calibrated_and_who_doubles_is_not() -> None:
    chance = np.random.default_rng(3)
    given = chance.random(100_000) * 0.1
    truth = chance.random(100_000) < given

    assert expected_calibration_error(truth, given) < 0.003
    assert expected_calibration_error(truth, 2 * given) == pytest.approx(0.05, abs=0.003)
