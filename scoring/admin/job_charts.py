"""What came out of a file, as bars without a script. The same numbers stand beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from scoring.admin.plots import nice_above
from scoring.domain.jobs.results import BINS

_WIDTH, _HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 8, 16, 28
OUTCOME_WORDS = {"approve": "Approved", "review": "To be reviewed", "decline": "Declined"}


@dataclass(frozen=True, slots=True)
class Share:
    """A row of a table with its bar. `hint` may say more."""

    words: str
    count: str
    percent: str
    bar: SafeString
    hint: str = ""


def shares(
    counts: Mapping[str, int], whole: int, words: Mapping[str, str], *, limit: int | None = None
) -> list[Share]:
    """The largest first; `words` say more of some."""
    in_order = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:limit]
    return [share(name, count, whole, name, words.get(name, "")) for name, count in in_order]


def outcome_shares(counts: Mapping[str, int], whole: int) -> list[Share]:
    return [share(words, counts.get(name, 0), whole, name) for name, words in OUTCOME_WORDS.items()]


def share(words: str, count: int, whole: int, kind: str, hint: str = "") -> Share:
    part = count / whole if whole else 0.0
    bar = format_html(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="whole" width="100" height="8"></rect><rect class="{}" width="{}" height="8"></rect></svg>',
        kind if kind in OUTCOME_WORDS else "one",
        f"{100 * part:.2f}",
    )
    return Share(words, f"{count:,}", f"{part:.1%}", bar, hint)


def histogram(bins: Sequence[int], score: str) -> SafeString:
    """How many payments had a score in each twentieth."""
    top = nice_above(max(bins, default=0))
    step, height, bottom = (_WIDTH - _LEFT - _RIGHT) / BINS, _HEIGHT - _TOP - _BOTTOM, _HEIGHT - _BOTTOM
    bars = [
        (
            f"{_LEFT + place * step + 1:.1f}", f"{bottom - height * count / top:.1f}", f"{step - 2:.1f}",
            f"{height * count / top:.1f}", f"{place / BINS:.2f} to {(place + 1) / BINS:.2f}: {count:,}",
        )
        for place, count in enumerate(bins)
        if count
    ]  # fmt: skip
    return format_html(
        '<svg class="scores" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<path class="axis" d="M{} {}V{}H{}"></path>'
        '<text x="{}" y="{}" text-anchor="end">{}</text><text x="{}" y="{}" text-anchor="end">0</text>'
        '<text x="{}" y="{}">0</text><text x="{}" y="{}" text-anchor="end">1</text>{}</svg>',
        *(_WIDTH, _HEIGHT, f"{score}: how many payments had which", _LEFT, _TOP, bottom, _WIDTH - _RIGHT),
        *(_LEFT - 6, _TOP + 5, f"{top:,.0f}", _LEFT - 6, bottom),
        *(_LEFT, _HEIGHT - 8, _WIDTH - _RIGHT, _HEIGHT - 8),
        format_html_join("", '<rect class="one" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>', bars),
    )
