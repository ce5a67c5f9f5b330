"""When to try again, and how long to wait before."""

import random

TRIES = 5
WAIT_SECONDS_FIRST, WAIT_SECONDS_MAX = 0.25, 8.0
_AGAIN = frozenset({429, 500, 502, 503, 504})


def is_worth_another_try(status: int, *, has_retry_after: bool) -> bool:
    """A conflict only when the service says that it passes: a key whose first request still runs, a busy account."""
    return status in _AGAIN or (status == 409 and has_retry_after)


def wait_seconds(tried: int, retry_after: str | None, chance: float) -> float:
    """After so many tries. Doubling, half of it by chance (0 to 1), so that many clients do not come together."""
    growing = min(WAIT_SECONDS_FIRST * 2.0 ** (tried - 1), WAIT_SECONDS_MAX) * (0.5 + chance / 2)
    asked = float(retry_after) if retry_after and retry_after.isdecimal() else 0.0
    return max(asked, growing)


def chance() -> float:
    return random.random()  # noqa: S311 - spreads clients out, and hides nothing
