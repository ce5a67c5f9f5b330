"""How long decisions take, counted in bands of time, each nine per cent wider than the last. Pure.

Counts need no more room the more payments there are, and any percentile can be read from them, to five per cent.
"""

from collections.abc import Mapping
from math import log2

PER_DOUBLING = 8
FIRST_MS = 0.1
# Some 26 seconds: longer than any payment may take.
BAND_MAX = 18 * PER_DOUBLING


def band_of(milliseconds: float) -> int:
    """The band in which a time lies; what is shorter or longer than all is in the first or the last."""
    if milliseconds <= FIRST_MS:
        return 0
    return min(round(PER_DOUBLING * log2(milliseconds / FIRST_MS)), BAND_MAX)


def milliseconds_of(band: int) -> float:
    """The middle of a band."""
    return FIRST_MS * float(2 ** (band / PER_DOUBLING))


def percentile_ms(payments_by_band: Mapping[int, int], share: float) -> float | None:
    """The time within which at least this share of the payments was decided; None without payments."""
    wanted, reached = share * sum(payments_by_band.values()), 0
    for band in sorted(payments_by_band):
        reached += payments_by_band[band]
        if reached and reached >= wanted:
            return milliseconds_of(band)
    return None
