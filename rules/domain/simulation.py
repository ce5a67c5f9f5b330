"""What a rule would have done: past payments go in, chunk by chunk, and a result comes out that can be kept as JSON.

What became of a payment is what was decided then. Fraud is what the label that counts says. A good customer is one
whom it calls legitimate, or who was approved, is older than the time labels take to come in, and has none. A payment
that is neither is of unknown truth, and left out of the precision. Sums are of one currency each, never of several.

Uses numpy, so no web process imports it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import nlargest
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from rules.domain.columns import Columns, Evaluator, Held, Histories, Moments, Numbers
from rules.domain.definitions import RuleDefinition
from rules.domain.expressions import Condition, Operator, fields_used
from rules.domain.sentence import sentence
from rules.domain.thresholds import Dial, dials_of
from sentinel.core.catalogue import value_of
from sentinel.core.outcomes import Action, Status

EXAMPLES_MAX = 10
# The kinds of examples and how many of each there are at most; the newest of the other hits fill up.
_EXAMPLES = {"fraud": 4, "good": 3, "other": EXAMPLES_MAX}
_DAY_MICROSECONDS = 86_400_000_000

STATUSES = (Status.APPROVED, Status.HELD, Status.DECLINED)
APPROVED, HELD, DECLINED = range(3)
UNLABELLED, LEGITIMATE, FRAUD = -1, 0, 1

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Span:
    """Payments that occurred from `start` until before `end`. Good customers are known until `matured`."""

    start: datetime
    end: datetime
    matured: datetime

    @classmethod
    def of_days(cls, days: int, *, until: datetime, maturity_days: int) -> "Span":
        return cls(until - timedelta(days=days), until, until - timedelta(days=maturity_days))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Past payments as columns, with what became of them: one element of each array is one payment."""

    ids: Sequence[bytes]
    columns: Columns
    accounts: npt.NDArray[np.int64]  # a hash of each account's id
    occurred_at: Moments
    statuses: npt.NDArray[np.int8]  # places in STATUSES
    labels: npt.NDArray[np.int8]
    covered: Mapping[str, Held] = field(default_factory=dict)  # by field: which snapshots have it; absent: all

    def __len__(self) -> int:
        return len(self.columns)


@dataclass(slots=True)
class _Overlap:
    both: int = 0
    only_this: int = 0
    only_that: int = 0
    frauds_both: int = 0


@dataclass(slots=True)
class _Curve:
    """For each threshold of a dial, what would hit."""

    dial: Dial
    hits: Counts
    frauds: Counts
    good: Counts
    changes: Counts
    reachable: int = 0  # payments that the other rows let through

    @classmethod
    def of(cls, dial: Dial) -> "_Curve":
        hits, frauds, good, changes = (np.zeros(len(dial.thresholds), dtype=np.int64) for _ in range(4))
        return cls(dial, hits, frauds, good, changes)


@dataclass(slots=True)
class _Money:
    """Payments and minor units by currency."""

    payments: Counter[str] = field(default_factory=Counter)
    minor: Counter[str] = field(default_factory=Counter)

    def add(self, amounts: Numbers, currencies: Numbers) -> None:
        for code in np.unique(currencies):
            of_currency = amounts[currencies == code]
            currency = str(value_of("currency", float(code)))
            self.payments[currency] += len(of_currency)
            self.minor[currency] += _exact_sum(of_currency)

    def to_json(self) -> list[dict[str, Any]]:
        """The currency of the most payments first."""
        return [
            {"currency": currency, "payments": payments, "minor": self.minor[currency]}
            for currency, payments in self.payments.most_common()
        ]


@dataclass(slots=True)
class _Truth:
    """What is known of payments that hit, or of all."""

    payments: int = 0
    frauds: int = 0
    good: int = 0

    def add(self, found: Held, frauds: Held, good: Held) -> None:
        self.payments += int(found.sum())
        self.frauds += int((found & frauds).sum())
        self.good += int((found & good).sum())


@dataclass(frozen=True, order=True, slots=True)
class _Example:
    occurred_at: int
    id: bytes
    kind: str
    status: str
    amount_minor: int
    currency: str

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(UUID(bytes=self.id)),
            "kind": self.kind,
            "status": self.status,
            "amount_minor": self.amount_minor,
            "currency": self.currency,
            "occurred_at": _moment(self.occurred_at),
        }


class RuleSimulation:
    """`live` are the rules it is compared with, those of its own name left out."""

    def __init__(self, rule: RuleDefinition, live: Sequence[RuleDefinition], lists: Histories, span: Span) -> None:
        self.rule, self.lists, self.span = rule, lists, span
        self.live = [other for other in live if other.code != rule.code]
        self.all, self.hit, self.added = _Truth(), _Truth(), _Truth()
        self.accounts: npt.NDArray[np.int64] = np.array([], dtype=np.int64)
        self.statuses = np.zeros(len(STATUSES), dtype=np.int64)
        self.money = [_Money() for _ in STATUSES]
        self.changed = _Money()
        self.changes = 0
        self.frauds_let_through = 0
        self.daily = np.zeros(max(1, -(-(span.end - span.start) // timedelta(days=1))), dtype=np.int64)
        self.first_at: int | None = None
        self.overlaps = [_Overlap() for _ in self.live]
        self.curves = [_Curve.of(dial) for dial in dials_of(rule.expression)]
        self.examples: dict[str, list[_Example]] = {kind: [] for kind in _EXAMPLES}
        self.covered: Counter[str] = Counter()
        self.known: Counter[str] = Counter()

    def add(self, chunk: Chunk) -> Held:
        """Counts a chunk, and says which of its payments hit."""
        if not len(chunk):
            return np.zeros(0, dtype=np.bool_)
        evaluator = Evaluator(chunk.columns, self.lists)
        hit = evaluator.holds(self.rule.expression)
        frauds, good = chunk.labels == FRAUD, self._good(chunk)
        changes = self._changes(chunk, evaluator)
        self.all.add(np.ones(len(chunk), dtype=np.bool_), frauds, good)
        self.hit.add(hit, frauds, good)
        self._add_hits(chunk, hit, hit & changes)
        self.frauds_let_through += int((hit & frauds & (chunk.statuses == APPROVED)).sum())
        self._add_overlaps(evaluator, hit, frauds, good)
        for curve in self.curves:
            _add_curve(curve, evaluator, frauds, good, changes)
        self._add_examples(chunk, hit, frauds, good)
        self._add_coverage(chunk)
        return hit

    def _good(self, chunk: Chunk) -> Held:
        matured = chunk.occurred_at < _microseconds(self.span.matured)
        implicit = (chunk.labels == UNLABELLED) & (chunk.statuses == APPROVED) & matured
        good: Held = (chunk.labels == LEGITIMATE) | implicit
        return good

    def _changes(self, chunk: Chunk, evaluator: Evaluator) -> Held:
        """Whose outcome would have been another one, had the rule hit. What a live rule allows, none other stops."""
        if self.rule.action is Action.ALLOW:
            return np.not_equal(chunk.statuses, APPROVED)
        sterner = HELD if self.rule.action is Action.REVIEW else DECLINED
        softer: Held = np.less(chunk.statuses, sterner)
        for other in self.live:
            if other.action is Action.ALLOW:
                softer = softer & ~evaluator.holds(other.expression)
        return softer

    def _add_hits(self, chunk: Chunk, hit: Held, changed: Held) -> None:
        amounts, currencies = chunk.columns.numbers["amount"], chunk.columns.numbers["currency"]
        self.statuses += np.bincount(chunk.statuses[hit], minlength=len(STATUSES))
        for status, money in enumerate(self.money):
            of_status = hit & (chunk.statuses == status)
            money.add(amounts[of_status], currencies[of_status])
        self.changed.add(amounts[changed], currencies[changed])
        self.changes += int(changed.sum())
        self.accounts = np.union1d(self.accounts, chunk.accounts[hit])
        days = (chunk.occurred_at[hit] - _microseconds(self.span.start)) // _DAY_MICROSECONDS
        self.daily += np.bincount(days, minlength=len(self.daily))
        first = int(chunk.occurred_at.min())
        self.first_at = first if self.first_at is None else min(self.first_at, first)

    def _add_overlaps(self, evaluator: Evaluator, hit: Held, frauds: Held, good: Held) -> None:
        others = np.zeros(len(hit), dtype=np.bool_)
        for other, overlap in zip(self.live, self.overlaps, strict=True):
            that = evaluator.holds(other.expression)
            both = hit & that
            overlap.both += int(both.sum())
            overlap.only_this += int((hit & ~that).sum())
            overlap.only_that += int((that & ~hit).sum())
            overlap.frauds_both += int((both & frauds).sum())
            if other.action is not Action.ALLOW:
                others |= that
        self.added.add(hit & ~others, frauds, good)

    def _add_examples(self, chunk: Chunk, hit: Held, frauds: Held, good: Held) -> None:
        numbers = chunk.columns.numbers
        for kind, of_kind in (("fraud", frauds), ("good", good), ("other", ~(frauds | good))):
            places = np.flatnonzero(hit & of_kind)
            newest = places[np.argsort(chunk.occurred_at[places], kind="stable")][-_EXAMPLES[kind] :]
            found = [
                _Example(
                    int(chunk.occurred_at[place]),
                    chunk.ids[place],
                    kind,
                    STATUSES[chunk.statuses[place]].value,
                    int(numbers["amount"][place]),
                    str(value_of("currency", float(numbers["currency"][place]))),
                )
                for place in newest.tolist()
            ]
            self.examples[kind] = nlargest(EXAMPLES_MAX, [*self.examples[kind], *found])

    def _add_coverage(self, chunk: Chunk) -> None:
        for name in fields_used(self.rule.expression):
            covered = chunk.covered.get(name)
            self.covered[name] += len(chunk) if covered is None else int(covered.sum())
            texts = chunk.columns.texts.get(name)
            present = ~np.isnan(chunk.columns.numbers[name]) if texts is None else texts.codes != 0
            self.known[name] += int(present.sum())

    # -- the result

    @property
    def days(self) -> float:
        """How long the past is that there is, up to the whole span; at least one day."""
        end = _microseconds(self.span.end)
        first = end if self.first_at is None else self.first_at
        return max(1.0, (end - first) / _DAY_MICROSECONDS)

    def result(self) -> dict[str, Any]:
        """As it is kept. Amounts are minor units, shares from 0 to 1, moments ISO 8601 in UTC."""
        return {
            "rule": {
                "code": self.rule.code,
                "version": self.rule.version,
                "action": self.rule.action.value,
                "sentence": sentence(self.rule.action, self.rule.expression),
            },
            "span": {
                "start": _iso(self.span.start),
                "end": _iso(self.span.end),
                "matured": _iso(self.span.matured),
                "first_at": None if self.first_at is None else _moment(self.first_at),
                "days": round(self.days, 3),
            },
            "payments": self.all.payments,
            "hits": self._hits(),
            "changes": {
                "payments": self.changes,
                "per_day": round(self.changes / self.days, 4),
                "money": self.changed.to_json(),
            },
            "reviews_per_day": round(self.changes / self.days, 4) if self.rule.action is Action.REVIEW else 0.0,
            "truth": self._truth(),
            "overlap": self._overlap(),
            "added": {"hits": self.added.payments, "frauds": self.added.frauds, "good": self.added.good},
            "slider": self._slider(),
            "examples": [example.to_json() for example in self._spread()],
            "coverage": [
                {"field": name, "covered": self.covered[name], "known": self.known[name]}
                for name in sorted(fields_used(self.rule.expression))
            ],
        }

    def _hits(self) -> dict[str, Any]:
        by_status = {
            status.value: {"payments": int(payments), "money": money.to_json()}
            for status, payments, money in zip(STATUSES, self.statuses, self.money, strict=True)
        }
        return {
            "payments": self.hit.payments,
            "per_day": round(self.hit.payments / self.days, 4),
            "accounts": len(self.accounts),
            "by_status": by_status,
            "daily": self.daily.tolist(),
        }

    def _truth(self) -> dict[str, Any]:
        return {
            "frauds": self.all.frauds,
            "caught": self.hit.frauds,
            "missed": self.all.frauds - self.hit.frauds,
            "caught_that_were_approved": self.frauds_let_through,
            "good_stopped": self.hit.good,
            "unknown": self.hit.payments - self.hit.frauds - self.hit.good,
            "precision": _share(self.hit.frauds, self.hit.frauds + self.hit.good),
            "recall": _share(self.hit.frauds, self.all.frauds),
        }

    def _overlap(self) -> list[dict[str, Any]]:
        """The rule with the most hits in common first."""
        found = [
            {
                "code": other.code,
                "name": other.name,
                "action": other.action.value,
                "both": overlap.both,
                "only_this": overlap.only_this,
                "only_that": overlap.only_that,
                "frauds_both": overlap.frauds_both,
            }
            for other, overlap in zip(self.live, self.overlaps, strict=True)
        ]
        return sorted(found, key=lambda each: (-each["both"], each["code"]))

    def _slider(self) -> dict[str, Any] | None:
        """Of the row that keeps out the most payments; None when no row with a number decides alone."""
        if not self.curves:
            return None
        curve = max(self.curves, key=lambda each: each.reachable)
        points = zip(curve.dial.thresholds, curve.hits, curve.frauds, curve.good, curve.changes, strict=True)
        return {
            "field": curve.dial.condition.field,
            "operator": curve.dial.condition.operator.value,
            "currency": curve.dial.condition.currency,
            "own": curve.dial.own,
            "points": [
                {
                    "at": at,
                    "hits": int(hits),
                    "frauds": int(frauds),
                    "good": int(good),
                    "changes_per_day": round(int(changes) / self.days, 4),
                    "precision": _share(int(frauds), int(frauds + good)),
                    "recall": _share(int(frauds), self.all.frauds),
                }
                for at, hits, frauds, good, changes in points
            ],
        }

    def _spread(self) -> list[_Example]:
        chosen = [each for kind in ("fraud", "good") for each in self.examples[kind][: _EXAMPLES[kind]]]
        rest = [each for found in self.examples.values() for each in found if each not in chosen]
        return [*chosen, *nlargest(EXAMPLES_MAX - len(chosen), rest)]


def _add_curve(curve: _Curve, evaluator: Evaluator, frauds: Held, good: Held, changes: Held) -> None:
    """Each payment that the other rows let through is counted at every threshold it would pass."""
    dial = curve.dial
    reachable = evaluator.holds(Condition(dial.condition.field, Operator.IS_PRESENT))
    if dial.rest is not None:
        reachable = reachable & evaluator.holds(dial.rest)
    if dial.condition.currency:
        reachable = reachable & evaluator.holds(Condition("currency", Operator.EQUAL, dial.condition.currency))
    curve.reachable += int(reachable.sum())
    values = evaluator.columns.numbers[dial.condition.field]
    # How many thresholds lie below a value, or are equal to it where that counts as below.
    side = "right" if dial.hits_above == dial.hits_equal else "left"
    below = np.searchsorted(np.array(dial.thresholds), values, side=side)  # type: ignore[call-overload]
    for counts, among in ((curve.hits, None), (curve.frauds, frauds), (curve.good, good), (curve.changes, changes)):
        counted = reachable if among is None else reachable & among
        by_place = np.bincount(below[counted], minlength=len(dial.thresholds) + 1)
        if dial.hits_above:
            counts += by_place[::-1].cumsum()[::-1][1:]
        else:
            counts += by_place.cumsum()[:-1]


def _exact_sum(amounts: Numbers) -> int:
    """The sum of whole numbers below 2**53, however many: as floats it would be rounded."""
    high, low = np.divmod(amounts.astype(np.int64), 1 << 24)
    return (int(high.sum()) << 24) + int(low.sum())


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _moment(microseconds: int) -> str:
    return _iso(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
