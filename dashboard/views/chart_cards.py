"""The page's charts, each with the same as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from dashboard.domain.figures import Moment, Tally
from dashboard.domain.periods import Period
from dashboard.selectors.figures import Figures
from dashboard.views.charts import WEEKDAYS, Series, heat_map, stacked_bars
from dashboard.views.links import Links, linked


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


def charts_of(figures: Figures, period: Period, link: Links) -> list[Chart]:
    moments = figures.over_time
    places = [_moment_words(moment, period) for moment in moments]
    return [
        _outcomes(moments, places),
        _stopped(moments, places),
        _fraud(moments, places),
        _risk(figures.risk, link),
        _fraud_by_risk(figures.risk, link),
        _week(figures),
    ]


def _moment_words(moment: Moment, period: Period) -> str:
    return f"{moment.at:%-d %b %H:%M}" if period.is_by_hour else f"{moment.at:%-d %b %Y}"


def _outcomes(moments: Sequence[Moment], places: Sequence[str]) -> Chart:
    series = (
        Series("approve", "approved at once", [each.approved for each in moments]),
        Series("review", "reviewed", [each.reviewed for each in moments]),
        Series("block", "declined for the risk", [each.blocked for each in moments]),
        Series("other", "declined for the account", [each.otherwise for each in moments]),
    )
    return _bars("outcomes", "Outcomes over time", "All payments, by what was decided.", places, series)


def _stopped(moments: Sequence[Moment], places: Sequence[str]) -> Chart:
    series = (
        Series("review", "reviewed", [each.reviewed for each in moments]),
        Series("block", "declined for the risk", [each.blocked for each in moments]),
    )
    return _bars("stopped", "Stopped over time", "The same without those that went on at once.", places, series)


def _fraud(moments: Sequence[Moment], places: Sequence[str]) -> Chart:
    series = (
        Series("caught", "stopped", [each.caught for each in moments]),
        Series("lost", "approved", [each.lost for each in moments]),
    )
    what = "Payments with a label of fraud, on the day they occurred: the newest days are not known yet."
    return _bars("fraud", "Confirmed fraud over time", what, places, series)


def _bars(name: str, title: str, what: str, places: Sequence[str], series: Sequence[Series]) -> Chart:
    rows = [(place, *(f"{each.values[index]:,}" for each in series)) for index, place in enumerate(places)]
    totals = ", ".join(f"{sum(each.values):,} {each.words}" for each in series)
    picture = stacked_bars(f"{title}: {totals}", places, series)
    table = Table(("When (UTC)", *(each.words for each in series)), rows)
    return Chart(name, title, what, picture, table, [(each.kind, each.words) for each in series])


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


def _week(figures: Figures) -> Chart:
    rows = [
        (day, *(f"{figures.week.get((number, hour), (0, 0))[0]:,}" for hour in range(24)))
        for number, day in enumerate(WEEKDAYS, start=1)
    ]
    picture = heat_map("Payments by weekday and hour", figures.week)
    head = ("Day", *(f"{hour:02}" for hour in range(24)))
    return Chart("week", "When payments happen", "By weekday and hour, UTC.", picture, Table(head, rows))
