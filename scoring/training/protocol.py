"""The published protocol of the Fraud Detection Handbook (Le Borgne et al., ULB 2022), chapters 3 and 5.

A week to test on begins seven days after the training ends, since labels take that long. On each test day, cards that
were known to be compromised by then are left out. Training may reach further back than the published seven days; it
ends where the published one does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from scoring.domain.calibration import expected_calibration_error
from scoring.domain.classifier_inputs import ClassifierInputs, currency_units
from scoring.domain.dataset import Dataset
from scoring.domain.metrics import area_under_roc, average_precision, card_precision
from scoring.serving.runtime import ClassifierRuntime
from scoring.training.classifier import BOOSTED, fit_classifier
from scoring.training.parts import telling_inputs

DELAY_DAYS = TEST_DAYS = 7
_DAY = 86_400
PUBLISHED_TEST_START = datetime(2018, 8, 8, tzinfo=UTC)
PREQUENTIAL_STARTS = tuple(PUBLISHED_TEST_START + timedelta(days=7 * week) for week in range(4))


@dataclass(frozen=True, slots=True)
class Figures:
    """What the book reports, and the calibration error of the probabilities."""

    ap: float
    auc: float
    cp100: float
    ece: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows and frauds of training and test, and the figures of the test."""

    training: tuple[int, int]
    test: tuple[int, int]
    figures: Figures


def measure_week(dataset: Dataset, test_start: datetime, training_days: int) -> Measured:
    """Boosted trees of the shipped settings, trained and tested by the protocol; scored as they would be served."""
    training, test = split_by_protocol(dataset, test_start, training_days)
    units = currency_units(training.columns)
    reader = ClassifierInputs(telling_inputs(training, units), units)
    fitted = fit_classifier(BOOSTED, reader.of(training.columns), training.is_fraud)
    runtime = ClassifierRuntime(fitted.model, len(reader.names))
    scores = np.array(runtime.probability(reader.of(test.columns)))
    return Measured(_size(training), _size(test), figures_of(test, scores))


def split_by_protocol(dataset: Dataset, test_start: datetime, training_days: int) -> tuple[Dataset, Dataset]:
    """Training and test rows."""
    start = test_start.timestamp()
    end = start - DELAY_DAYS * _DAY
    training = dataset.rows(_between(dataset, end - training_days * _DAY, end))
    test = np.zeros(len(dataset), dtype=np.bool_)
    for day_start, known in _known_compromised(dataset, start):
        test |= _between(dataset, day_start, day_start + _DAY) & ~np.isin(dataset.accounts, known)
    return training, dataset.rows(test)


def figures_of(test: Dataset, scores: npt.NDArray[np.float64]) -> Figures:
    days = (test.occurred_at // _DAY).astype(np.int64)
    return Figures(
        ap=average_precision(test.is_fraud, scores),
        auc=area_under_roc(test.is_fraud, scores),
        cp100=card_precision(test.is_fraud, scores, test.accounts, days),
        ece=expected_calibration_error(test.is_fraud, scores),
    )


def mean_of(measured: list[Measured]) -> Figures:
    columns = zip(*((m.figures.ap, m.figures.auc, m.figures.cp100, m.figures.ece) for m in measured), strict=True)
    return Figures(*(sum(column) / len(measured) for column in columns))


def _known_compromised(dataset: Dataset, start: float) -> Iterator[tuple[float, npt.NDArray[np.uint64]]]:
    """Each test day with the cards whose fraud is known on it: those of the published training week and of every day
    since, up to seven days before.
    """
    published = start - (DELAY_DAYS + 7) * _DAY
    for day in range(TEST_DAYS):
        known_until = start + (day - DELAY_DAYS) * _DAY
        rows = _between(dataset, published, known_until) & dataset.is_fraud
        yield start + day * _DAY, np.unique(dataset.accounts[rows])


def _between(dataset: Dataset, start: float, end: float) -> npt.NDArray[np.bool_]:
    return np.asarray((dataset.occurred_at >= start) & (dataset.occurred_at < end))


def _size(rows: Dataset) -> tuple[int, int]:
    return len(rows), int(rows.is_fraud.sum())
