"""The dashboard's numbers by topic, each defined in docs/figures.md. For the page, and for whoever asks for one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings

from dashboard.domain import figures
from dashboard.domain.figures import Count, Moment, Money, Tally
from dashboard.domain.ids import moment_of
from dashboard.domain.periods import Period
from dashboard.models import FactMark, ModelDimension, Rollup, RuleDimension
from dashboard.selectors.decision_times import DecisionTimes, decision_times
from dashboard.selectors.reviews import Load, Queue, Reviewer, loads, queue, reviewers
from dashboard.selectors.rolled import (
    NARROWING,
    Filters,
    counts_by_topic,
    counts_of_the_week,
    counts_over_time,
)
from ledger.selectors.rates import rates_micro

Topic = Rollup.Topic
PATTERNS = NARROWING
SCORE_STEPS = 20
# Facts are filled every minute, of payments that are at least a minute old.
_UPDATED_WITHIN, _KNOWN_WITHIN = timedelta(minutes=3), timedelta(minutes=5)
_TOPICS = (*PATTERNS, Topic.SCORE, Topic.MODEL, Topic.RULE)
# A column of the heat map is an hour of the day, a row a weekday.
Week = dict[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """What the versions of one rule hit with a say, whoever else hit the same payments."""

    rule_id: int
    code: str
    name: str
    tally: Tally
    fraud: int
    legitimate: int

    @property
    def precision(self) -> float | None:
        """Of the hits with a label, the share that is fraud."""
        labelled = self.fraud + self.legitimate
        return self.fraud / labelled if labelled else None


@dataclass(frozen=True, slots=True)
class ModelFigures:
    version: str
    kind: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Total:
    """Money of all currencies in the reporting currency; None while a currency of `lacking` has no rate."""

    money: Money | None
    lacking: list[str]
    on: date


@dataclass(frozen=True, slots=True)
class Freshness:
    """When facts were last filled, and until when payments were known then."""

    updated_at: datetime
    known_until: datetime

    def is_behind(self, now: datetime) -> bool:
        return now - self.updated_at > _UPDATED_WITHIN or now - self.known_until > _KNOWN_WITHIN


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything of a page. `before` are figures of the same length of time just before the period."""

    money: list[Money]
    money_before: list[Money]
    in_one_currency: Total
    over_time: list[Moment]
    total: Tally
    total_before: Tally
    risk: list[Tally]
    week: Week
    patterns: dict[str, list[Tally]]
    rules: list[RuleFigures]
    models: list[ModelFigures]
    times: DecisionTimes
    queue: Queue
    loads: list[Load]
    reviewers: list[Reviewer]


def figures_read(period: Period, filters: Filters, *, now: datetime) -> Figures:
    """In eleven queries, whatever the period. Filters narrow money, what is read over time, and the week."""
    counts, before = counts_over_time(period, filters), counts_over_time(period.before, filters)
    money = figures.money(counts)
    by_topic = counts_by_topic(_TOPICS, period, filters)
    return Figures(
        money=money,
        money_before=figures.money(before),
        in_one_currency=_total(money, period),
        over_time=figures.over_time(counts, period.buckets),
        total=figures.tally("", counts),
        total_before=figures.tally("", before),
        risk=_by_score(by_topic[Topic.SCORE]),
        week=counts_of_the_week(period, filters),
        patterns={topic: figures.tallies(by_topic[topic]) for topic in PATTERNS},
        rules=_by_rule(by_topic[Topic.RULE]),
        models=_by_model(by_topic[Topic.MODEL]),
        times=decision_times(period, livemode=filters.livemode),
        queue=queue(filters, now=now),
        loads=loads(filters, now=now),
        reviewers=reviewers(period, filters),
    )


def money(period: Period, filters: Filters) -> list[Money]:
    return figures.money(counts_over_time(period, filters))


def fraud_trends(period: Period, filters: Filters) -> list[Moment]:
    return figures.over_time(counts_over_time(period, filters), period.buckets)


def risk_distribution(period: Period, filters: Filters) -> list[Tally]:
    """By twentieths of the score percentile, all of them in their order; payments without a score last."""
    return _by_score(counts_by_topic([Topic.SCORE], period, filters)[Topic.SCORE])


def transaction_patterns(period: Period, filters: Filters) -> tuple[Week, dict[str, list[Tally]]]:
    """The week, and the tallies of each of PATTERNS."""
    found = counts_by_topic(PATTERNS, period, filters)
    return counts_of_the_week(period, filters), {topic: figures.tallies(found[topic]) for topic in PATTERNS}


def model_performance(period: Period, filters: Filters) -> list[ModelFigures]:
    return _by_model(counts_by_topic([Topic.MODEL], period, filters)[Topic.MODEL])


def rule_performance(period: Period, filters: Filters) -> list[RuleFigures]:
    return _by_rule(counts_by_topic([Topic.RULE], period, filters)[Topic.RULE])


def freshness() -> Freshness | None:
    """None before facts were filled for the first time."""
    mark = FactMark.objects.filter(name="decisions").first()
    return Freshness(mark.moved_at, moment_of(mark.next_id)) if mark else None


def currencies() -> list[str]:
    """Those there are figures in."""
    rows = Rollup.objects.filter(grain="d", topic=Topic.ALL).order_by("currency")
    return list(rows.values_list("currency", flat=True).distinct())


def _total(rows: list[Money], period: Period) -> Total:
    """At the rates of the period's last day."""
    on = (period.end - timedelta(microseconds=1)).date()
    rates = rates_micro(on)
    lacking = sorted({row.currency for row in rows} - rates.keys())
    money = None if lacking else figures.in_one_currency(rows, settings.REPORTING_CURRENCY, rates)
    return Total(money, lacking, on)


def _by_score(counts: Iterable[Count]) -> list[Tally]:
    found = {tally.key: tally for tally in figures.tallies(counts)}
    keys = [f"{step / SCORE_STEPS:.2f}" for step in range(SCORE_STEPS)]
    return [found.get(key, figures.tally(key, ())) for key in (*keys, "")]


def _by_rule(counts: Iterable[Count]) -> list[RuleFigures]:
    """All versions of a rule together; those that hit most first. A payment was decided by one version of it."""
    found = list(counts)
    wanted = {int(count.key) for count in found}
    rules = {each.version: each for each in RuleDimension.objects.filter(version__in=wanted)}
    by_rule: dict[int, list[Count]] = {}
    for count in found:
        if (rule := rules.get(int(count.key))) is not None:
            by_rule.setdefault(rule.rule, []).append(count)
    named = {rule.rule: rule for rule in sorted(rules.values(), key=lambda each: each.number)}
    rows = [_rule(named[rule_id], its_counts) for rule_id, its_counts in by_rule.items()]
    return sorted(rows, key=lambda each: (-each.tally.payments, each.code))


def _rule(rule: RuleDimension, counts: list[Count]) -> RuleFigures:
    legitimate = sum(count.payments for count in counts if count.verdict == figures.LEGITIMATE)
    fraud = sum(count.payments for count in counts if count.verdict == figures.FRAUD)
    tally = figures.tally(str(rule.rule), counts)
    return RuleFigures(rule.rule, rule.code, rule.name, tally, fraud, legitimate)


def _by_model(counts: Iterable[Count]) -> list[ModelFigures]:
    kinds = dict(ModelDimension.objects.values_list("version", "kind"))
    return [ModelFigures(tally.key, kinds.get(tally.key, ""), tally) for tally in figures.tallies(counts)]
