"""What is answered of each row, and what all rows together come to. Safe to open in a spreadsheet."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.domain.decisions import Verdict
from sentinel.core.csv_files import safe_row
from sentinel.core.errors import FieldError

COLUMNS = (
    "line",
    "transaction_id",
    "outcome",
    "fraud_probability",
    "score_percentile",
    "risk_level",
    "reasons",
    "words",
    "problems",
)
# What is left of them for whoever may not see scores and reasons.
PLAIN_COLUMNS = ("line", "transaction_id", "outcome", "problems")
BINS = 20  # of scores from 0 to 1
_REASONS_MAX = 500  # different ones that are counted: rules and models have far fewer

Cells = tuple[str, ...]


def scored_cells(line: int, transaction_id: str | None, verdict: Verdict) -> Cells:
    """The row of a payment that was scored."""
    return (
        str(line),
        *safe_row(_one_line(transaction_id or "")),
        verdict.outcome.value,
        _number(verdict.fraud_probability),
        _number(verdict.score_percentile),
        verdict.risk_level.value if verdict.risk_level else "",
        "; ".join([reason.code for reason in verdict.reasons]),
        *safe_row(_one_line("; ".join([reason.words for reason in verdict.reasons]))),
        "; ".join(verdict.degraded),
    )


def refused_cells(line: int, transaction_id: str, errors: Iterable[FieldError]) -> Cells:
    """The row of what could not be scored."""
    problems = "; ".join([f"{error.field}: {error.message}" for error in errors])
    return (
        str(line),
        *safe_row(_one_line(transaction_id[:200])),
        "",
        "",
        "",
        "",
        "",
        "",
        *safe_row(_one_line(problems)),
    )


def _one_line(text: str) -> str:
    """A result is one line of its file, whatever stands in its cells."""
    return " ".join(text.split()) if "\n" in text or "\r" in text else text


def _number(score: float | None) -> str:
    return "" if score is None else str(score)


@dataclass(slots=True)
class Summary:
    """Counts over rows; those of several parts add up. `reasons`: code -> rows; `problems`: "field: code" -> rows."""

    scored: int = 0
    refused: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    bins: list[int] = field(default_factory=lambda: [0] * BINS)
    reasons: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    words: dict[str, str] = field(default_factory=dict)  # of rules, by code: those of other reasons differ by row

    @property
    def rows(self) -> int:
        return self.scored + self.refused

    def add_scored(self, verdict: Verdict) -> None:
        self.scored += 1
        self.outcomes[verdict.outcome.value] += 1
        score = verdict.fraud_probability if verdict.fraud_probability is not None else verdict.score_percentile
        if score is not None:
            self.bins[min(int(score * BINS), BINS - 1)] += 1
        for reason in verdict.reasons:
            if reason.code in self.reasons or len(self.reasons) < _REASONS_MAX:
                self.reasons[reason.code] += 1
            if reason.kind == "rule" and len(self.words) < _REASONS_MAX:
                self.words[reason.code] = reason.words

    def add_refused(self, errors: Iterable[FieldError]) -> None:
        self.refused += 1
        for error in errors:
            self.problems[f"{error.field}: {error.code}"] += 1

    def add(self, other: "Summary") -> None:
        self.scored += other.scored
        self.refused += other.refused
        self.bins = [own + more for own, more in zip(self.bins, other.bins, strict=True)]
        for own, more in ((self.outcomes, other.outcomes), (self.reasons, other.reasons)):
            own.update(more)
        self.problems.update(other.problems)
        self.words |= other.words

    def to_json(self) -> dict[str, Any]:
        return {
            "scored": self.scored,
            "refused": self.refused,
            "outcomes": dict(self.outcomes),
            "bins": self.bins,
            "reasons": dict(self.reasons.most_common()),
            "problems": dict(self.problems.most_common(_REASONS_MAX)),
            "words": self.words,
        }

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "Summary":
        return cls(
            told["scored"],
            told["refused"],
            Counter(told["outcomes"]),
            list(told["bins"]),
            Counter(told["reasons"]),
            Counter(told["problems"]),
            dict(told["words"]),
        )
