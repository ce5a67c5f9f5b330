"""The dashboard's numbers by topic, each defined in docs/figures.md. For the page, and for whoever asks for one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dashboard.domain import figures
from dashboard.domain.figures import Count, Moment, Money, Tally
from dashboard.domain.periods import Period
from dashboard.models import FactMark, ModelDimension, Rollup, RuleDimension
from dashboard.selectors.reviews import Queue, Reviewer, queue, reviewers
from dashboard.selectors.rolled import Filters, counts_by_topic, counts_of_the_week, counts_over_time

Topic = Rollup.Topic
PATTERNS = (Topic.CHANNEL, Topic.COUNTRY, Topic.CATEGORY)
SCORE_STEPS = 20
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
class Figures:
    """Everything of a page."""

    money: list[Money]
    over_time: list[Moment]
    total: Tally
    risk: list[Tally]
    week: Week
    patterns: dict[str, list[Tally]]
    rules: list[RuleFigures]
    models: list[ModelFigures]
    queue: Queue
    reviewers: list[Reviewer]


def figures_read(period: Period, filters: Filters, *, now: datetime) -> Figures:
    """In seven queries, whatever the period."""
    counts = counts_over_time(period, filters)
    by_topic = counts_by_topic(_TOPICS, period, filters)
    return Figures(
        money=figures.money(counts),
        over_time=figures.over_time(counts, period.buckets),
        total=figures.tally("", counts),
        risk=_by_score(by_topic[Topic.SCORE]),
        week=counts_of_the_week(period, filters),
        patterns={topic: figures.tallies(by_topic[topic]) for topic in PATTERNS},
        rules=_by_rule(by_topic[Topic.RULE]),
        models=_by_model(by_topic[Topic.MODEL]),
        queue=queue(filters, now=now),
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


def updated_at() -> datetime | None:
    """When facts were last filled; None before the first time."""
    return FactMark.objects.filter(name="decisions").values_list("moved_at", flat=True).first()


def currencies() -> list[str]:
    """Those there are figures in."""
    rows = Rollup.objects.filter(grain="d", topic=Topic.ALL).order_by("currency")
    return list(rows.values_list("currency", flat=True).distinct())


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
