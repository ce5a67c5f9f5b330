"""Counts of data quality as rows of tables. No queries."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.safestring import SafeString

from dashboard.views.quality_bars import day_bars
from scoring.domain.quality import Share
from scoring.domain.quality_words import measure_words
from scoring.models import QualityCount, QualityFinding
from scoring.selectors.quality import Day, Days, drift_of, measures_of
from sentinel.api.models import GatewayClient

Kind = QualityCount.Kind


@dataclass(frozen=True, slots=True)
class ClientRow:
    client: GatewayClient
    requests: int  # of today
    refused_share: float
    refused: str
    replayed: str
    same_reference: int
    findings: int
    picture: SafeString


@dataclass(frozen=True, slots=True)
class FindingRow:
    client: GatewayClient
    words: str
    share: str
    usual: str
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DayRow:
    day: date
    requests: int
    refused: int
    refused_share: str
    replayed: int
    same_reference: int


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field that is left out by some."""

    name: str
    today: str
    usual: str
    is_drifting: bool
    picture: SafeString


@dataclass(frozen=True, slots=True)
class RefusalRow:
    field: str
    code: str
    today: int
    days: int


def client_row(client: GatewayClient, days: Days, findings: Iterable[QualityFinding], today: date) -> ClientRow:
    shown, moments = days.get(today, Day()), sorted(days)
    refused = shown.share((Kind.TURNED_AWAY, ""))
    return ClientRow(
        client,
        shown.requests,
        refused.value,
        percent(refused.value) if refused.all else "-",
        percent(shown.share((Kind.REPLAYED, "")).value) if refused.all else "-",
        shown.same_reference,
        sum(finding.client_id == client.pk for finding in findings),
        requests_picture(days, moments),
    )


def requests_picture(days: Days, moments: Sequence[date]) -> SafeString:
    """The requests of each day, those refused apart."""
    highest = max((days[each].requests for each in moments), default=0) or 1
    heights = [(days[each].requests / highest, days[each].refusals.total() / highest) for each in moments]
    total = sum(days[each].requests for each in moments)
    refused = sum(days[each].refusals.total() for each in moments)
    return day_bars(f"{total:,} requests in {len(moments)} days, {refused:,} of them refused", heights)


def finding_rows(findings: Iterable[QualityFinding]) -> list[FindingRow]:
    return [
        FindingRow(
            each.client,
            measure_words(each.kind, each.field),
            percent(each.share),
            percent(each.usual_share),
            each.opened_at,
            each.closed_at,
        )
        for each in findings
    ]


def day_rows(days: Days, moments: Sequence[date]) -> list[DayRow]:
    """The newest first, without those before the first request."""
    shown = [each for each in moments if each in days]
    return [_day_row(each, days[each]) for each in reversed(shown)]


def _day_row(moment: date, day: Day) -> DayRow:
    share = day.share((Kind.TURNED_AWAY, ""))
    refused = day.refusals.total()
    return DayRow(moment, day.requests, refused, percent(share.value), day.replayed, day.same_reference)


def field_rows(days: Days, moments: Sequence[date], today: date) -> list[FieldRow]:
    """Those that were ever missing: what drifts first, then what is most often missing today."""
    measures = [measure for measure in measures_of(days) if measure[0] == Kind.MISSING]
    rows = [(_share_today(days, measure, today), _field_row(days, measure, moments, today)) for measure in measures]
    return [row for _, row in sorted(rows, key=lambda each: (not each[1].is_drifting, -each[0], each[1].name))]


def _share_today(days: Days, measure: tuple[str, str], today: date) -> float:
    return days[today].share(measure).value if today in days else 0.0


def _field_row(days: Days, measure: tuple[str, str], moments: Sequence[date], today: date) -> FieldRow:
    found, name = drift_of(days, measure, today), measure[1]
    shares = [days[each].share(measure) if each in days else None for each in moments]
    heights = [(share.value, share.value) if share and share.all else None for share in shares]
    words = f"Missing from {_span(shares)} of payments, by day"
    today_share = shares[-1]
    return FieldRow(
        name,
        percent(today_share.value) if today_share and today_share.all else "-",
        percent(found.usual) if found else "-",
        found is not None and found.is_drifting,
        day_bars(words, heights),
    )


def _span(shares: Sequence[Share | None]) -> str:
    values = [share.value for share in shares if share is not None and share.all]
    if not values:
        return "no"
    low, high = percent(min(values)), percent(max(values))
    return low if low == high else f"{low} to {high}"


def refusal_rows(days: Days, today: date) -> list[RefusalRow]:
    """The most frequent of all days first."""
    totals: Counter[tuple[str, str]] = Counter()
    for day in days.values():
        totals.update(day.refused)
        # Those that name no field: their code alone.
        named = {code for _, code in day.refused}
        totals.update({("", code): count for code, count in day.refusals.items() if code not in named})
    of_today = days.get(today, Day())
    return [
        RefusalRow(name, code, of_today.refused[name, code] if name else of_today.refusals[code], count)
        for (name, code), count in totals.most_common()
        if name or code != "invalid_request"
    ]


def percent(share: float) -> str:
    if 0 < share < 0.0005:
        return "<0.1\u00a0%"
    return f"{share:.1%}".replace("%", "\u00a0%")
