"""An account's recent past, small enough to keep in Redis, and the features read from it.

`AccountHistory` is a fold over the account's recorded payments in the order of their `seq`. It is the only
implementation: live decisions, replay, training and the rebuild from the ledger all use it.

Time. Gateways' clocks differ a little, so each payment has an effective time that never runs backwards:
the later of its own time and the account's latest, as long as it lags by no more than SKEW_SECONDS. A payment that
lags more is backdated: it is described from the ledger's rows up to its own time (see `is_backdated`).
A payment sees those recorded before it whose effective time is not later than its own.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from math import isnan, nan
from operator import itemgetter

from scoring.domain.windows import HEADING, WINDOWS, Tally, Window, WindowCounts
from sentinel.core.values import value

SKEW_SECONDS = 300
MERCHANT_MEMORY_SECONDS = 90 * 86_400
PLACE_MEMORY_SECONDS = 30 * 86_400

# How far back the ledger must be read to rebuild a history.
REACH_SECONDS = MERCHANT_MEMORY_SECONDS + 86_400

_FORMAT_VERSION = 3  # of the stored state, its first byte; a state of another version is rebuilt from the ledger
# Version, seq, latest moment, place (latitude, longitude, moment), number of merchants, windows. NaN where missing.
_HEAD = struct.Struct(f"<BQ4dI{HEADING}")
_NO_PLACE = (nan, nan, nan)


@value
class PastPayment:
    """What a history keeps of one recorded payment, whatever its outcome. Time in seconds since the epoch.

    A payment that brings money in (a top-up) takes a seq but counts in no window.
    """

    seq: int
    occurred_at_seconds: float
    amount_minor: int
    merchant_id: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    takes_money_out: bool = True


@dataclass(slots=True)
class AccountHistory:
    """State after the payment number `seq`; `seq` 0 is an account without payments."""

    seq: int = 0
    latest_seconds: float | None = None
    counts: WindowCounts = field(default_factory=WindowCounts)
    merchants: dict[int, float] = field(default_factory=dict)  # merchant hash -> last seen, in the order of that
    place: tuple[float, float, float] | None = None  # latitude, longitude, seconds of the last located payment

    @classmethod
    def of(cls, payments: Iterable[PastPayment]) -> "AccountHistory":
        """The history of payments given in the order of their seq."""
        history = cls()
        for payment in payments:
            history.add(payment)
        return history

    def is_backdated(self, at_seconds: float) -> bool:
        return self.latest_seconds is not None and at_seconds < self.latest_seconds - SKEW_SECONDS

    def effective_seconds(self, at_seconds: float) -> float:
        if self.latest_seconds is None or self.is_backdated(at_seconds):
            return at_seconds
        return max(at_seconds, self.latest_seconds)

    def add(self, payment: PastPayment) -> None:
        """Bring the history up to date with the next recorded payment."""
        self.seq = payment.seq
        if not payment.takes_money_out:
            return
        at_seconds = self.effective_seconds(payment.occurred_at_seconds)
        is_latest = self.latest_seconds is None or at_seconds > self.latest_seconds
        if is_latest:
            self.counts.forget(at_seconds)
        self.counts.add(at_seconds, payment.amount_minor)
        if payment.merchant_id is not None:
            self._see(merchant_key(payment.merchant_id), at_seconds)
        self._move_to(payment.latitude, payment.longitude, at_seconds)
        if is_latest:
            self.latest_seconds = at_seconds
            self._forget_merchants(at_seconds)

    def tallies(self, at_seconds: float) -> list[Tally]:
        """Of the payments in each of WINDOWS that ends at this moment."""
        return self.counts.tallies(at_seconds)

    def reach_days(self, window: Window, at_seconds: float) -> float | None:
        """How far back the payments in the window go, counted from the start of the first one's bucket."""
        seconds = self.counts.reach_seconds(window, at_seconds)
        return None if seconds is None else seconds / 86_400

    def merchants_seen(self, at_seconds: float) -> list[int]:
        """How many different ones in each of WINDOWS that ends at this moment."""
        seen = list(self.merchants.values())
        return [
            len(seen) - bisect_left(seen, window.first_bucket(at_seconds) * window.bucket_seconds)
            for window in WINDOWS
        ]

    def knows_merchant(self, merchant_id: str, at_seconds: float) -> bool:
        seen = self.merchants.get(merchant_key(merchant_id))
        return seen is not None and seen >= at_seconds - MERCHANT_MEMORY_SECONDS

    def _see(self, key: int, at_seconds: float) -> None:
        self.merchants[key] = max(at_seconds, self.merchants.pop(key, at_seconds))
        if self.latest_seconds is not None and at_seconds < self.latest_seconds:  # backdated: not the last one seen
            self.merchants = dict(sorted(self.merchants.items(), key=itemgetter(1)))

    def _move_to(self, latitude: float | None, longitude: float | None, at_seconds: float) -> None:
        if latitude is None or longitude is None:
            return
        if self.place is None or at_seconds >= self.place[2]:
            self.place = (latitude, longitude, at_seconds)

    def _forget_merchants(self, at_seconds: float) -> None:
        """Drop those that no window can reach any more, so that the state stays bounded in time."""
        oldest = at_seconds - MERCHANT_MEMORY_SECONDS
        while self.merchants and next(iter(self.merchants.values())) < oldest:
            del self.merchants[next(iter(self.merchants))]

    def to_bytes(self) -> bytes:
        """The state as it is kept in Redis."""
        latest = nan if self.latest_seconds is None else self.latest_seconds
        place, merchants = self.place or _NO_PLACE, len(self.merchants)
        head = _HEAD.pack(_FORMAT_VERSION, self.seq, latest, *place, merchants, *self.counts.headings())
        numbers = _merchants_struct(merchants).pack(*self.merchants, *self.merchants.values())
        return b"".join([head, *self.counts.rows, numbers])

    @classmethod
    def from_bytes(cls, data: bytes) -> "AccountHistory | None":
        """The stored state, or None when it was stored by another version of this code."""
        if data[0] != _FORMAT_VERSION:
            return None
        _, seq, latest, latitude, longitude, since, merchants, *headings = _HEAD.unpack_from(data)
        counts, end = WindowCounts.read(headings, data, _HEAD.size)
        numbers = _merchants_struct(merchants).unpack_from(data, end)
        return cls(
            seq,
            None if isnan(latest) else latest,
            counts,
            dict(zip(numbers[:merchants], numbers[merchants:], strict=True)),
            None if isnan(latitude) else (latitude, longitude, since),
        )


def merchant_key(merchant_id: str) -> int:
    """A 64-bit name of a merchant."""
    return int.from_bytes(blake2b(merchant_id.encode(), digest_size=8).digest())


@lru_cache(maxsize=256)
def _merchants_struct(merchants: int) -> struct.Struct:
    """All keys, then when each was last seen."""
    return struct.Struct(f"<{merchants}Q{merchants}d")
