"""How far back the fields of entities look, in seconds of the gateways' clocks."""

from scoring.domain.windows import Window

LAG_SECONDS = 900
# Who was not seen for so long is new, and so long ago is the farthest that "first seen" goes.
MEMORY_SECONDS = 30 * 86_400
FRAUD_MEMORY_SECONDS = 90 * 86_400

# Buckets are coarser than those of accounts, for there are more entities, and some of them are busy.
MINUTE = Window(5, 12)
HOUR = Window(300, 12)
DAY = Window(3600, 24)
MONTH = Window(86_400, 30)
# Of a payment that has left this window it is known whether it was fraud. Its buckets are finer than a month's, so
# that the edge is sharp.
MATURED = Window(21_600, 29)
WINDOWS = (MINUTE, HOUR, DAY, MONTH)

Starts = tuple[int, int, int, int]


def window_starts(at: int) -> Starts:
    """Where each of WINDOWS begins that ends at this moment."""
    minute, hour, day, month = [(at // seconds - buckets + 1) * seconds for seconds, buckets in WINDOWS]
    return minute, hour, day, month
