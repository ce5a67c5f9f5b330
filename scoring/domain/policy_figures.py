"""What a policy would have done with past payments, beside the one that is live: counts folded into figures.

The figures are JSON: they are stored with the simulation and shown years later.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any

from sentinel.core.outcomes import Outcome

SCORE_STEPS = 10_000  # scores are rounded to four decimals
POINTS_MAX = 48
_OUTCOMES = (Outcome.APPROVE, Outcome.REVIEW, Outcome.DECLINE)


@dataclass(frozen=True, slots=True)
class Kind:
    """Payments that are alike in these. `band` counts from 1, 0 for none; `is_fraud` is None without a label."""

    channel: str | None
    currency: str
    band: int
    before: Outcome
    after: Outcome
    is_fraud: bool | None

    @classmethod
    def of(
        cls, channel: str | None, currency: str, band: int, before: int, after: int, is_fraud: bool | None
    ) -> "Kind":
        return cls(channel, currency, band, _OUTCOMES[before], _OUTCOMES[after], is_fraud)


@dataclass(slots=True)
class Counts:
    """Payments and their money by kind; and those that only one threshold decides on, by score and label."""

    payments: Counter[Kind]
    money_minor: Counter[Kind]
    by_score: Counter[tuple[int, bool | None]]
    first_at: datetime | None = None  # when the first of them occurred

    @classmethod
    def none(cls) -> "Counts":
        return cls(Counter(), Counter(), Counter())


def figures(counts: Counts, *, days: float, score: str, threshold: float | None) -> dict[str, Any]:
    """`days` is what daily numbers are divided by; `score` and `threshold` name what the curve moves."""
    payments = counts.payments
    return {
        "payments": payments.total(),
        "days": round(days, 2),
        "stricter": _sum(payments, lambda kind: kind.after > kind.before),
        "milder": _sum(payments, lambda kind: kind.after < kind.before),
        "before": _standing(payments, lambda kind: kind.before),
        "after": _standing(payments, lambda kind: kind.after),
        "money": _by(counts, lambda kind: kind.currency),
        "channels": _by(counts, lambda kind: kind.channel or ""),
        "bands": _by(counts, lambda kind: kind.band),
        "curve": _curve(counts, days=days, score=score, threshold=threshold),
    }


def _standing(payments: Counter[Kind], outcome: Callable[[Kind], Outcome]) -> dict[str, int]:
    """Fraud is caught when the payment was stopped: reviewed or declined."""

    def count(is_stopped: bool, is_fraud: bool | None) -> int:
        return _sum(
            payments, lambda kind: (outcome(kind) > Outcome.APPROVE) is is_stopped and kind.is_fraud is is_fraud
        )

    return {
        "reviews": _sum(payments, lambda kind: outcome(kind) is Outcome.REVIEW),
        "declines": _sum(payments, lambda kind: outcome(kind) is Outcome.DECLINE),
        "fraud_caught": count(True, True),
        "fraud_missed": count(False, True),
        "good_stopped": count(True, False),
        "unlabelled_stopped": count(True, None),
    }


def _by(counts: Counts, key: Callable[[Kind], Any]) -> list[dict[str, Any]]:
    """One row for each value, the largest first. Money only where all of it is in one currency."""
    rows = []
    for value in {key(kind) for kind in counts.payments}:
        mine = {kind: count for kind, count in counts.payments.items() if key(kind) == value}
        row: dict[str, Any] = {"name": value, "payments": sum(mine.values())}
        for when in ("before", "after"):
            for outcome, word in ((Outcome.REVIEW, "reviews"), (Outcome.DECLINE, "declines")):
                kinds = [kind for kind in mine if getattr(kind, when) is outcome]
                row[f"{word}_{when}"] = sum(mine[kind] for kind in kinds)
                if len({kind.currency for kind in mine}) == 1:
                    row[f"{word}_{when}_minor"] = sum(counts.money_minor[kind] for kind in kinds)
        rows.append(row)
    return sorted(rows, key=lambda row: (-row["payments"], str(row["name"])))


def _curve(counts: Counts, *, days: float, score: str, threshold: float | None) -> dict[str, Any]:
    """Reviews a day, fraud caught and good customers stopped, for the policy's threshold and others worth a look.

    Only the review threshold of all payments moves. What declines, what a band judges by its own threshold, and what
    the other score stops, is the same at every point.
    """
    after = _standing(counts.payments, lambda kind: kind.after)
    steps = sorted({step for step, _ in counts.by_score}, reverse=True)
    running = list(accumulate((_at(counts, step) for step in steps), _add))
    reached = [total for step, total in zip(steps, running, strict=True) if _reaches(step, threshold)]
    moved = reached[-1] if reached else (0, 0, 0)
    fixed = (after["reviews"] - moved[0], after["fraud_caught"] - moved[1], after["good_stopped"] - moved[2])
    shown = {step / SCORE_STEPS: total for step, total in _worth_a_look(steps, running)}
    if threshold is not None and steps:
        shown[threshold] = moved
    points = [
        {
            "threshold": each,
            "reviews": fixed[0] + total[0],
            "reviews_a_day": round((fixed[0] + total[0]) / days, 1),
            "fraud_caught": fixed[1] + total[1],
            "good_stopped": fixed[2] + total[2],
        }
        for each, total in sorted(shown.items(), reverse=True)
    ]
    return {"score": score, "threshold": threshold, "points": points}


def _reaches(step: int, threshold: float | None) -> bool:
    return threshold is not None and step / SCORE_STEPS >= threshold


def _at(counts: Counts, step: int) -> tuple[int, int, int]:
    found = {is_fraud: counts.by_score[(step, is_fraud)] for is_fraud in (True, False, None)}
    return sum(found.values()), found[True], found[False]


def _add(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _worth_a_look(
    steps: list[int], running: list[tuple[int, int, int]]
) -> Iterable[tuple[int, tuple[int, int, int]]]:
    """At most POINTS_MAX, each with about a seventh more payments than the one before: from few reviews to many."""
    chosen = []
    wanted = 1.0
    for place, (step, total) in enumerate(zip(steps, running, strict=True)):
        is_last_step = place == len(steps) - 1
        if total[0] >= wanted or is_last_step:
            chosen.append((step, total))
            wanted = total[0] * 1.15
    thin = -(-len(chosen) // POINTS_MAX) or 1
    return chosen[::-1][::thin][::-1]


def _sum(payments: Counter[Kind], holds: Callable[[Kind], bool]) -> int:
    return sum(count for kind, count in payments.items() if holds(kind))
