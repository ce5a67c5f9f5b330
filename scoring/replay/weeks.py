"""The answered payments of a replay in columns, and figures of each replayed week."""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.domain.metrics import RankingQuality, card_precision, ranking_quality
from scoring.domain.model_figures import known_compromised
from scoring.replay.results import Result

_DAY_SECONDS = 86_400
_WEEK_SECONDS = 7 * _DAY_SECONDS
REVIEW = "review"
RULES_ONLY = "rules only"


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from `start`, a midnight (UTC). The ranking and card precision are of the scored payments of cards
    that were not known to be compromised, as everywhere. Shares are 0 to 1.
    """

    start: datetime
    payments: int
    frauds: int
    reviewed_share: float
    models: dict[str, int]  # payments by the model that decided
    ranking: RankingQuality
    card_precision_100: float | None

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "start": self.start.date().isoformat()}


@dataclass(slots=True)
class AnsweredPayments:
    """One element of each array is one payment, in the order of the answers."""

    places: "array[int]" = field(default_factory=lambda: array("q"))
    occurred_at: "array[float]" = field(default_factory=lambda: array("d"))
    known_at: "array[float]" = field(default_factory=lambda: array("d"))  # fraud from then on; never: infinity
    scores: "array[float]" = field(default_factory=lambda: array("d"))
    frauds: "array[int]" = field(default_factory=lambda: array("b"))
    reviewed: "array[int]" = field(default_factory=lambda: array("b"))
    cards: "array[int]" = field(default_factory=lambda: array("l"))
    models: "array[int]" = field(default_factory=lambda: array("l"))
    _names: dict[str, int] = field(default_factory=dict)  # of cards and models, by number

    def __len__(self) -> int:
        return len(self.places)

    def add(self, result: Result, *, is_fraud: bool, known_at: float) -> None:
        receipt = result.receipt
        if receipt is None:
            return
        self.places.append(result.place)
        self.occurred_at.append(result.occurred_at.timestamp())
        self.known_at.append(known_at)
        self.scores.append(nan if receipt.score is None else receipt.score)
        self.frauds.append(is_fraud)
        self.reviewed.append(result.ending == REVIEW)
        self.cards.append(self._number(f"card {result.customer_id}"))
        self.models.append(self._number(receipt.model or RULES_ONLY))

    def ranking(self) -> RankingQuality:
        """Of all scored payments."""
        scores = np.asarray(self.scores)
        is_scored = ~np.isnan(scores)
        return ranking_quality(np.asarray(self.frauds)[is_scored], scores[is_scored])

    def weeks(self) -> Iterator[Week]:
        """Those with any payment, counted from the midnight before the first."""
        if not len(self):
            return
        occurred_at, is_ranked = np.asarray(self.occurred_at), self._are_ranked()
        start = occurred_at.min() // _DAY_SECONDS * _DAY_SECONDS
        week_of = ((occurred_at - start) // _WEEK_SECONDS).astype(np.int64)
        for week in np.unique(week_of):
            yield self._week(week_of == week, is_ranked, float(start + week * _WEEK_SECONDS))

    def _are_ranked(self) -> npt.NDArray[np.bool_]:
        cards, known_at, is_fraud = np.asarray(self.cards), np.asarray(self.known_at), np.asarray(self.frauds, bool)
        compromised = known_compromised(cards, np.asarray(self.occurred_at), cards[is_fraud], known_at[is_fraud])
        ranked: npt.NDArray[np.bool_] = ~np.isnan(np.asarray(self.scores)) & ~compromised
        return ranked

    def _week(self, rows: npt.NDArray[np.bool_], is_ranked: npt.NDArray[np.bool_], start: float) -> Week:
        cards, scores, is_fraud = np.asarray(self.cards), np.asarray(self.scores), np.asarray(self.frauds, dtype=bool)
        ranked = rows & is_ranked
        ranking = ranking_quality(is_fraud[ranked], scores[ranked])
        days = np.asarray(self.occurred_at)[ranked] // _DAY_SECONDS
        found = None if ranking.auc is None else card_precision(is_fraud[ranked], scores[ranked], cards[ranked], days)
        return Week(
            start=datetime.fromtimestamp(start, tz=UTC),
            payments=int(rows.sum()),
            frauds=int(is_fraud[rows].sum()),
            reviewed_share=float(np.asarray(self.reviewed)[rows].mean()),
            models=self._models(rows),
            ranking=ranking,
            card_precision_100=found,
        )

    def _models(self, rows: npt.NDArray[np.bool_]) -> dict[str, int]:
        names, decided = list(self._names), Counter(np.asarray(self.models)[rows].tolist())
        return {names[number]: times for number, times in decided.most_common()}

    def _number(self, name: str) -> int:
        return self._names.setdefault(name, len(self._names))


def week_lines(weeks: Iterator[Week]) -> Iterator[str]:
    """A table for a terminal."""
    yield "week of     payments  frauds     AP    AUC  CP@100  R@0.5%  reviewed  decided by"
    for week in weeks:
        figures = (
            _figure(week.ranking.average_precision, 5),
            _figure(week.ranking.auc, 5),
            _figure(week.card_precision_100, 6),
            _figure(week.ranking.recall_at_half_percent, 6),
        )
        models = ", ".join(week.models)
        counts = f"{week.payments:>8,}  {week.frauds:>6,}"
        yield f"{week.start:%Y-%m-%d}  {counts}  {'  '.join(figures)}  {week.reviewed_share:>8.2%}  {models}"


def _figure(value: float | None, width: int) -> str:
    return ("-" if value is None else f"{value:.3f}").rjust(width)
