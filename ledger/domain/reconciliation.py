"""The day of every account as a file, and what differs between two of them. Pure.

One row `account` for each account in the order of the ids, one `total` for each currency with the number of accounts
in the place of an id, and last `end` with the SHA-256 of all lines before it.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sentinel.core.csv_files import UnusableFile, csv_rows
from sentinel.core.money import AmountError, format_amount, parse_amount
from sentinel.core.values import value

COLUMNS = ("record", "account_id", "currency", "opening", "debits", "credits", "closing", "held", "entries")
EXPECTED = f"The first line is {','.join(COLUMNS)}."
LINES_MAX = 50_000_000


@value
class AccountDay:
    """An account on one day: minor units, credits raise a balance. `held` as it was when the day ended."""

    account_id: str
    currency: str
    opening_minor: int
    debits_minor: int
    credits_minor: int
    closing_minor: int
    held_minor: int
    entries: int

    @property
    def money(self) -> tuple[int, int, int, int, int]:
        """In the order of COLUMNS."""
        return self.opening_minor, self.debits_minor, self.credits_minor, self.closing_minor, self.held_minor

    @property
    def has_anything(self) -> bool:
        """Who has nothing and moved nothing is in no file, so that accounts made later do not change it."""
        return any(self.money)

    def cells(self) -> list[str]:
        amounts = [format_amount(minor, self.currency) for minor in self.money]
        return ["account", self.account_id, self.currency, *amounts, str(self.entries)]


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind`: "missing" there, "extra" there, or "unequal". Of one side only, the other has nothing."""

    account_id: str
    kind: str
    column: str = ""
    ours: str = ""
    theirs: str = ""

    @property
    def words(self) -> str:
        if self.kind == "missing":
            return f"{self.account_id}: missing there; here its closing balance is {self.ours}."
        if self.kind == "extra":
            return f"{self.account_id}: there only; its closing balance is {self.theirs}."
        return f"{self.account_id}: {self.column} is {self.ours} here and {self.theirs} there."


class Totals:
    """Sums by currency, as the end of a file has them."""

    def __init__(self) -> None:
        self.by_currency: dict[str, list[int]] = {}

    def add(self, day: AccountDay) -> None:
        sums = self.by_currency.setdefault(day.currency, [0] * 7)
        for place, number in enumerate((1, *day.money, day.entries)):
            sums[place] += number

    def rows(self) -> Iterator[list[str]]:
        for currency, (accounts, *money, entries) in sorted(self.by_currency.items()):
            amounts = [format_amount(minor, currency) for minor in money]
            yield ["total", str(accounts), currency, *amounts, str(entries)]


class Digest:
    """The SHA-256 of lines, however their writer ended or quoted them."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def line(self, cells: Iterable[str]) -> str:
        text = f"{','.join(cells)}\n"
        self._hash.update(text.encode())
        return text

    def end(self) -> list[str]:
        return ["end", f"sha256:{self._hash.hexdigest()}", *[""] * (len(COLUMNS) - 2)]


def file_lines(days: Iterable[AccountDay]) -> Iterator[str]:
    """The file of accounts that come in the order of their ids. No cell of ours ever needs quoting."""
    digest, totals = Digest(), Totals()
    yield digest.line(COLUMNS)
    for day in days:
        totals.add(day)
        yield digest.line(day.cells())
    for row in totals.rows():
        yield digest.line(row)
    yield f"{','.join(digest.end())}\n"


def file_days(parts: Iterable[bytes]) -> Iterator[AccountDay]:
    """The accounts of a file. Totals and end may be missing; what is there is checked.

    Errors: UnusableFile, as soon as it is met, with the line.
    """
    rows = csv_rows(parts, lines_max=LINES_MAX, expected=EXPECTED)
    _, header = next(rows, (1, []))
    if [cell.strip().lower() for cell in header] != list(COLUMNS):
        raise UnusableFile(f"The columns are other ones. {EXPECTED}")
    digest, totals = Digest(), Totals()
    digest.line(COLUMNS)
    previous = ""
    for line, cells in rows:
        cells = [cell.strip() for cell in cells]
        if len(cells) != len(COLUMNS):
            raise UnusableFile(f"Line {line} has {len(cells)} columns, not {len(COLUMNS)}.")
        if cells[0] != "account":
            _check_end(line, cells, digest, totals)
            digest.line(cells)
            continue
        day = _day(line, cells)
        if day.account_id <= previous:
            raise UnusableFile(f"Line {line} does not come after {previous!r}. Sort the accounts by id, bytewise.")
        previous = day.account_id
        totals.add(day)
        digest.line(cells)
        yield day


def _day(line: int, cells: list[str]) -> AccountDay:
    _, account_id, currency, *money, entries = cells
    if not entries.isascii() or not entries.isdigit():
        raise UnusableFile(f"Line {line}, entries: write a whole number.")
    try:
        opening, taken, given, closing, held = (parse_amount(text, currency) for text in money)
    except AmountError as error:
        raise UnusableFile(f"Line {line}: {error}") from None
    return AccountDay(account_id, currency, opening, taken, given, closing, held, int(entries))


def _check_end(line: int, cells: list[str], digest: Digest, totals: Totals) -> None:
    if cells[0] == "total":
        if cells not in list(totals.rows()):
            raise UnusableFile(f"Line {line}: the total of {cells[2]} is not that of the accounts before it.")
    elif cells[0] == "end":
        if cells != digest.end():
            raise UnusableFile(f"Line {line}: the hash is another one. The file was changed, or a part is missing.")
    else:
        raise UnusableFile(f"Line {line}: a record is account, total or end.")


def differences(ours: Iterable[AccountDay], theirs: Iterable[AccountDay]) -> Iterator[Difference]:
    """What differs, in the order of the ids. Both sides come in that order; nothing is kept."""
    here, there = iter(ours), (day for day in theirs if day.has_anything)
    mine, other = next(here, None), next(there, None)
    while mine or other:
        if mine and (other is None or mine.account_id < other.account_id):
            yield Difference(mine.account_id, "missing", ours=_closing(mine))
            mine = next(here, None)
        elif other and (mine is None or other.account_id < mine.account_id):
            yield Difference(other.account_id, "extra", theirs=_closing(other))
            other = next(there, None)
        elif mine and other:  # pragma: no branch - one of the three is always so
            yield from _unequal(mine, other)
            mine, other = next(here, None), next(there, None)


def _unequal(mine: AccountDay, other: AccountDay) -> Iterator[Difference]:
    for column, our_cell, their_cell in zip(COLUMNS, mine.cells(), other.cells(), strict=True):
        if our_cell != their_cell:
            yield Difference(mine.account_id, "unequal", column, our_cell, their_cell)


def _closing(day: AccountDay) -> str:
    return f"{format_amount(day.closing_minor, day.currency)} {day.currency}"
