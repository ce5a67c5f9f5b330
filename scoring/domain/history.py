"""An account's recent past, small enough to keep in Redis, and the features read from it.

`AccountHistory` is a fold over the account's recorded payments in the order of their `seq`. It is the only
implementation: live decisions, replay, training and the rebuild from the ledger all use it.

Windows are counted in buckets, so that a busy account costs no more than a quiet one: the last hour in minutes, the
last 24 hours in quarters of an hour, 7 days in hours, 30 days in quarters of a day. A window of n buckets is the
payment's own bucket and the n - 1 before it, so "the last hour" reaches back between 59 and 60 minutes.

Time. Gateways' clocks differ a little, so each payment has an effective time that never runs backwards:
the later of its own time and the account's latest, as long as it lags by no more than SKEW_SECONDS. A payment that
lags more is backdated: it is described from the ledger's rows up to its own time (see `is_backdated`).
A payment sees those recorded before it whose effective time is not later than its own.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

SKEW_SECONDS = 300
MERCHANT_MEMORY_SECONDS = 90 * 86_400
PLACE_MEMORY_SECONDS = 30 * 86_400

_FORMAT_VERSION = 1  # of the stored state; a state of another version is rebuilt from the ledger


@dataclass(frozen=True, slots=True)
class Window:
    """A sliding window of `buckets` buckets of `bucket_seconds` each; buckets are aligned to the epoch."""

    bucket_seconds: int
    buckets: int

    def first_bucket(self, at_seconds: float) -> int:
        return int(at_seconds // self.bucket_seconds) - self.buckets + 1


HOUR = Window(60, 60)
DAY = Window(900, 96)
WEEK = Window(3600, 168)
MONTH = Window(21_600, 120)
WINDOWS = (HOUR, DAY, WEEK, MONTH)

# How far back the ledger must be read to rebuild a history.
REACH_SECONDS = MERCHANT_MEMORY_SECONDS + 86_400


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Tally:
    count: int = 0
    total_minor: int = 0
    total_squares: int = 0


@dataclass(slots=True)
class AccountHistory:
    """State after the payment number `seq`; `seq` 0 is an account without payments."""

    seq: int = 0
    latest_seconds: float | None = None
    # For each of WINDOWS, bucket number -> [count, sum of amounts, sum of squared amounts].
    buckets: tuple[dict[int, list[int]], ...] = field(default_factory=lambda: tuple({} for _ in WINDOWS))
    merchants: dict[int, float] = field(default_factory=dict)  # merchant hash -> last seen
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
        self._count(at_seconds, payment.amount_minor)
        if payment.merchant_id is not None:
            key = merchant_key(payment.merchant_id)
            self.merchants[key] = max(at_seconds, self.merchants.get(key, at_seconds))
        self._move_to(payment.latitude, payment.longitude, at_seconds)
        if self.latest_seconds is None or at_seconds > self.latest_seconds:
            self.latest_seconds = at_seconds
            self._forget(at_seconds)

    def tally(self, window: Window, at_seconds: float) -> Tally:
        """Count, sum and sum of squares of the payments in the window that ends at this moment."""
        first = window.first_bucket(at_seconds)
        count = total = squares = 0
        for bucket, sums in self.buckets[WINDOWS.index(window)].items():
            if bucket >= first:
                count += sums[0]
                total += sums[1]
                squares += sums[2]
        return Tally(count, total, squares)

    def reach_days(self, window: Window, at_seconds: float) -> float | None:
        """How far back the payments in the window go, counted from the start of the first one's bucket."""
        first = window.first_bucket(at_seconds)
        counted = [bucket for bucket in self.buckets[WINDOWS.index(window)] if bucket >= first]
        return (at_seconds - min(counted) * window.bucket_seconds) / 86_400 if counted else None

    def merchants_seen(self, window: Window, at_seconds: float) -> int:
        since = window.first_bucket(at_seconds) * window.bucket_seconds
        return sum(1 for seen in self.merchants.values() if seen >= since)

    def knows_merchant(self, merchant_id: str, at_seconds: float) -> bool:
        seen = self.merchants.get(merchant_key(merchant_id))
        return seen is not None and seen >= at_seconds - MERCHANT_MEMORY_SECONDS

    def _move_to(self, latitude: float | None, longitude: float | None, at_seconds: float) -> None:
        if latitude is None or longitude is None:
            return
        if self.place is None or at_seconds >= self.place[2]:
            self.place = (latitude, longitude, at_seconds)

    def _count(self, at_seconds: float, amount_minor: int) -> None:
        for window, counted in zip(WINDOWS, self.buckets, strict=True):
            sums = counted.setdefault(int(at_seconds // window.bucket_seconds), [0, 0, 0])
            sums[0] += 1
            sums[1] += amount_minor
            sums[2] += amount_minor * amount_minor

    def _forget(self, at_seconds: float) -> None:
        """Drop what no window can reach any more, so that the state stays bounded in time."""
        for window, counted in zip(WINDOWS, self.buckets, strict=True):
            first = window.first_bucket(at_seconds)
            for bucket in [bucket for bucket in counted if bucket < first]:
                del counted[bucket]
        oldest = at_seconds - MERCHANT_MEMORY_SECONDS
        if any(seen < oldest for seen in self.merchants.values()):
            self.merchants = {key: seen for key, seen in self.merchants.items() if seen >= oldest}

    def to_bytes(self) -> bytes:
        """The state as it is kept in Redis. Sums of squares outgrow 64 bits, so plain JSON it is."""
        state = [
            _FORMAT_VERSION,
            self.seq,
            self.latest_seconds,
            [[[bucket, *sums] for bucket, sums in counted.items()] for counted in self.buckets],
            list(self.merchants.items()),
            self.place,
        ]
        return json.dumps(state, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "AccountHistory | None":
        """The stored state, or None when it was stored by another version of this code."""
        version, *state = json.loads(data)
        if version != _FORMAT_VERSION:
            return None
        seq, latest_seconds, buckets, merchants, place = state
        return cls(
            seq=seq,
            latest_seconds=latest_seconds,
            buckets=tuple({bucket: sums for bucket, *sums in counted} for counted in buckets),
            merchants=dict(merchants),
            place=tuple(place) if place else None,
        )


def merchant_key(merchant_id: str) -> int:
    """A 53-bit name of a merchant, so that it stays exact wherever JSON numbers go."""
    return int.from_bytes(blake2b(merchant_id.encode(), digest_size=8).digest()) >> 11
