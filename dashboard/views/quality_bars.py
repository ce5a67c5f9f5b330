"""Small pictures of the last days: a bar a day, of which a part may stand out."""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_HEIGHT, _STEP, _GAP = 28, 8, 2

Heights = tuple[float, float]  # of the whole bar, and of the part at its foot; at most 1


def day_bars(words: str, days: Sequence[Heights | None]) -> SafeString:
    """A day without anything is a thin line, so that one sees that it was looked at."""
    shapes = [shape for place, heights in enumerate(days) for shape in _shapes(place, heights)]
    rects = format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"></rect>', shapes)
    return format_html(
        '<svg class="day-bars" role="img" aria-label="{0}" width="{1}" height="{2}" viewBox="0 0 {1} {2}">'
        "<title>{0}</title>{3}</svg>",
        words,
        max(len(days), 1) * _STEP,
        _HEIGHT,
        rects,
    )


def _shapes(place: int, heights: Heights | None) -> list[tuple[str, int, int, int, int]]:
    x, width = place * _STEP, _STEP - _GAP
    if heights is None or heights[0] <= 0:
        return [("none", x, _HEIGHT - 1, width, 1)]
    whole, part = (round(_HEIGHT * min(height, 1.0)) for height in heights)
    whole, part = max(whole, 2), max(part, 2) if heights[1] > 0 else 0
    parts = [("whole", x, _HEIGHT - whole, width, whole - part), ("part", x, _HEIGHT - part, width, part)]
    return [shape for shape in parts if shape[-1] > 0]
