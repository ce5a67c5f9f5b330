"""The page's charts, each with the same as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from dashboard.domain.figures import Moment, Tally
from dashboard.domain.periods import Period
from dashboard.selectors.decision_times import DecisionTimes
from dashboard.selectors.figures import Figures
from dashboard.views.charts import WEEKDAYS, Line, Series, heat_map, lines, stacked_bars
from dashboard.views.links import Links, linked
from ledger.admin.words import NOTHING


@dataclass(frozen=True, slots=True)
class Table:
    """A chart's twin. The first cell of a row is its heading."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Chart:
    name: str
    title: str
    what: str
    picture: SafeString
    table: Table
    legend: Sequence[tuple[str, str]] = ()


def charts_of(figures: Figures, period: Period, link: Links, whole: Links) -> list[Chart]:
    """`whole` leads to lists of what no filter by channel, country or category narrows."""
    over_time = _OverTime(figures.over_time, period, link)
    return [
        over_time.outcomes(),
        over_time.stopped(),
        over_time.fraud(),
        _risk(figures.risk, whole),
        _fraud_by_risk(figures.risk, whole),
        _week(figures, link),
        _times(figures.times, [moment_words(at, period) for at in period.buckets]),
    ]


def moment_words(at: datetime, period: Period) -> str:
    return f"{at:%-d %b %H:%M}" if period.is_by_hour else f"{at:%-d %b %Y}"


class _OverTime:
    """Bars for each hour or day of the period, and in the table the list behind each of their numbers."""

    def __init__(self, moments: Sequence[Moment], period: Period, link: Links) -> None:
        self._moments, self._step, self._link = moments, period.step, link
        self._places = [moment_words(moment.at, period) for moment in moments]

    def outcomes(self) -> Chart:
        what = "All payments, by what was decided."
        return self._bars("outcomes", "Outcomes over time", what, _APPROVED, _REVIEWED, _BLOCKED, _OTHERWISE)

    def stopped(self) -> Chart:
        what = "The same without those that went on at once."
        return self._bars("stopped", "Stopped over time", what, _REVIEWED, _BLOCKED)

    def fraud(self) -> Chart:
        what = "Payments with a label of fraud, on the day they occurred: the newest days are not known yet."
        return self._bars("fraud", "Confirmed fraud over time", what, _CAUGHT, _LOST)

    def _bars(self, name: str, title: str, what: str, *kinds: "_Kind") -> Chart:
        moments = self._moments
        series = [Series(kind, words, [getattr(each, key) for each in moments]) for key, kind, words, _ in kinds]
        totals = ", ".join(f"{sum(each.values):,} {each.words}" for each in series)
        picture = stacked_bars(f"{title}: {totals}", self._places, series)
        rows = [
            (place, *(self._cell(moment, key, narrowed) for key, _, _, narrowed in kinds))
            for place, moment in zip(self._places, moments, strict=True)
        ]
        table = Table(("When (UTC)", *(each.words for each in series)), rows)
        return Chart(name, title, what, picture, table, [(each.kind, each.words) for each in series])

    def _cell(self, moment: Moment, key: str, narrowed: dict[str, str]) -> str:
        payments = getattr(moment, key)
        return linked(f"{payments:,}", self._link.within(moment.at, self._step, **narrowed)) if payments else "0"


# Of a moment: the figure, its colour, its words, and how the list is narrowed.
_Kind = tuple[str, str, str, dict[str, str]]
_APPROVED: _Kind = ("approved", "approve", "approved at once", {"outcome": "approve"})
_REVIEWED: _Kind = ("reviewed", "review", "reviewed", {"outcome": "reviewed"})
_BLOCKED: _Kind = ("blocked", "block", "declined for the risk", {"outcome": "decline.risk"})
_OTHERWISE: _Kind = ("otherwise", "other", "declined for the account", {"outcome": "decline.account"})
_CAUGHT: _Kind = ("caught", "caught", "stopped", {"outcome": "caught", "label": "fraud"})
_LOST: _Kind = ("lost", "lost", "approved", {"outcome": "approved", "label": "fraud"})


def _times(times: DecisionTimes, places: Sequence[str]) -> Chart:
    names = ("half", "95 in 100", "99 in 100")
    series = [
        Line(kind, words, [moment[index] for moment in times.over_time])
        for index, (kind, words) in enumerate(zip(("p50", "p95", "p99"), names, strict=True))
    ]
    whole = ", ".join(
        f"{words} within {_milliseconds(value)}" for words, value in zip(names, times.whole, strict=True)
    )
    what = (
        f"Of {times.payments:,} payments that were sent one by one: {whole}. From reading a request to its receipt."
        if times.payments
        else "No payment was sent by itself in this period."
    )
    rows = [(place, *map(_milliseconds, moment)) for place, moment in zip(places, times.over_time, strict=True)]
    picture = lines(f"Milliseconds to decide: {whole}", places, series, "ms")
    table = Table(("When (UTC)", *(f"{words} within" for words in names)), rows)
    return Chart(
        "times", "How long decisions take", what, picture, table, [(each.kind, each.words) for each in series]
    )


def _milliseconds(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.1f} ms"


def _risk(bands: Sequence[Tally], link: Links) -> Chart:
    places = [_band_words(band) for band in bands]
    series = (
        Series("approve", "went on", [band.payments - band.stopped for band in bands]),
        Series("review", "stopped", [band.stopped for band in bands]),
    )
    rows = [_band_row(band, link) for band in bands]
    picture = stacked_bars("Payments by score percentile, in twentieths", places, series)
    what = "By score percentile: how much stranger a payment is than those the model learned from."
    head = ("Score percentile", "Payments", "Stopped", "Share", "Confirmed fraud", "Per 1,000")
    return Chart("risk", "Risk", what, picture, Table(head, rows), [(each.kind, each.words) for each in series])


def _fraud_by_risk(bands: Sequence[Tally], link: Links) -> Chart:
    places = [_band_words(band) for band in bands]
    series = (
        Series("caught", "stopped", [band.caught for band in bands]),
        Series("lost", "approved", [band.lost for band in bands]),
    )
    rows = [
        (place, linked(f"{band.caught:,}", link(score=band.key, outcome="caught", label="fraud")),
         linked(f"{band.lost:,}", link(score=band.key, outcome="approved", label="fraud")))
        for place, band in zip(places, bands, strict=True)
    ]  # fmt: skip
    picture = stacked_bars("Confirmed fraud by score percentile, in twentieths", places, series)
    what = "Where the model saw the fraud that was confirmed."
    table = Table(("Score percentile", "Stopped", "Approved"), rows)
    return Chart("fraud-by-risk", "Fraud by risk", what, picture, table, [(s.kind, s.words) for s in series])


def _band_words(band: Tally) -> str:
    return f"{float(band.key):.2f} to {float(band.key) + 0.05:.2f}" if band.key else "no score"


def _band_row(band: Tally, link: Links) -> tuple[str, ...]:
    return (
        _band_words(band),
        linked(f"{band.payments:,}", link(score=band.key)),
        linked(f"{band.stopped:,}", link(score=band.key, outcome="stopped")),
        f"{band.stopped_share:.1%}",
        linked(f"{band.fraud:,}", link(score=band.key, label="fraud")),
        f"{1000 * band.fraud_share:.2f}",
    )


def _week(figures: Figures, link: Links) -> Chart:
    rows = [
        (day, *(_hour_cell(figures.week.get((number, hour), (0, 0))[0], number, hour, link) for hour in range(24)))
        for number, day in enumerate(WEEKDAYS, start=1)
    ]
    picture = heat_map("Payments by weekday and hour", figures.week)
    head = ("Day", *(f"{hour:02}" for hour in range(24)))
    return Chart("week", "When payments happen", "By weekday and hour, UTC.", picture, Table(head, rows))


def _hour_cell(payments: int, day: int, hour: int, link: Links) -> str:
    return linked(f"{payments:,}", link(week=f"{day}-{hour:02}")) if payments else "0"
