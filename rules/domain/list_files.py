"""Lists as CSV files: value[,reason[,expires_at]], one item a line, the header optional.

What leaves is safe to open in a spreadsheet: a cell that would begin a formula gets an apostrophe before it, and the
reader takes that one apostrophe away again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rules.domain.lists import REASON_LENGTH_MAX, ItemType, normalise_item
from rules.errors import InvalidListItem
from sentinel.core.card_numbers import contains_card_number
from sentinel.core.csv_files import csv_rows, moment_read, with_formula, without_formula

COLUMNS = ("value", "reason", "expires_at")

_EXPECTED = "Each line is a value, then a reason and an end if you like: value,reason,expires_at."


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line that can be added."""

    line: int
    value: str
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class LineFault:
    """Why a line cannot. It does not repeat what the line says, which may be a card number."""

    line: int
    column: str
    words: str


@dataclass(frozen=True, slots=True)
class Defaults:
    """What lines that do not say it are given; and the moment of reading."""

    reason: str
    expires_at: datetime | None
    now: datetime


def read_lines(
    parts: Iterable[bytes], item_type: ItemType, defaults: Defaults, *, lines_max: int
) -> Iterator[FileLine | LineFault]:
    """Every line that is not empty, as it can be added or with what is wrong.

    Errors: UnusableFile, as soon as it is met, when this is no such file.
    """
    for number, (line, cells) in enumerate(csv_rows(parts, lines_max=lines_max, expected=_EXPECTED)):
        if number or not _is_header(cells):
            yield _line(line, cells, item_type, defaults)


def item_row(value: str, reason: str, expires_at: datetime | None) -> tuple[str, str, str]:
    """A line of an export, in the order of COLUMNS."""
    until = expires_at.astimezone(UTC).isoformat().replace("+00:00", "Z") if expires_at else ""
    return without_formula(value), without_formula(reason), until


def _is_header(cells: list[str]) -> bool:
    return [cell.strip().lower() for cell in cells] == list(COLUMNS[: len(cells)])


def _line(line: int, cells: list[str], item_type: ItemType, defaults: Defaults) -> FileLine | LineFault:
    cells = [with_formula(cell.strip()) for cell in cells]
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    if len(cells) > len(COLUMNS):
        return LineFault(line, str(len(COLUMNS) + 1), f"There are {len(cells)} columns. {_EXPECTED}")
    value, reason, until = [*cells, "", ""][: len(COLUMNS)]
    try:
        value = normalise_item(value, item_type)
    except InvalidListItem as error:
        return LineFault(line, "value", error.detail)
    reason = reason or defaults.reason
    if len(reason) > REASON_LENGTH_MAX or not reason.isprintable():
        return LineFault(line, "reason", f"Write a reason of at most {REASON_LENGTH_MAX} printable characters.")
    if contains_card_number(reason):
        return LineFault(line, "reason", "This looks like a full card number. Leave it out.")
    try:
        expires_at = moment_read(until) if until else defaults.expires_at
    except ValueError:
        return LineFault(line, "expires_at", "Write a day such as 2027-01-31, or a moment such as 2027-01-31T12:00Z.")
    if expires_at and expires_at <= defaults.now:
        return LineFault(line, "expires_at", "This has passed already. Write a moment in the future, or nothing.")
    return FileLine(line, value, reason, expires_at)
