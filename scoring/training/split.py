"""Which rows a model is fitted on and which it is measured on: the later ones, which it never saw.

As in life: what was not known yet when the measured time began is not learned from.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from scoring.domain.dataset import Dataset
from scoring.training.dataset import moment_text
from scoring.training.errors import TrainingRefused

ROWS_MIN = 1000
TRAINING_MAX = timedelta(days=30)
# A classifier forgets older habits of fraud as soon as a fortnight has enough of it (measured on the handbook's data:
# longer windows rank no better and find less at the low end); where fraud is rare it looks back further.
LABELLED_MIN, LABELLED_MAX, LABELLED_FRAUDS = timedelta(days=14), timedelta(days=60), 1000
MEASURED_SHARE, MEASURED_MAX = 0.2, timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Split:
    """`unlabelled` is what a forest learns from, `labelled` a classifier. Of all that is `known`, the payments from
    the moment `cut` on are measured.
    """

    unlabelled: Dataset
    labelled: Dataset
    known: Dataset
    cut: float

    @property
    def measured(self) -> Dataset:
        return self.known.rows(np.asarray(self.known.occurred_at >= self.cut))


def split_for_training(dataset: Dataset, now: float) -> Split:
    """`now` in seconds since the epoch. Errors: TrainingRefused for too few rows or rows in the future."""
    if len(dataset) < ROWS_MIN:
        raise TrainingRefused(f"{dataset.source} has {len(dataset)} payments; training needs {ROWS_MIN}.")
    first, last = dataset.occurred_at[0], dataset.occurred_at[-1]
    if last > now:
        raise TrainingRefused(f"{dataset.source} has payments in the future, the last at {moment_text(last):.16}.")
    maturity = dataset.maturity.total_seconds()
    if dataset.has_labels:
        # Of younger payments only the frauds are known.
        dataset = dataset.rows(dataset.occurred_at <= now - maturity).known_by(now)
        last = dataset.occurred_at[-1] if len(dataset) else first
    cut = last - min(MEASURED_SHARE * (last - first), MEASURED_MAX.total_seconds())
    before = dataset.rows(dataset.occurred_at < cut)
    labelled = before.rows(before.occurred_at <= cut - maturity).known_by(cut)
    if len(before) < ROWS_MIN // 2:
        raise TrainingRefused(f"{dataset.source} has too few payments of which it is known whether they are fraud.")
    return Split(_latest(before), _latest_frauds(labelled), dataset, cut)


def _latest(rows: Dataset) -> Dataset:
    """Those of the last TRAINING_MAX."""
    return _within(rows, TRAINING_MAX.total_seconds())


def _latest_frauds(rows: Dataset) -> Dataset:
    """Those of the last LABELLED_MIN, or of as long as it takes to have LABELLED_FRAUDS, up to LABELLED_MAX."""
    frauds = rows.occurred_at[rows.is_fraud][-LABELLED_FRAUDS:]
    if len(frauds) < LABELLED_FRAUDS:
        return _within(rows, LABELLED_MAX.total_seconds())
    return _within(rows, max(LABELLED_MIN.total_seconds(), rows.occurred_at[-1] - frauds[0]))


def _within(rows: Dataset, seconds: float) -> Dataset:
    """The rows of so many seconds before the last one."""
    return rows.rows(np.asarray(rows.occurred_at >= rows.occurred_at[-1] - seconds)) if len(rows) else rows
