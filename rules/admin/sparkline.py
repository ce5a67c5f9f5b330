"""A small picture of hits a day, with the same in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_HEIGHT, _STEP, _GAP = 28, 7, 2


@dataclass(frozen=True, slots=True)
class Bar:
    """The hits of one day. `silent` had no say."""

    day: date
    hits: int = 0
    silent: int = 0


def sparkline(bars: Sequence[Bar]) -> SafeString:
    """One bar a day, hits without a say pale on top. No scale: the highest bar is as high as the picture."""
    highest = max((bar.hits + bar.silent for bar in bars), default=0)
    shapes = [shape for place, bar in enumerate(bars) for shape in _shapes(place, bar, highest)]
    rects = format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"></rect>', shapes)
    width = len(bars) * _STEP
    return format_html(
        '<svg class="sparkline" role="img" aria-label="{0}" width="{1}" height="{2}" viewBox="0 0 {1} {2}">'
        "<title>{0}</title>{3}</svg>",
        _words(bars),
        width,
        _HEIGHT,
        rects,
    )


def _shapes(place: int, bar: Bar, highest: int) -> list[tuple[str, int, int, int, int]]:
    """A day without a hit is a thin line, so that one sees that it was looked at."""
    x, width = place * _STEP, _STEP - _GAP
    if not bar.hits + bar.silent:
        return [("none", x, _HEIGHT - 1, width, 1)]
    total = max(2, round(_HEIGHT * (bar.hits + bar.silent) / highest))
    said = round(total * bar.hits / (bar.hits + bar.silent))
    parts = [("say", x, _HEIGHT - said, width, said), ("silent", x, _HEIGHT - total, width, total - said)]
    return [part for part in parts if part[-1]]


def _words(bars: Sequence[Bar]) -> str:
    hits, silent = sum(bar.hits for bar in bars), sum(bar.silent for bar in bars)
    if not hits + silent:
        return f"No hits in {len(bars)} days"
    top = max(bars, key=lambda bar: bar.hits + bar.silent)
    without = f", {silent:,} of them without a say" if silent else ""
    most = f"{top.hits + top.silent:,} on {top.day:%-d %b}"
    return f"{hits + silent:,} hits in {len(bars)} days{without}; most: {most}"
