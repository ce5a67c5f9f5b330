"""Sliding windows counted in buckets, so that a busy account costs no more than a quiet one.

The last hour is counted in minutes, the last 24 hours in quarters of an hour, 7 days in hours, 30 days in quarters of
a day. A window of n buckets is the payment's own bucket and the n - 1 before it, so "the last hour" reaches back
between 59 and 60 minutes.
"""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

# Bucket number, count, sum, sum of squares. One 64-bit word could overflow, so the sums are two words: high, low.
_ROW = struct.Struct("<iI4Q")
_BUCKET = struct.Struct("<i")  # the beginning of a row
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
WINDOWS = (HOUR, DAY, WEEK, MONTH)


class Tally(NamedTuple):
    """Of some payments: how many, the sum of their amounts and of the squared amounts."""

    payments: int
    total_minor: int
    total_squares: int


_Sums = tuple[int, int, int]  # a Tally without its name, which takes longer to make


@dataclass(slots=True)
class BucketCounts:
    """The payments of one window by bucket, and the sums over them all.

    `rows` has one _ROW a bucket, in ascending order, and is stored as it is. What a window counts is the sum of all
    less the few buckets it has left behind: the others need not be looked at.
    """

    window: Window
    rows: bytearray = field(default_factory=bytearray)
    payments: int = 0
    total_minor: int = 0
    total_squares: int = 0

    def add(self, at_seconds: float, amount_minor: int) -> None:
        bucket, squared = int(at_seconds // self.window.bucket_seconds), amount_minor * amount_minor
        end = self._end_of(bucket)
        start = end - _ROW.size
        if end and _bucket_at(self.rows, start) == bucket:
            count, total, squares = _sums_at(self.rows, start)
            self.rows[start:end] = _row(bucket, count + 1, total + amount_minor, squares + squared)
        else:
            self.rows[end:end] = _row(bucket, 1, amount_minor, squared)
        self.payments += 1
        self.total_minor += amount_minor
        self.total_squares += squared

    def tally(self, at_seconds: float) -> Tally:
        """Of the payments in the window that ends at this moment."""
        _, sums = self._split(at_seconds)
        return Tally(*sums)

    def reach_seconds(self, at_seconds: float) -> float | None:
        """How far back those payments go, counted from the start of the first one's bucket; None without any."""
        start, _ = self._split(at_seconds)
        if start == len(self.rows):
            return None
        return at_seconds - _bucket_at(self.rows, start) * self.window.bucket_seconds

    def forget(self, at_seconds: float) -> None:
        """Drop the buckets that the window has left behind at this moment."""
        start, sums = self._split(at_seconds)
        if start:
            del self.rows[:start]
            self.payments, self.total_minor, self.total_squares = sums

    def to_bytes(self) -> bytes:
        """The rows after a heading: their number in the place of a bucket's number, and the sums over them all."""
        rows = len(self.rows) // _ROW.size
        return _row(rows, self.payments, self.total_minor, self.total_squares) + self.rows

    @classmethod
    def read(cls, window: Window, data: bytes, start: int) -> "tuple[BucketCounts, int]":
        """What `to_bytes` wrote at this place of stored data, and where it ends."""
        first = start + _ROW.size
        end = first + _bucket_at(data, start) * _ROW.size
        return cls(window, bytearray(data[first:end]), *_sums_at(data, start)), end

    def _end_of(self, bucket: int) -> int:
        """Where the rows up to this bucket end: at the very end, unless a payment is backdated."""
        end = len(self.rows)
        while end and _bucket_at(self.rows, end - _ROW.size) > bucket:
            end -= _ROW.size
        return end

    def _split(self, at_seconds: float) -> tuple[int, _Sums]:
        """Where the rows of the window that ends at this moment begin, and the sums over them."""
        first, rows = self.window.first_bucket(at_seconds), self.rows
        start, count, total, squares = 0, self.payments, self.total_minor, self.total_squares
        if not rows or _bucket_at(rows, 0) >= first:
            return 0, (count, total, squares)
        if _bucket_at(rows, len(rows) - _ROW.size) < first:
            return len(rows), (0, 0, 0)
        while _bucket_at(rows, start) < first:
            left = _sums_at(rows, start)
            count, total, squares = count - left[0], total - left[1], squares - left[2]
            start += _ROW.size
        return start, (count, total, squares)


def _row(number: int, count: int, total: int, squares: int) -> bytes:
    return _ROW.pack(number, count, total >> 64, total & _LOW_WORD, squares >> 64, squares & _LOW_WORD)


def _bucket_at(rows: bytes | bytearray, start: int) -> int:
    number: int = _BUCKET.unpack_from(rows, start)[0]
    return number


def _sums_at(rows: bytes | bytearray, start: int) -> _Sums:
    _, count, total_high, total_low, squares_high, squares_low = _ROW.unpack_from(rows, start)
    return count, total_high << 64 | total_low, squares_high << 64 | squares_low
