"""Small plots as SVG: no script, no inline style. What they show is always in a table beside them too."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 640, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 14, 28
_NICE = (1, 2, 5, 10)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Plot:
    """Both axes from 0; `x_max` and `y_max` are above 0."""

    x_max: float
    y_max: float

    def at(self, x: float, y: float) -> Point:
        """Where a value is drawn; one above `y_max` at the upper edge."""
        across, up = x / self.x_max, min(y / self.y_max, 1.0)
        return _LEFT + across * (WIDTH - _LEFT - _RIGHT), HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)

    def line(self, points: Sequence[Point], kind: str) -> SafeString:
        return format_html('<polyline class="{}" points="{}"></polyline>', kind, self._places(points))

    def area(self, lower: Sequence[Point], upper: Sequence[Point], kind: str) -> SafeString:
        places = self._places([*lower, *reversed(upper)])
        return format_html('<polygon class="{}" points="{}"></polygon>', kind, places)

    def dots(self, points: Sequence[tuple[float, float, str, str]]) -> SafeString:
        """Each with x, y, its kind and its words."""
        shapes = [(kind, *self._rounded(x, y), words) for x, y, kind, words in points]
        circle = '<circle class="{}" cx="{}" cy="{}" r="3"><title>{}</title></circle>'
        return format_html_join("", circle, shapes)

    def drawn(self, label: str, parts: Sequence[SafeString], *, x_ends: tuple[str, str], y_words: str) -> SafeString:
        """The whole picture; `label` says in words what one sees."""
        left, bottom = self._rounded(0, 0)
        right, top = self._rounded(self.x_max, self.y_max)
        axis = format_html(
            '<path class="axis" d="M{0} {2}V{1}H{3}"></path>'
            '<text x="{4}" y="{5}" text-anchor="end">{6}</text><text x="{4}" y="{1}" text-anchor="end">0</text>'
            '<text x="{0}" y="{7}">{8}</text><text x="{3}" y="{7}" text-anchor="end">{9}</text>',
            left,
            bottom,
            top,
            right,
            left - 6,
            top + 8,
            y_words,
            HEIGHT - 8,
            *x_ends,
        )
        return format_html(
            '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>',
            WIDTH,
            HEIGHT,
            label,
            axis,
            mark_safe("".join(parts)),  # noqa: S308 - made above, of numbers and escaped words
        )

    def _places(self, points: Sequence[Point]) -> str:
        return " ".join("{},{}".format(*self._rounded(x, y)) for x, y in points)

    def _rounded(self, x: float, y: float) -> Point:
        across, up = self.at(x, y)
        return round(across, 1), round(up, 1)


def nice_above(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten that is not below; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(nice * power for nice in _NICE if nice * power >= value * (1 - 1e-9))
