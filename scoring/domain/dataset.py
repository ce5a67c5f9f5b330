"""Payments as rows to learn from and to measure on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from scoring.domain.snapshots import Column, Columns

Progress = Callable[[int], object]  # called with the number of rows done since the last call


@dataclass(frozen=True, slots=True)
class Dataset:
    """One row per payment, in time order. Moments in seconds since the epoch.

    `maturity`: a payment that old which nobody complained about counts as legitimate. `known_at`: when it was known
    whether the payment is fraud; never (infinity) where nobody will say, and where there are no labels at all.
    `accounts` are 64-bit names.
    """

    source: str
    maturity: timedelta
    occurred_at: Column
    columns: Columns
    accounts: npt.NDArray[np.uint64]
    is_fraud: npt.NDArray[np.bool_]
    known_at: Column

    def __len__(self) -> int:
        return len(self.occurred_at)

    def rows(self, chosen: slice | npt.NDArray[np.bool_]) -> "Dataset":
        return replace(
            self,
            occurred_at=self.occurred_at[chosen],
            columns=self.columns[chosen],
            accounts=self.accounts[chosen],
            is_fraud=self.is_fraud[chosen],
            known_at=self.known_at[chosen],
        )

    def known_by(self, moment: float) -> "Dataset":
        """The rows of which it was known by then whether they are fraud."""
        return self.rows(self.known_at <= moment)

    @property
    def has_labels(self) -> bool:
        return bool(np.isfinite(self.known_at).any())
