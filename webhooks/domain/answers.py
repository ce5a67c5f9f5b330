"""What became of one try, as a value."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Result(StrEnum):
    """Stable, for machines."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    GONE = "gone"
    TIMED_OUT = "timed_out"
    NOT_CONNECTED = "not_connected"
    NOT_RESOLVED = "not_resolved"
    ADDRESS_REFUSED = "address_refused"
    URL_REFUSED = "url_refused"
    CERTIFICATE = "certificate"
    CUT_OFF = "cut_off"
    NOT_SIGNED = "not_signed"
    WORKER_LOST = "worker_lost"


# After these the next delivery to the same endpoint would most likely wait as long for nothing.
UNREACHABLE = frozenset(
    {
        *(Result.TIMED_OUT, Result.NOT_CONNECTED, Result.NOT_RESOLVED, Result.ADDRESS_REFUSED, Result.URL_REFUSED),
        *(Result.CERTIFICATE, Result.CUT_OFF, Result.NOT_SIGNED, Result.WORKER_LOST),
    }
)
# The receiver is there and asks for patience with everything that is sent to it.
THROTTLING = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """`head` is the status line, some headers and the first characters of the body, for the log."""

    result: Result
    words: str
    status_code: int | None = None
    head: str = ""
    retry_after: timedelta | None = None
    duration_ms: int = 0

    @property
    def is_delivered(self) -> bool:
        return self.result is Result.DELIVERED

    @property
    def ends_the_round(self) -> bool:
        """The next delivery to the same endpoint had better wait."""
        return self.result in UNREACHABLE or self.result is Result.GONE or self.asks_for_patience

    @property
    def asks_for_patience(self) -> bool:
        return self.retry_after is not None and self.status_code in THROTTLING


def result_of_status(status_code: int) -> tuple[Result, str]:
    """Only 2xx is success: a redirect is not followed, since it could lead anywhere."""
    if 200 <= status_code < 300:
        return Result.DELIVERED, "The receiver accepted it."
    if 300 <= status_code < 400:
        return Result.REDIRECTED, "The receiver answered with a redirect, which is not followed. Change the URL."
    if status_code == 410:
        return Result.GONE, "The receiver said 410 Gone: it wants nothing more."
    return Result.REFUSED, f"The receiver answered {status_code}."
