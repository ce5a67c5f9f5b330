"""Decisions as they are counted for Prometheus: once a group, beside the payments."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from ledger.domain.decisions import Verdict
from sentinel.core.outcomes import Outcome
from sentinel.ops import metrics


def decisions_count(decided: Iterable[tuple[Outcome, Verdict, bool]]) -> None:
    """Of one group that was recorded: what became of each payment, its verdict, and whether it is a live one."""
    outcomes: Counter[tuple[Outcome, bool]] = Counter()
    lacking: Counter[str] = Counter()
    for outcome, verdict, livemode in decided:
        outcomes[outcome, livemode] += 1
        if verdict.degraded:
            lacking.update(verdict.degraded)
    for (outcome, livemode), payments in outcomes.items():
        _decided(outcome, livemode).inc(payments)
    for name, payments in lacking.items():
        metrics.DEGRADED.labels(name).inc(payments)
    metrics.GROUP_PAYMENTS.observe(outcomes.total())


@cache
def _decided(outcome: Outcome, livemode: bool) -> Any:
    return metrics.DECISIONS.labels(outcome.value, "live" if livemode else "test")
