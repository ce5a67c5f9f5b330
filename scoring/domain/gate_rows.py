"""The payments that two models are compared on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


class GateInputError(ValueError):
    """The payments cannot be compared; the message names the column. Nothing was judged."""


@dataclass(frozen=True, slots=True)
class GateRows:
    """Columns of one length, in any order. Scores are 0 to 1, higher is more suspicious, and both are of the same
    payments. `segments` are flags by name. `card` and `day` are anything that sorts: a token, an id, a number.
    """

    is_fraud: npt.NDArray[np.bool_]
    card: npt.NDArray[Any]
    day: npt.NDArray[Any]
    champion: npt.NDArray[np.float64]
    challenger: npt.NDArray[np.float64]
    segments: Mapping[str, npt.NDArray[np.bool_]]

    def __post_init__(self) -> None:
        if not len(self.is_fraud):
            raise GateInputError("is_fraud: there are no payments.")
        for name, column in self._columns():
            if len(column) != len(self.is_fraud):
                raise GateInputError(f"{name}: {len(column)} values for {len(self.is_fraud)} payments.")
        for name, column in (("is_fraud", self.is_fraud), *_named(self.segments)):
            if column.dtype != np.bool_:
                raise GateInputError(f"{name}: holds {column.dtype}, not true and false.")
        for name, column in (("champion", self.champion), ("challenger", self.challenger)):
            if not ((column >= 0) & (column <= 1)).all():
                raise GateInputError(f"{name}: a score is missing or not from 0 to 1.")

    def __len__(self) -> int:
        return len(self.is_fraud)

    @property
    def frauds(self) -> int:
        return int(self.is_fraud.sum())

    def _columns(self) -> list[tuple[str, npt.NDArray[Any]]]:
        plain = [(name, getattr(self, name)) for name in ("card", "day", "champion", "challenger")]
        return plain + _named(self.segments)


def _named(segments: Mapping[str, npt.NDArray[np.bool_]]) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    return [(f"segments.{name}", flags) for name, flags in segments.items()]
