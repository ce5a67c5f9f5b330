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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from math import inf, isnan, nan
from operator import itemgetter
from typing import Any

from ledger.domain.payments import PaymentRequest
from scoring.domain.habits import is_high
from scoring.domain.windows import DAY, FORTNIGHT, HEADING, MONTH, WEEK, WINDOWS, Tally, Window, WindowCounts
from sentinel.core.values import value

SKEW_SECONDS = 300
MERCHANT_MEMORY_SECONDS = 90 * 86_400
COMPANY_MEMORY_SECONDS = MERCHANT_MEMORY_SECONDS
COMPANY_MAX = 64  # of devices, IP addresses, cards, countries and receiving accounts together, the last ones seen
PEAKS_MAX = 64
HIGH_MAX = 64
HIGH_WINDOWS = (DAY, WEEK, FORTNIGHT)
PLACE_MEMORY_SECONDS = 30 * 86_400

# How far back the ledger must be read to rebuild a history.
REACH_SECONDS = MERCHANT_MEMORY_SECONDS + 86_400

_FORMAT_VERSION = 5  # of the stored state, its first byte; a state of another version is rebuilt from the ledger
# Version, seq, latest moment, place (latitude, longitude, moment), windows; numbers of merchants, of company, of
# peaks and of high payments. NaN where missing.
_HEAD = struct.Struct(f"<BQ4d4I{HEADING}")
_NO_PLACE = (nan, nan, nan)
_MONTH = WINDOWS.index(MONTH)


class Company(IntEnum):
    """What an account's payments come with: its device, its address, and so on."""

    DEVICE = 0
    IP_ADDRESS = 1
    CARD = 2
    COUNTRY = 3
    COUNTERPARTY = 4


_KIND_BITS = 7  # the lowest bits of a key in `company` say which kind it is


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
    device_id: str | None = None
    ip_address: str | None = None
    card_token: str | None = None
    location_country: str | None = None
    counterparty_account_id: str | None = None

    @classmethod
    def of(cls, request: PaymentRequest, seq: int) -> "PastPayment":
        return cls(
            seq=seq,
            occurred_at_seconds=request.occurred_at.timestamp(),
            amount_minor=request.amount_minor,
            merchant_id=request.merchant_id,
            latitude=request.latitude,
            longitude=request.longitude,
            takes_money_out=request.transaction_type.takes_money_out,
            device_id=request.device_id,
            ip_address=request.ip_address,
            card_token=request.card_token,
            location_country=request.location_country,
            counterparty_account_id=request.counterparty_account_id,
        )


@dataclass(slots=True)
class AccountHistory:
    """State after the payment number `seq`; `seq` 0 is an account without payments."""

    seq: int = 0
    latest_seconds: float | None = None
    counts: WindowCounts = field(default_factory=WindowCounts)
    merchants: dict[int, float] = field(default_factory=dict)  # merchant hash -> last seen, in the order of that
    place: tuple[float, float, float] | None = None  # latitude, longitude, seconds of the last located payment
    company: dict[int, float] = field(default_factory=dict)  # hash and kind -> last seen, in the order of that
    # Moment and amount of the payments that no later one has reached: the first of a window is its largest.
    peaks: list[tuple[float, int]] = field(default_factory=list)
    # When payments were made whose amounts were high for the account at their time: the last ones of a fortnight.
    high: list[float] = field(default_factory=list)

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
        if not self.is_backdated(payment.occurred_at_seconds):
            self._note_high(payment.amount_minor, at_seconds)
        if is_latest:
            self.counts.forget(at_seconds)
        self.counts.add(at_seconds, payment.amount_minor)
        if payment.merchant_id is not None:
            self._see(merchant_key(payment.merchant_id), at_seconds)
        self._keep_company(payment, at_seconds)
        self._rise_to(payment.amount_minor, at_seconds)
        self._move_to(payment.latitude, payment.longitude, at_seconds)
        if is_latest:
            self.latest_seconds = at_seconds
            _forget_before(self.merchants, at_seconds - MERCHANT_MEMORY_SECONDS)
            _forget_before(self.company, at_seconds - COMPANY_MEMORY_SECONDS)

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

    def knows(self, kind: Company, name: str, at_seconds: float) -> bool:
        seen = self.company.get(company_key(kind, name))
        return seen is not None and seen >= at_seconds - COMPANY_MEMORY_SECONDS

    def company_seen(self, window: Window, at_seconds: float) -> list[int]:
        """How many different ones of each kind in a window that ends at this moment."""
        counts = [0] * len(Company)
        since = window.first_bucket(at_seconds) * window.bucket_seconds
        for key, seen in reversed(self.company.items()):
            if seen < since:
                break
            counts[key & _KIND_BITS] += 1
        return counts

    def largest_minor(self, window: Window, at_seconds: float) -> int | None:
        """The largest amount in a window that ends at this moment."""
        since = window.first_bucket(at_seconds) * window.bucket_seconds
        place = bisect_left(self.peaks, (since, 0))
        return self.peaks[place][1] if place < len(self.peaks) else None

    def high_payments(self, at_seconds: float) -> list[int]:
        """How many were high for the account at their time, in each of HIGH_WINDOWS that ends at this moment."""
        if not self.high:
            return [0] * len(HIGH_WINDOWS)
        starts = [window.first_bucket(at_seconds) * window.bucket_seconds for window in HIGH_WINDOWS]
        return [len(self.high) - bisect_left(self.high, start) for start in starts]

    def _note_high(self, amount_minor: int, at_seconds: float) -> None:
        if is_high(amount_minor, self.counts.tallies(at_seconds)[_MONTH]):
            oldest = FORTNIGHT.first_bucket(at_seconds) * FORTNIGHT.bucket_seconds
            kept = [moment for moment in self.high if moment >= oldest]
            self.high = [*kept, at_seconds][-HIGH_MAX:]

    def _see(self, key: int, at_seconds: float) -> None:
        self.merchants = self._seen(self.merchants, key, at_seconds)

    def _keep_company(self, payment: PastPayment, at_seconds: float) -> None:
        for kind, name in (
            (Company.DEVICE, payment.device_id),
            (Company.IP_ADDRESS, payment.ip_address),
            (Company.CARD, payment.card_token),
            (Company.COUNTRY, payment.location_country),
            (Company.COUNTERPARTY, payment.counterparty_account_id),
        ):
            if name is not None:
                self.company = self._seen(self.company, company_key(kind, name), at_seconds)
        while len(self.company) > COMPANY_MAX:
            del self.company[next(iter(self.company))]

    def _seen(self, known: dict[int, float], key: int, at_seconds: float) -> dict[int, float]:
        known[key] = max(at_seconds, known.pop(key, at_seconds))
        if self.latest_seconds is not None and at_seconds < self.latest_seconds:  # backdated: not the last one seen
            return dict(sorted(known.items(), key=itemgetter(1)))
        return known

    def _rise_to(self, amount_minor: int, at_seconds: float) -> None:
        later = bisect_left(self.peaks, (at_seconds, inf))
        if later < len(self.peaks) and self.peaks[later][1] >= amount_minor:  # backdated, and reached since
            return
        first = later
        while first and self.peaks[first - 1][1] <= amount_minor:
            first -= 1
        self.peaks[first:later] = [(at_seconds, amount_minor)]
        oldest = self.peaks[-1][0] - MONTH.buckets * MONTH.bucket_seconds
        while self.peaks[0][0] < oldest:
            del self.peaks[0]
        if len(self.peaks) > PEAKS_MAX:  # so many falling amounts are rare: the last step is told too high
            (_, higher), (moment, _) = self.peaks[-2:]
            self.peaks[-2:] = [(moment, higher)]

    def _move_to(self, latitude: float | None, longitude: float | None, at_seconds: float) -> None:
        if latitude is None or longitude is None:
            return
        if self.place is None or at_seconds >= self.place[2]:
            self.place = (latitude, longitude, at_seconds)

    def to_bytes(self) -> bytes:
        """The state as it is kept in Redis."""
        latest = nan if self.latest_seconds is None else self.latest_seconds
        place = self.place or _NO_PLACE
        numbers = len(self.merchants), len(self.company), len(self.peaks), len(self.high)
        head = _HEAD.pack(_FORMAT_VERSION, self.seq, latest, *place, *numbers, *self.counts.headings())
        moments, amounts = zip(*self.peaks, strict=True) if self.peaks else ((), ())
        tail = _tail_struct(*numbers).pack(
            *self.merchants,
            *self.merchants.values(),
            *self.company,
            *self.company.values(),
            *moments,
            *amounts,
            *self.high,
        )
        return b"".join([head, *self.counts.rows, tail])

    @classmethod
    def from_bytes(cls, data: bytes) -> "AccountHistory | None":
        """The stored state, or None when it was stored by another version of this code."""
        if data[0] != _FORMAT_VERSION:
            return None
        _, seq, latest, latitude, longitude, since, *numbers_of = _HEAD.unpack_from(data)
        merchants, company, peaks, high, *headings = numbers_of
        counts, end = WindowCounts.read(headings, data, _HEAD.size)
        numbers = iter(_tail_struct(merchants, company, peaks, high).unpack_from(data, end))

        def take(count: int) -> Iterator[Any]:
            return islice(numbers, count)

        return cls(
            seq,
            None if isnan(latest) else latest,
            counts,
            dict(zip([*take(merchants)], take(merchants), strict=True)),
            None if isnan(latitude) else (latitude, longitude, since),
            dict(zip([*take(company)], take(company), strict=True)),
            list(zip([*take(peaks)], take(peaks), strict=True)),
            [*take(high)],
        )


def merchant_key(merchant_id: str) -> int:
    """A 64-bit name of a merchant."""
    return hash64(merchant_id)


@lru_cache(maxsize=65_536)
def hash64(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def company_key(kind: Company, name: str) -> int:
    return hash64(name) & ~_KIND_BITS | kind


def _forget_before(known: dict[int, float], oldest: float) -> None:
    """Drop what no window can reach any more, so that the state stays bounded in time."""
    while known and next(iter(known.values())) < oldest:
        del known[next(iter(known))]


@lru_cache(maxsize=4096)
def _tail_struct(merchants: int, company: int, peaks: int, high: int) -> struct.Struct:
    """All keys of the merchants, then when each was last seen; the company likewise; peaks: moments, then amounts;
    high: moments.
    """
    return struct.Struct(f"<{merchants}Q{merchants}d{company}Q{company}d{peaks}d{peaks}Q{high}d")
