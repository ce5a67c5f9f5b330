"""Where an account's last payments were made, drawn as SVG on the server, and the same as a table.

Whoever has not revealed the details sees places to a whole degree, as on the rest of the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.domain.journeys import IMPOSSIBLE_KMH, Leg, Stay, Stop, legs_of, stays_of
from dashboard.domain.land import LAND
from dashboard.domain.map_frame import HEIGHT, WIDTH, Frame, Place, frame_of, graticule
from dashboard.domain.past import History, Past
from ledger.admin.words import duration
from sentinel.core.countries import COUNTRIES

STOPS_MAX, STAYS_MAX = 50, 8
# Marks nearer than this, in units of the picture, are drawn as one.
_APART = 26.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A number on the map, or the numbers of several stays in one place."""

    numbers: str
    words: str
    across: float
    down: float
    has_this: bool


def journey(history: History, *, is_exact: bool) -> dict[str, Any] | None:
    """None when no payment told its place."""
    stops = [_stop(past) for past in history.before if past.latitude is not None and past.longitude is not None]
    if has_place := history.this.latitude is not None and history.this.longitude is not None:
        stops.append(replace(_stop(history.this), is_this=True))
    stays = stays_of(stops[-STOPS_MAX:])[-STAYS_MAX:]
    if not stays:
        return None
    legs = legs_of(stays)
    return {
        "has_place": has_place,
        "picture": _picture(stays, legs, is_exact=is_exact),
        "rows": [
            _row(number, stay, leg) for number, (stay, leg) in enumerate(zip(stays, [None, *legs], strict=True), 1)
        ],
        "impossible": [_leg_words(leg) for leg in legs if leg.is_impossible],
        "impossible_kmh": f"{IMPOSSIBLE_KMH:,.0f}",
    }


def _stop(past: Past) -> Stop:
    return Stop(past.occurred_at, past.latitude or 0.0, past.longitude or 0.0, past.location_city,
                past.location_country)  # fmt: skip


def _row(number: int, stay: Stay, leg: Leg | None) -> dict[str, Any]:
    """A stay, and how it was come to."""
    return {
        "number": number,
        "place": _place_words(stay.last),
        "stay": stay,
        "payments": len(stay.stops),
        "km": "" if leg is None else f"{leg.km:,.0f} km",
        "kmh": "" if leg is None else f"{leg.kmh:,.0f} km/h",
        "within": "" if leg is None else duration(leg.seconds),
        "is_impossible": leg is not None and leg.is_impossible,
    }


def _place_words(stop: Stop) -> str:
    country = COUNTRIES.get(stop.country or "", stop.country or "")
    return ", ".join(filter(None, [stop.city, country])) or "a place without a name"


def _leg_words(leg: Leg) -> str:
    return (
        f"{_place_words(leg.start)} to {_place_words(leg.end)}: {leg.km:,.0f} km within {duration(leg.seconds)},"
        f" {leg.kmh:,.0f} km/h"
    )


def _picture(stays: Sequence[Stay], legs: Sequence[Leg], *, is_exact: bool) -> SafeString:
    places = [_place(stay.last, is_exact=is_exact) for stay in stays]
    frame = frame_of(places)
    points = [frame.at(place) for place in places]
    lines = [_line(start, end, leg) for start, end, leg in zip(points, points[1:], legs, strict=False)]
    speeds = [_speed(start, end, leg) for start, end, leg in zip(points, points[1:], legs, strict=False)]
    marks = [_drawn(mark) for mark in _marks(stays, points)]
    label = "Map of the last payments: " + "; then ".join(_place_words(stay.last) for stay in stays)
    shapes = format_html_join("", "{}", ((each,) for each in (_land(frame), _net(frame), *lines, *speeds, *marks)))
    return format_html(
        '<svg class="map" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        int(WIDTH),
        int(HEIGHT),
        label,
        shapes,
    )


def _place(stop: Stop, *, is_exact: bool) -> Place:
    return (stop.longitude, stop.latitude) if is_exact else (float(int(stop.longitude)), float(int(stop.latitude)))


def _land(frame: Frame) -> SafeString:
    shapes = (" ".join(f"{x},{y}" for x, y in map(frame.at, shape)) for shape in LAND if frame.shows(shape))
    return format_html_join("", '<polygon class="land" points="{}"></polygon>', ((points,) for points in shapes))


def _net(frame: Frame) -> SafeString:
    """Meridians and parallels with their degrees."""
    meridians, parallels = graticule(frame)
    across = [(frame.at((longitude, 0.0))[0], _degrees(longitude, "E", "W")) for longitude in meridians]
    down = [(frame.at((0.0, latitude))[1], _degrees(latitude, "N", "S")) for latitude in parallels]
    return format_html(
        "{}{}",
        format_html_join(
            "", '<path class="net" d="M{0} 0V{2}"></path><text x="{0}" y="{3}" class="degrees">{1}</text>',
            ((x, words, int(HEIGHT), int(HEIGHT) - 5) for x, words in across),
        ),
        format_html_join(
            "", '<path class="net" d="M0 {0}H{2}"></path><text x="5" y="{0}" class="degrees">{1}</text>',
            ((y, words, int(WIDTH)) for y, words in down),
        ),
    )  # fmt: skip


def _degrees(value: float, above: str, below: str) -> str:
    return f"{abs(value):.0f}°{above if value > 0 else below if value < 0 else ''}"


def _line(start: Place, end: Place, leg: Leg) -> SafeString:
    kind = "leg impossible" if leg.is_impossible else "leg"
    return format_html('<path class="{}" d="M{} {}L{} {}"></path>', kind, *start, *end)


def _speed(start: Place, end: Place, leg: Leg) -> SafeString:
    """Beside the middle of a line that nobody can have travelled."""
    if not leg.is_impossible:
        return SafeString("")
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - 8
    return format_html('<text class="speed" x="{}" y="{}">{} km/h</text>', round(x), round(y), f"{leg.kmh:,.0f}")


def _marks(stays: Sequence[Stay], points: Sequence[Place]) -> list[Mark]:
    groups: list[list[int]] = []
    for place, point in enumerate(points):
        near = (group for group in groups if _distance(points[group[0]], point) < _APART)
        group = next(near, None)
        if group is None:
            groups.append([place])
        else:
            group.append(place)
    return [_mark(stays, points, group) for group in groups]


def _mark(stays: Sequence[Stay], points: Sequence[Place], group: Sequence[int]) -> Mark:
    numbers = ", ".join(str(place + 1) for place in group)
    words = "; ".join(dict.fromkeys(_place_words(stays[place].last) for place in group))
    return Mark(numbers, f"{numbers}: {words}", *points[group[0]], any(stays[place].has_this for place in group))


def _distance(one: Place, other: Place) -> float:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]))


def _drawn(mark: Mark) -> SafeString:
    wide = max(24, 10 + 8 * len(mark.numbers))
    return format_html(
        '<g class="{}"><title>{}</title><rect x="{}" y="{}" width="{}" height="24" rx="12"></rect>'
        '<text x="{}" y="{}">{}</text></g>',
        "mark this" if mark.has_this else "mark",
        mark.words,
        round(mark.across - wide / 2, 1),
        round(mark.down - 12, 1),
        wide,
        mark.across,
        round(mark.down + 5, 1),
        mark.numbers,
    )
