"""How rules fare, as the list of rules and the page of one rule show it. Two queries for any number of rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from ledger.admin.base import PlainTitle
from ledger.admin.words import NOTHING, duration, money
from rules.admin.sparkline import Bar, sparkline
from rules.domain.health import Judged, Mark, last_days
from rules.domain.stages import Stage
from rules.models import RuleDay, RuleHealth, RulesetMember
from sentinel.core.outcomes import Action

LIST_DAYS, PAGE_DAYS = 14, 30
_DOES = {Action.ALLOW: "allowed", Action.REVIEW: "held", Action.DECLINE: "declined"}
_OUTCOMES = {"approved": "approved", "reviewed": "held for review", "declined": "declined"}


class MarkFilter(admin.SimpleListFilter):
    title = "mark"
    parameter_name = "mark"
    _ANY = "any"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(self._ANY, "Any mark"), *((mark.value, mark.value.capitalize()) for mark in Mark)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen == self._ANY:
            return queryset.filter(health__marks__len__gt=0)
        return queryset.filter(health__marks__contains=[chosen]) if chosen else queryset


class RuleList(PlainTitle):
    """The list of rules; each on the page gets `bars`, its hits a day."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rules: list[Any] = list(self.result_list)
        until = timezone.now().date()
        bars = _bars_by("version__rule", [rule.pk for rule in rules], until, LIST_DAYS)
        for rule in rules:
            rule.bars = bars[rule.pk]
        self.result_list = rules


def _bars_by(key: str, values: Iterable[int], until: date, days: int) -> dict[int, list[Bar]]:
    wanted = list(values)
    shown = last_days(until, days)
    found = RuleDay.objects.filter(**{f"{key}__in": wanted}, day__gte=shown[0]).order_by().values(key, "day")
    sums = {(row[key], row["day"]): row for row in found.annotate(said=Sum("hits"), silent=Sum("silent_hits"))}
    nothing = {"said": 0, "silent": 0}

    def bar(value: int, day: date) -> Bar:
        row = sums.get((value, day), nothing)
        return Bar(day, row["said"], row["silent"])

    return {value: [bar(value, day) for day in shown] for value in wanted}


def health_of(rule: Any) -> RuleHealth | None:
    return getattr(rule, "health", None)


def fires_shown(rule: Any) -> SafeString:
    """The sparkline; the hits a day, and the last hit, of the version that decides or is on trial."""
    health = health_of(rule)
    if health is None:
        return sparkline(rule.bars)
    words = [(f"{_number(health.hits_per_day)} a day",), *_last_hit(health)]
    quiet = format_html_join("", '<span class="quiet">{}</span>', words)
    return format_html('<span class="fires">{}{}</span>', sparkline(rule.bars), quiet)


def _last_hit(health: RuleHealth) -> list[tuple[str]]:
    """The larger part of "3 h 26 min"."""
    if health.last_hit_at is None:
        return []
    since = duration((timezone.now() - health.last_hit_at).total_seconds())
    return [(f"last {' '.join(since.split()[:2])} ago",)]


def precision_shown(rule: Any) -> SafeString:
    health = health_of(rule)
    if health is None or health.precision is None:
        return SafeString(NOTHING)
    return format_html(
        '{:}<br><span class="quiet">of {} judged</span>', f"{health.precision:.0%}", f"{health.judged:,}"
    )


def cost_shown(rule: Any) -> str:
    health = health_of(rule)
    return NOTHING if health is None or health.cost_us is None else f"{health.cost_us:,.1f} µs"


def marks_shown(rule: Any) -> SafeString:
    health = health_of(rule)
    if health is None or not health.marks:
        return SafeString(NOTHING)
    shown = ((mark.replace(" ", "-"), Mark(mark).words, _mark_words(mark, health)) for mark in health.marks)
    return format_html_join(" ", '<span class="badge mark {}" title="{}">{}</span>', shown)


def _mark_words(mark: str, health: RuleHealth) -> str:
    """A long code may break behind its underscores."""
    if mark != Mark.DUPLICATE:
        return mark
    parts = str(health.duplicate_of).split("_")
    return format_html("duplicate of {}", format_html_join(mark_safe("_<wbr>"), "{}", ((part,) for part in parts)))


@dataclass(frozen=True, slots=True)
class Fares:
    """What the page of a rule says of one version over the last days."""

    number: int
    stage: str
    sparkline: SafeString
    said: str
    money: SafeString
    known: str
    precision: str
    cost: str


@dataclass(frozen=True, slots=True)
class Shown:
    """How a rule fares. `warnings` say what each mark means and what to do."""

    versions: list[Fares]
    warnings: list[str]
    failed_at: datetime | None
    error: str
    days: int = PAGE_DAYS


def rule_fares(rule: Any, members: Iterable[RulesetMember], stages: Mapping[int, str]) -> Shown:
    members = list(members)
    until = timezone.now().date()
    ids = [member.version_id for member in members]
    bars = _bars_by("version", ids, until, PAGE_DAYS)
    since = until - timedelta(days=PAGE_DAYS - 1)
    days: dict[int, list[RuleDay]] = {version_id: [] for version_id in ids}
    for day in RuleDay.objects.filter(version__in=ids, day__gte=since):
        days[day.version_id].append(day)
    health = health_of(rule)
    return Shown(
        versions=[
            _fares(member, stages[member.version_id], days[member.version_id], bars[member.version_id])
            for member in members
        ],
        warnings=[f"{_mark_words(mark, health).capitalize()}: {Mark(mark).words}" for mark in health.marks]
        if health
        else [],
        failed_at=health.last_failed_at if health else None,
        error=health.last_error if health else "",
    )


def _fares(member: RulesetMember, stage: str, days: list[RuleDay], bars: list[Bar]) -> Fares:
    judged = Judged(
        sum(day.fraud + day.silent_fraud for day in days),
        sum(day.legitimate + day.silent_legitimate for day in days),
        sum(day.presumed + day.silent_presumed for day in days),
    )
    good = f"{judged.legitimate:,} confirmed good, {judged.presumed:,} presumed good"
    samples = sum(day.cost_samples for day in days)
    tightens = member.version.action != Action.ALLOW
    return Fares(
        number=member.version.number,
        stage=stage,
        sparkline=sparkline(bars),
        said=_said(member, days),
        money=_money(days),
        known=f"{judged.fraud:,} confirmed fraud, {good}",
        precision=f"{judged.precision:.0%}" if tightens and judged.precision is not None else NOTHING,
        cost=f"{sum(day.cost_ns for day in days) / samples / 1000:,.1f} µs" if samples else NOTHING,
    )


def _said(member: RulesetMember, days: list[RuleDay]) -> str:
    """What became of the payments it hit, and what it would have done to those it had no say in."""
    hits, silent = sum(day.hits for day in days), sum(day.silent_hits for day in days)
    words = []
    if hits or member.stage != Stage.SHADOW:
        sums = ((sum(getattr(day, name) for day in days), said) for name, said in _OUTCOMES.items())
        became = ", ".join(f"{count:,} {said}" for count, said in sums if count)
        words.append(f"{hits:,} hits with a say" + (f": {became}" if became else ""))
    if silent or member.stage != Stage.LIVE:
        words.append(f"would have {_DOES[Action(member.version.action)]} {silent:,} where it had no say")
    failures = sum(day.failures for day in days)
    if failures:
        words.append(f"it could not be evaluated for {failures:,}")
    return "; ".join(words)


def _money(days: list[RuleDay]) -> SafeString:
    """Of the hits with a say, per currency: sums of different currencies are never added up."""
    amounts: dict[str, int] = {}
    for day in days:
        for currency, minor in day.amounts_minor.items():
            amounts[currency] = amounts.get(currency, 0) + minor
    shown = ((money(minor, currency),) for currency, minor in sorted(amounts.items()))
    return format_html_join(SafeString("<br>"), "{}", shown) if amounts else SafeString(NOTHING)


def _number(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 or number == 0 else f"{number:.1f}"
