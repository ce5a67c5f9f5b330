"""When a delivery is tried again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

RETRY_AFTER_MAX = timedelta(hours=24)
# Deliveries that failed together do not all come again together.
JITTER = 0.1


def next_attempt_at(
    *, failures: int, schedule_seconds: Sequence[int], chance: float, retry_after: timedelta | None, now: datetime
) -> datetime | None:
    """The moment of the next try after so many failures; None when there is none.

    `schedule_seconds` are the waits before each try, the first one included; `chance` from 0 to 1 spreads by up to a
    tenth. The receiver may ask for more patience, not for less.
    """
    if failures >= len(schedule_seconds):
        return None
    wait = timedelta(seconds=schedule_seconds[failures] * (1 + JITTER * chance))
    return now + max(wait, min(retry_after or timedelta(0), RETRY_AFTER_MAX))


def retry_after_of(header: str, now: datetime) -> timedelta | None:
    """What a Retry-After header asks for: seconds or an HTTP date. None when it says nothing that can be read."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text)) if len(text) < 10 else RETRY_AFTER_MAX
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(moment - now, timedelta(0))
    except (ValueError, OverflowError):  # a receiver may write anything there
        return None
