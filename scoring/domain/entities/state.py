"""What comes of an entity's records: its payments of the last month, whom it was seen with, and its labels."""

import os
import struct
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from scoring.domain.entities.labels import LABEL_SIZE, Labels, Said
from scoring.domain.entities.partners import Partners
from scoring.domain.entities.reach import DAY, HOUR, MATURED, MEMORY_SECONDS, MINUTE, MONTH
from scoring.domain.entities.records import LABEL, PAYMENT, RECORD, RECORD_SIZE

RECORDS_MAX = 16  # behind a base; a record is no larger than its row in one, but rows are forgotten and merged
_ROWS_MORE = 48  # when there are so many more, rows are merged where no window tells them apart
_SUM_MAX = 2**63

# Mark, format, a name of its own, first and latest moment; numbers of rows, of rows when they were last merged, of
# partners of each kind, and of labels. Behind it the columns, the widest first, so that all are aligned, and
# the labels.
_HEAD = struct.Struct("<cB8sII5H")
_BASE = b"b"
FORMAT_VERSION = 2  # part of every generation's name: what other code has written is never read
# What tells one base from every other, and a string that has none from one that has.
HEAD_SIZE = 16


@dataclass(slots=True)
class EntityState:
    """The payments of one entity as rows of equal columns in the order of time, and whom it was seen with.

    A row is one payment, or those of one bucket and currency that no window tells apart any more.
    """

    first_seconds: int = 0  # 0: never seen
    latest_seconds: int = 0
    moments: "array[int]" = field(default_factory=lambda: array("I"))
    payments: "array[int]" = field(default_factory=lambda: array("I"))
    currencies: "array[int]" = field(default_factory=lambda: array("H"))
    totals: "array[int]" = field(default_factory=lambda: array("Q"))
    largests: "array[int]" = field(default_factory=lambda: array("Q"))
    first: Partners = field(default_factory=Partners)
    second: Partners = field(default_factory=Partners)
    labels: Labels = field(default_factory=Labels)
    merged_rows: int = 0  # how many were left when they were last merged
    currency: int | None = None  # that of all rows; None also when there were several

    @classmethod
    def read(cls, data: bytes | None) -> "tuple[EntityState, int]":
        """The state, and how many records stood behind the base."""
        if not data:
            return cls(), 0
        state, start = cls._of_base(data) if data[:1] == _BASE else (cls(), 0)
        if start < len(data):
            state._fold_all(memoryview(data)[start:])
        return state, (len(data) - start) // RECORD_SIZE

    def add(self, record: bytes) -> None:
        self._fold(*RECORD.unpack(record))
        if len(self.moments) > self.merged_rows + _ROWS_MORE:
            self._forget()

    def _fold_all(self, records: memoryview) -> None:
        """As one by one, but quicker where the records are payments in the order of time."""
        rows = list(RECORD.iter_unpack(records))
        marks, moments, currencies, amounts, first, second = zip(*rows, strict=True)
        start = self.latest_seconds or moments[0]
        is_in_order = start <= moments[0] and list(moments) == sorted(moments)
        if not is_in_order or moments[-1] - start > MEMORY_SECONDS or marks.count(PAYMENT) < len(rows):
            for row in rows:
                self._fold(*row)
            return
        self.first_seconds = self.first_seconds or moments[0]
        self.latest_seconds = moments[-1]
        self._see_currencies(set(currencies))
        self.moments.extend(moments)
        self.payments.extend([1] * len(rows))
        self.currencies.extend(currencies)
        self.totals.extend(amounts)
        self.largests.extend(amounts)
        for partners, met in ((self.first, first), (self.second, second)):
            for partner, moment in dict(zip(met, moments, strict=True)).items():
                if partner:
                    partners.meet(partner, moment)

    def _fold(self, mark: bytes, moment: int, currency: int, amount: int, first: int, second: int) -> None:
        if mark == LABEL:
            self.labels.learn(amount, Said(moment, first, bool(currency), bool(second)))
            return
        latest = self.latest_seconds
        if moment - latest > MEMORY_SECONDS:  # it was forgotten, or never seen
            self._begin_again(moment)
        elif moment < self.first_seconds:
            if self.first_seconds - moment > MEMORY_SECONDS:
                return
            self.first_seconds = moment
        if currency != self.currency:
            self._see_currencies({currency})
        if moment >= latest:
            self.latest_seconds = moment
            self._append(moment, 1, currency, amount, amount)
        else:
            self._insert(bisect_left(self.moments, moment), (moment, 1, currency, amount, amount))
        if first:
            self.first.meet(first, moment)
        if second:
            self.second.meet(second, moment)

    def _see_currencies(self, currencies: set[int]) -> None:
        """Before their rows are added."""
        known = currencies | {self.currency} if self.moments else currencies
        self.currency = known.pop() if len(known) == 1 else None

    def _begin_again(self, moment: int) -> None:
        self.first_seconds = moment
        for column in self._columns():
            del column[:]
        self.merged_rows = 0
        self.first, self.second = Partners(), Partners()

    def _columns(self) -> "tuple[array[int], ...]":
        return self.moments, self.payments, self.currencies, self.totals, self.largests

    def _append(self, moment: int, payments: int, currency: int, total: int, largest: int) -> None:
        self.moments.append(moment)
        self.payments.append(payments)
        self.currencies.append(currency)
        self.totals.append(total)
        self.largests.append(largest)

    def _insert(self, place: int, row: tuple[int, int, int, int, int]) -> None:
        for column, number in zip(self._columns(), row, strict=True):
            column.insert(place, number)

    def copy(self) -> "EntityState":
        moments, payments, currencies, totals, largests = [column[:] for column in self._columns()]
        return EntityState(
            self.first_seconds,
            self.latest_seconds,
            moments,
            payments,
            currencies,
            totals,
            largests,
            self.first.copy(),
            self.second.copy(),
            self.labels.copy(),
            self.merged_rows,
            self.currency,
        )

    def to_base(self) -> bytes:
        """The state as a base with a name that no other has; forgets what no window can reach any more."""
        self._forget()
        first, second, labels = self.first, self.second, self.labels
        sizes = len(self.moments), self.merged_rows, len(first.seen), len(second.seen), len(labels.said)
        head = _HEAD.pack(_BASE, FORMAT_VERSION, os.urandom(8), self.first_seconds, self.latest_seconds, *sizes)
        parts = (
            *(self.totals, self.largests),
            *(self.moments, self.payments, first.hashes, first.seen, second.hashes, second.seen),
            self.currencies,
        )
        return b"".join([head, *[part.tobytes() for part in parts], labels.to_bytes()])

    @classmethod
    def _of_base(cls, data: bytes) -> "tuple[EntityState, int]":
        """The state of a base, and where it ends."""
        _, _, _, first_seen, latest, rows, merged, first, second, labels = _HEAD.unpack_from(data)
        # All numbers of one width at once, then its columns.
        wide, narrow, short = array("Q"), array("I"), array("H")
        narrow_at = _HEAD.size + 16 * rows
        short_at = narrow_at + 8 * (rows + first + second)
        labels_at = short_at + 2 * rows
        wide.frombytes(data[_HEAD.size : narrow_at])
        narrow.frombytes(data[narrow_at:short_at])
        short.frombytes(data[short_at:labels_at])
        first_at = 2 * rows
        second_at = first_at + 2 * first
        end = labels_at + LABEL_SIZE * labels
        state = cls(
            first_seen,
            latest,
            narrow[:rows],
            narrow[rows:first_at],
            short,
            wide[:rows],
            wide[rows:],
            Partners(narrow[first_at : first_at + first], narrow[first_at + first : second_at]),
            Partners(narrow[second_at : second_at + second], narrow[second_at + second :]),
            Labels.of_bytes(data[labels_at:end]),
            merged,
            short[0] if rows and short.count(short[0]) == rows else None,
        )
        return state, end

    def _forget(self) -> None:
        oldest = self.latest_seconds - MEMORY_SECONDS
        self.first.forget_before(oldest)
        self.second.forget_before(oldest)
        first = bisect_left(self.moments, MONTH.first_bucket(self.latest_seconds) * MONTH.bucket_seconds)
        if first:
            for column in self._columns():
                del column[:first]
        if len(self.moments) > self.merged_rows + _ROWS_MORE:
            self._merge()

    def _merge(self) -> None:
        """One row for the payments of a bucket and currency, with buckets as fine as the windows still need."""
        finer = MATURED, DAY, HOUR, MINUTE
        bounds = [window.first_bucket(self.latest_seconds) * window.bucket_seconds for window in finer]
        steps = [window.bucket_seconds for window in (MONTH, *finer)]

        def bucket(row: tuple[int, ...]) -> tuple[int, int]:
            moment = row[0]
            step = steps[sum(moment >= bound for bound in bounds)]
            return moment - moment % step, row[2]

        rows = sorted((bucket(row), row) for row in zip(*self._columns(), strict=True))
        for column in self._columns():
            del column[:]
        for (start, currency), group in groupby(rows, key=itemgetter(0)):
            of_bucket = [row for _, row in group]
            total = min(sum(row[3] for row in of_bucket), _SUM_MAX)
            self._append(start, sum(row[1] for row in of_bucket), currency, total, max(row[4] for row in of_bucket))
        self.merged_rows = len(self.moments)


NEVER_SEEN = EntityState()  # nobody adds to it
