"""What the dashboard's numbers mean. docs/figures.md says the same in words. Pure: rows of counts in, figures out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ledger.domain.rates import converted_minor

APPROVED = frozenset({"approve", "review.approved"})
BLOCKED = frozenset({"decline.risk", "review.declined"})
HELD = frozenset({"review.held"})
# Kept from going on by a rule, the policy or a reviewer, if only for a while.
STOPPED = frozenset(
    {"decline.risk", "review.held", "review.approved", "review.declined", "review.expired", "review.voided"}
)
REVIEWED = STOPPED - {"decline.risk"}
# What is neither paid, nor blocked, nor waits: no verdict of ours.
OTHERWISE = frozenset({"decline.account", "review.expired", "review.voided"})
FRAUD, LEGITIMATE = "fraud", "legitimate"


@dataclass(frozen=True, slots=True)
class Count:
    """Payments with one key, currency, outcome and verdict: of an hour or day, or of the whole period."""

    key: str
    currency: str
    outcome_code: str
    verdict: str
    payments: int
    amount_minor: int = 0
    reversed_minor: int = 0
    at: datetime | None = None

    @property
    def is_lost(self) -> bool:
        return self.verdict == FRAUD and self.outcome_code in APPROVED

    @property
    def is_caught(self) -> bool:
        return self.verdict == FRAUD and self.outcome_code in STOPPED - APPROVED

    @property
    def is_good_stopped(self) -> bool:
        return self.verdict == LEGITIMATE and self.outcome_code in STOPPED


@dataclass(slots=True)
class Amount:
    payments: int = 0
    amount_minor: int = 0


@dataclass(slots=True)
class Money:
    """Of one currency: sums of different ones are only added up when each was converted by a rate."""

    currency: str
    approved: Amount = field(default_factory=Amount)
    blocked: Amount = field(default_factory=Amount)
    held: Amount = field(default_factory=Amount)
    fraud_lost: Amount = field(default_factory=Amount)
    good_stopped: Amount = field(default_factory=Amount)


MONEY = ("approved", "blocked", "held", "fraud_lost", "good_stopped")


@dataclass(frozen=True, slots=True)
class Moment:
    """An hour or day of the period."""

    at: datetime
    approved: int
    reviewed: int
    blocked: int
    otherwise: int
    caught: int
    lost: int

    @property
    def payments(self) -> int:
        return self.approved + self.reviewed + self.blocked + self.otherwise

    @property
    def fraud(self) -> int:
        return self.caught + self.lost


@dataclass(frozen=True, slots=True)
class Tally:
    """Payments of one kind: of a channel, a country, a category, a band of scores, a model, a rule."""

    key: str
    payments: int
    stopped: int
    blocked: int
    caught: int
    lost: int
    good_stopped: int

    @property
    def fraud(self) -> int:
        return self.caught + self.lost

    @property
    def stopped_share(self) -> float:
        return self.stopped / self.payments if self.payments else 0.0

    @property
    def fraud_share(self) -> float:
        return self.fraud / self.payments if self.payments else 0.0

    @property
    def caught_share(self) -> float | None:
        """Of the confirmed fraud; None without any."""
        return self.caught / self.fraud if self.fraud else None


def money(counts: Iterable[Count]) -> list[Money]:
    """By currency, the most approved first."""
    found: dict[str, Money] = {}
    for count in counts:
        row = found.setdefault(count.currency, Money(count.currency))
        for is_in, amount in (
            (count.outcome_code in APPROVED, row.approved),
            (count.outcome_code in BLOCKED, row.blocked),
            (count.outcome_code in HELD, row.held),
            (count.is_good_stopped, row.good_stopped),
        ):
            _add(amount, count.payments, count.amount_minor, is_in=is_in)
        _add(row.fraud_lost, count.payments, count.amount_minor - count.reversed_minor, is_in=count.is_lost)
    return sorted(found.values(), key=lambda each: (-each.approved.payments, each.currency))


def in_one_currency(rows: Sequence[Money], currency: str, rates_micro: Mapping[str, int]) -> Money:
    """All of them together, each amount at the rate of its currency. Every currency must have one."""
    total = Money(currency)
    for row in rows:
        for name in MONEY:
            amount: Amount = getattr(row, name)
            converted = converted_minor(amount.amount_minor, row.currency, rates_micro[row.currency], currency)
            _add(getattr(total, name), amount.payments, converted, is_in=True)
    return total


def over_time(counts: Iterable[Count], buckets: Sequence[datetime]) -> list[Moment]:
    """One for each hour or day, those without payments too."""
    by_moment: dict[datetime | None, list[Count]] = {}
    for count in counts:
        by_moment.setdefault(count.at, []).append(count)
    return [_moment(at, by_moment.get(at, [])) for at in buckets]


def tallies(counts: Iterable[Count]) -> list[Tally]:
    """One for each key, the most payments first."""
    by_key: dict[str, list[Count]] = {}
    for count in counts:
        by_key.setdefault(count.key, []).append(count)
    return sorted((tally(key, found) for key, found in by_key.items()), key=lambda each: (-each.payments, each.key))


def tally(key: str, counts: Sequence[Count]) -> Tally:
    return Tally(
        key,
        payments=_sum(counts, lambda count: True),
        stopped=_sum(counts, lambda count: count.outcome_code in STOPPED),
        blocked=_sum(counts, lambda count: count.outcome_code in BLOCKED),
        caught=_sum(counts, lambda count: count.is_caught),
        lost=_sum(counts, lambda count: count.is_lost),
        good_stopped=_sum(counts, lambda count: count.is_good_stopped),
    )


def _moment(at: datetime, counts: Sequence[Count]) -> Moment:
    """Each payment is in one of the four: approved at once, reviewed, blocked at once, or otherwise declined."""
    return Moment(
        at,
        approved=_sum(counts, lambda count: count.outcome_code == "approve"),
        reviewed=_sum(counts, lambda count: count.outcome_code in REVIEWED),
        blocked=_sum(counts, lambda count: count.outcome_code == "decline.risk"),
        otherwise=_sum(counts, lambda count: count.outcome_code == "decline.account"),
        caught=_sum(counts, lambda count: count.is_caught),
        lost=_sum(counts, lambda count: count.is_lost),
    )


def _sum(counts: Iterable[Count], is_in: Callable[[Count], bool]) -> int:
    return sum(count.payments for count in counts if is_in(count))


def _add(amount: Amount, payments: int, amount_minor: int, *, is_in: bool) -> None:
    if is_in:
        amount.payments += payments
        amount.amount_minor += amount_minor
