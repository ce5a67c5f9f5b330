"""Whether a probability is one: of payments with a mean probability of 0.2, a fifth should turn out to be fraud."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CALIBRATION_BINS = 15


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    rows: int
    mean_probability: float
    fraud_rate: float


def brier_score(is_fraud: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float64]) -> float:
    """The mean squared difference of probability and truth: 0 is perfect."""
    return float(np.square(probabilities - is_fraud).mean())


def calibration_bins(
    is_fraud: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float64], count: int = CALIBRATION_BINS
) -> list[CalibrationBin]:
    """Bins of as equal numbers of rows as can be, by rising probability; fewer when there are fewer rows.

    Tied probabilities all count with the fraud rate of their tie, so that the order of rows says nothing.
    """
    values, places, ties = np.unique(probabilities, return_inverse=True, return_counts=True)
    rates = np.repeat(np.bincount(places, weights=is_fraud, minlength=len(values)) / ties, ties)
    bins = zip(np.array_split(np.repeat(values, ties), count), np.array_split(rates, count), strict=True)
    return [
        CalibrationBin(len(given), float(given.mean()), float(truth.mean())) for given, truth in bins if len(given)
    ]


def expected_calibration_error(
    is_fraud: npt.NDArray[np.bool_], probabilities: npt.NDArray[np.float64], count: int = CALIBRATION_BINS
) -> float:
    """The mean distance between probability and fraud rate of the bins, weighted by their rows: 0 is perfect."""
    bins = calibration_bins(is_fraud, probabilities, count)
    distances = (each.rows * abs(each.fraud_rate - each.mean_probability) for each in bins)
    return sum(distances) / len(probabilities)
