"""Charts as SVG made on the server: they need no script, print as they are, and obey the strict security policy.

Colours are classes of static/sentinel/dashboard.css. What a chart shows is always in a table beside it too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from scoring.admin.plots import nice_above

WIDTH, HEIGHT = 640, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 8, 14, 24
_GAP = 0.18  # of a bar's place
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HEAT_LEVELS = 5
_CELL_WIDTH, _CELL_HEIGHT, _WEEKDAY_WIDTH, _HOUR_HEIGHT = 25, 22, 36, 18


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a chart: `kind` is its class, and there is a value for each bar."""

    kind: str
    words: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Line:
    """As Series, with values that may be missing."""

    kind: str
    words: str
    values: Sequence[float | None]


def stacked_bars(label: str, places: Sequence[str], series: Sequence[Series]) -> SafeString:
    """A bar for each place, the first series at the bottom. `label` says in words what one sees."""
    totals = [sum(each.values[place] for each in series) for place in range(len(places))]
    top = nice_above(max(totals, default=0))
    bars = format_html_join("", "<g><title>{}</title>{}</g>", _bars(places, series, top))
    return _drawn(label, bars, top=f"{top:,.0f}", ends=(places[0], places[-1]) if places else ("", ""))


def _bars(places: Sequence[str], series: Sequence[Series], top: float) -> list[tuple[str, SafeString]]:
    step = (WIDTH - _LEFT - _RIGHT) / max(len(places), 1)
    return [
        (
            _bar_words(words, place, series),
            _bar(_LEFT + (place + _GAP / 2) * step, step * (1 - _GAP), place, series, top),
        )
        for place, words in enumerate(places)
    ]


def _bar_words(words: str, place: int, series: Sequence[Series]) -> str:
    return f"{words}: " + ", ".join(f"{each.values[place]:,} {each.words}" for each in series)


def _bar(x: float, width: float, place: int, series: Sequence[Series], top: float) -> SafeString:
    heights = [(HEIGHT - _TOP - _BOTTOM) * each.values[place] / top for each in series]
    tops = [HEIGHT - _BOTTOM - reached for reached in accumulate(heights)]
    shapes = [
        (each.kind, f"{x:.1f}", f"{y:.1f}", f"{width:.1f}", f"{height:.1f}")
        for each, y, height in zip(series, tops, heights, strict=True)
        if height
    ]
    return format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"></rect>', shapes)


def _drawn(label: str, shapes: SafeString, *, top: str, ends: tuple[str, str]) -> SafeString:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    axis = format_html(
        '<path class="axis" d="M{0} {1}V{2}H{3}"></path><path class="guide" d="M{0} {1}H{3}"></path>'
        '<text x="{4}" y="{5}" text-anchor="end">{6}</text><text x="{4}" y="{2}" text-anchor="end">0</text>'
        '<text x="{0}" y="{7}">{8}</text><text x="{3}" y="{7}" text-anchor="end">{9}</text>',
        _LEFT,
        _TOP,
        bottom,
        right,
        _LEFT - 6,
        _TOP + 5,
        top,
        HEIGHT - 6,
        *ends,
    )
    return _picture(label, WIDTH, HEIGHT, format_html("{}{}", axis, shapes))


def lines(
    label: str, places: Sequence[str], series: Sequence[Line], unit: str, *, nothing: str = "no payments"
) -> SafeString:
    """A line for each series, broken where there is no value; each place tells its values to whoever points at it."""
    top = nice_above(max((value for each in series for value in each.values if value is not None), default=0))
    step = (WIDTH - _LEFT - _RIGHT) / max(len(places), 1)
    paths = format_html_join(
        "", '<path class="line {}" d="{}"></path>', [(each.kind, _path(each.values, step, top)) for each in series]
    )
    shades = [
        (
            f"{_LEFT + place * step:.1f}",
            _TOP,
            f"{step:.1f}",
            HEIGHT - _TOP - _BOTTOM,
            _line_words(words, place, series, unit) or f"{words}: {nothing}",
        )
        for place, words in enumerate(places)
    ]
    drawn = '<rect class="shade" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
    shapes = format_html("{}{}", paths, format_html_join("", drawn, shades))
    told = f"{top:,.0f}" if top >= 1 else f"{top:g}"
    return _drawn(label, shapes, top=f"{told} {unit}".rstrip(), ends=(places[0], places[-1]) if places else ("", ""))


def _path(values: Sequence[float | None], step: float, top: float) -> str:
    """Through the middle of each place. A value without neighbours is a dot: a line of no length with round ends."""
    parts, is_begun = [], False
    for place, value in enumerate(values):
        if value is not None:
            x, y = _LEFT + (place + 0.5) * step, HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top
            parts.append(f"{'L' if is_begun else 'M'}{x:.1f} {y:.1f}" + ("" if is_begun else "h0"))
        is_begun = value is not None
    return "".join(parts)


def _line_words(words: str, place: int, series: Sequence[Line], unit: str) -> str:
    told = [f"{each.words} {value:,.1f} {unit}" for each in series if (value := each.values[place]) is not None]
    return f"{words}: {', '.join(told)}" if told else ""


def heat_map(label: str, cells: Mapping[tuple[int, int], tuple[int, int]]) -> SafeString:
    """Weekdays downwards, hours across; the darker, the more payments. `cells` as counts_of_the_week has them."""
    most = max((payments for payments, _ in cells.values()), default=0)
    shapes = [
        (_level(cells.get((day, hour), (0, 0))[0], most), *_place(day, hour), _cell_words(day, hour, cells))
        for day in range(1, 8)
        for hour in range(24)
    ]
    drawn = format_html_join(
        "",
        f'<rect class="heat-{{}}" x="{{}}" y="{{}}" width="{_CELL_WIDTH - 2}" height="{_CELL_HEIGHT - 2}">'
        "<title>{}</title></rect>",
        shapes,
    )
    days = [(_HOUR_HEIGHT + place * _CELL_HEIGHT + 14, words) for place, words in enumerate(WEEKDAYS)]
    hours = [(_WEEKDAY_WIDTH + hour * _CELL_WIDTH, f"{hour:02}") for hour in range(0, 24, 3)]
    words = format_html(
        "{}{}",
        format_html_join("", '<text x="0" y="{}">{}</text>', days),
        format_html_join("", '<text x="{}" y="12">{}</text>', hours),
    )
    width, height = _WEEKDAY_WIDTH + 24 * _CELL_WIDTH, _HOUR_HEIGHT + 7 * _CELL_HEIGHT
    return _picture(label, width, height, format_html("{}{}", words, drawn))


def _level(payments: int, most: int) -> int:
    """0 for none, then as many steps as there are colours."""
    return -(-payments * HEAT_LEVELS // most) if most else 0


def _place(day: int, hour: int) -> tuple[int, int]:
    return _WEEKDAY_WIDTH + hour * _CELL_WIDTH, _HOUR_HEIGHT + (day - 1) * _CELL_HEIGHT


def _cell_words(day: int, hour: int, cells: Mapping[tuple[int, int], tuple[int, int]]) -> str:
    payments, fraud = cells.get((day, hour), (0, 0))
    return f"{WEEKDAYS[day - 1]} {hour:02}:00: {payments:,} payments, {fraud:,} confirmed fraud"


def _picture(label: str, width: int, height: int, shapes: SafeString) -> SafeString:
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>', width, height, label, shapes
    )
