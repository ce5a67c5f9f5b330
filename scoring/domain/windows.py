"""Sliding windows counted in buckets, so that a busy account costs no more than a quiet one.

The last minute is counted in steps of five seconds, the last hour in minutes, the last 24 hours in quarters of an
hour, 7 days in hours, 30 days in quarters of a day. A window of n buckets is the payment's own bucket and the n - 1
before it, so "the last hour" reaches back between 59 and 60 minutes.
"""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

# Bucket number, count, sum, sum of squares. One 64-bit word could overflow, so the sums are two words: high, low.
_ROW = struct.Struct("<iI4Q")
_SIZE = _ROW.size
_bucket_at = struct.Struct("<i").unpack_from  # the beginning of a row
_LOW_WORD = (1 << 64) - 1


class Window(NamedTuple):
    """The last `buckets` buckets of `bucket_seconds` each; buckets are aligned to the epoch."""

    bucket_seconds: int
    buckets: int

    def first_bucket(self, at_seconds: float) -> int:
        return int(at_seconds // self.bucket_seconds) - self.buckets + 1


HOUR = Window(60, 60)
DAY = Window(900, 96)
WEEK = Window(3600, 168)
MONTH = Window(21_600, 120)
MINUTE = Window(5, 12)
WINDOWS = (HOUR, DAY, WEEK, MONTH, MINUTE)
FORTNIGHT = Window(21_600, 56)
TEN_MINUTES = Window(60, 10)  # the last buckets of the hour

# As a heading of stored data: of each window the number of rows, payments, sum, sum of squares.
HEADING = "iI4Q" * len(WINDOWS)


class Tally(NamedTuple):
    """Of some payments: how many, the sum of their amounts and of the squared amounts."""

    payments: int
    total_minor: int
    total_squares: int


_NOTHING = Tally(0, 0, 0)


@dataclass(slots=True)
class WindowCounts:
    """The payments of each of WINDOWS by bucket, and the sums over its buckets.

    A window's rows are one _ROW a bucket, in ascending order, and are stored as they are. What it counts is the sum
    of all less the few buckets it has left behind: the others need not be looked at.
    """

    rows: list[bytearray] = field(default_factory=lambda: [bytearray() for _ in WINDOWS])
    sums: list[Tally] = field(default_factory=lambda: [_NOTHING] * len(WINDOWS))
    # The moment that was last asked for: a payment is described and then added at the same one.
    _moment: float | None = field(default=None, compare=False)
    _at_moment: list[tuple[int, Tally]] = field(default_factory=list, compare=False)

    def tallies(self, at_seconds: float) -> list[Tally]:
        """Of the payments in each window that ends at this moment."""
        return [tally for _, tally in self._at(at_seconds)]

    def reach_seconds(self, window: Window, at_seconds: float) -> float | None:
        """How far back those of one window go, counted from the start of the first one's bucket; None without any."""
        place = WINDOWS.index(window)
        start, rows = self._at(at_seconds)[place][0], self.rows[place]
        if start == len(rows):
            return None
        first: int = _bucket_at(rows, start)[0]
        return at_seconds - first * window.bucket_seconds

    def tally_of_ten_minutes(self, at_seconds: float) -> tuple[int, int]:
        """Payments and their sum. An hour has so few buckets that the last ones are added up."""
        rows, first = self.rows[0], TEN_MINUTES.first_bucket(at_seconds)
        payments = total = 0
        for start in range(len(rows) - _SIZE, -1, -_SIZE):
            bucket, count, high, low, _, _ = _ROW.unpack_from(rows, start)
            if bucket < first:
                break
            payments, total = payments + count, total + (high << 64 | low)
        return payments, total

    def add(self, at_seconds: float, amount_minor: int) -> None:
        squared = amount_minor * amount_minor
        for place, (bucket_seconds, _) in enumerate(WINDOWS):
            payments, total, squares = self.sums[place]
            self.sums[place] = Tally(payments + 1, total + amount_minor, squares + squared)
            _add(self.rows[place], int(at_seconds // bucket_seconds), amount_minor, squared)
        self._moment = None

    def forget(self, at_seconds: float) -> None:
        """Drop the buckets that the windows have left behind at this moment."""
        for place, (start, tally) in enumerate(self._at(at_seconds)):
            if start:
                del self.rows[place][:start]
                self.sums[place] = tally
        self._moment = None

    def headings(self) -> list[int]:
        """Of each window: its number of rows, and its sums, as HEADING takes them."""
        numbers: list[int] = []
        for rows, (payments, total, squares) in zip(self.rows, self.sums, strict=True):
            numbers += len(rows) // _SIZE, payments, *_words(total), *_words(squares)
        return numbers

    @classmethod
    def read(cls, headings: list[int], data: bytes, start: int) -> "tuple[WindowCounts, int]":
        """From the headings, and stored data that have all rows at this place; and where these end."""
        rows, sums = [], []
        for number, payments, total_high, total_low, squares_high, squares_low in zip(
            *[iter(headings)] * 6, strict=True
        ):
            end = start + number * _SIZE
            rows.append(bytearray(data[start:end]))
            sums.append(Tally(payments, total_high << 64 | total_low, squares_high << 64 | squares_low))
            start = end
        return cls(rows, sums), start

    def _at(self, at_seconds: float) -> list[tuple[int, Tally]]:
        """Where the rows of each window that ends at this moment begin, and their sums."""
        if at_seconds != self._moment:
            self._moment = at_seconds
            self._at_moment = [
                (0, sums)
                if not rows or _bucket_at(rows)[0] >= (first := window.first_bucket(at_seconds))
                else _without_earlier(rows, sums, first)
                for window, rows, sums in zip(WINDOWS, self.rows, self.sums, strict=True)
            ]
        return self._at_moment


def _add(rows: bytearray, bucket: int, amount_minor: int, squared: int) -> None:
    end = len(rows)
    while end and _bucket_at(rows, end - _SIZE)[0] > bucket:  # backdated
        end -= _SIZE
    start = end - _SIZE
    if end and _bucket_at(rows, start)[0] == bucket:
        _, count, total_high, total_low, squares_high, squares_low = _ROW.unpack_from(rows, start)
        total, squares = total_high << 64 | total_low, squares_high << 64 | squares_low
        _ROW.pack_into(rows, start, bucket, count + 1, *_words(total + amount_minor), *_words(squares + squared))
    else:
        rows[end:end] = _ROW.pack(bucket, 1, 0, amount_minor, *_words(squared))


def _without_earlier(rows: bytearray, sums: Tally, first: int) -> tuple[int, Tally]:
    """Where the rows from a bucket on begin, and their sums: those of all less those of the earlier ones."""
    if _bucket_at(rows, len(rows) - _SIZE)[0] < first:
        return len(rows), _NOTHING
    payments, total, squares = sums
    for start in range(0, len(rows), _SIZE):  # pragma: no branch - the last row is none of the earlier ones
        bucket, count, total_high, total_low, squares_high, squares_low = _ROW.unpack_from(rows, start)
        if bucket >= first:
            break
        payments, total = payments - count, total - (total_high << 64 | total_low)
        squares -= squares_high << 64 | squares_low
    return start, Tally(payments, total, squares)


def _words(number: int) -> tuple[int, int]:
    return number >> 64, number & _LOW_WORD
