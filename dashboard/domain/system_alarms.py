"""When a figure's alarm opens and closes. Pure: readings in, verdict out.

It opens when every reading of the last minutes is past the limit, and closes when every one is well below it: a
figure that swings around its limit neither opens an alarm each minute nor closes it. Minutes without a reading say
nothing: an alarm that is open stays open while nobody measures.
"""

from collections.abc import Sequence
from enum import StrEnum

from dashboard.domain.system_figures import CALM_SHARE, Figure, Limit


class Step(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    STAY = "stay"


def next_step(values: Sequence[float], limit: Limit, *, is_open: bool) -> Step:
    """`values` are the readings of the last `limit.minutes` minutes, as many as there are, in any order."""
    if limit.value is None:  # somebody has taken the limit away
        return Step.CLOSE if is_open else Step.STAY
    if len(values) < limit.minutes:
        return Step.STAY
    threshold = limit.value
    if is_open:
        return Step.CLOSE if all(value < threshold * CALM_SHARE for value in values) else Step.STAY
    return Step.OPEN if all(value >= threshold for value in values) else Step.STAY


def opened_words(figure: Figure, subject: str, value: float, limit: Limit) -> str:
    """What happened and what to do: "Disk in use of bank-1: 93.5 %, past 90 % for 5 minutes. Make room…"."""
    whose = f" ({subject})" if subject else ""
    if not figure.unit:
        return f"{figure.words}{whose}, for {limit.minutes} minutes. {figure.advice}"
    return (
        f"{figure.words}{whose}: {figure.told(value)}. The limit of {figure.told(limit.value or 0)} has been passed "
        f"for {limit.minutes} minutes. {figure.advice}"
    )


def closed_words(figure: Figure, subject: str, value: float, minutes: int) -> str:
    whose = f" ({subject})" if subject else ""
    told = f" Now: {figure.told(value)}." if figure.unit else ""
    return f"Over, after {minutes} minutes: {figure.words.lower()}{whose}.{told}"
