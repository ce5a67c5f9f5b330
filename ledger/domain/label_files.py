"""Labels as CSV files: a header, then one label a line.

The header names `label`, `source`, `observed_at`, and one column that says which payment is meant: its
`transaction_id`, the gateway's `reference`, or the `idempotency_key` it was sent with; and `note` if there is one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.domain.labels import AUTHORITY
from sentinel.core.card_numbers import contains_card_number
from sentinel.core.csv_files import UnusableFile, csv_rows, moment_read, without_formula
from sentinel.core.ids import parse_public_id

NAMED_BY = ("transaction_id", "reference", "idempotency_key")
EXPECTED = (
    "The first line names the columns: transaction_id (or reference, or idempotency_key), label, source, observed_at"
    " and, if you like, note."
)
NOTE_LENGTH_MAX = 500
_NEEDED = frozenset({"label", "source", "observed_at"})
_NAME_LENGTH_MAX = 255
_VERDICTS = {"fraud": True, "legitimate": False}


@dataclass(frozen=True, slots=True)
class LabelLine:
    """A line that can be read. `name` says which payment is meant, in the words of `named_by`."""

    line: int
    named_by: str
    name: str
    is_fraud: bool
    source: str
    observed_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class LabelFault:
    """Why a line cannot be added. It does not repeat what the line says, which may be what has no place here."""

    line: int
    column: str
    words: str


class _Unreadable(Exception):
    def __init__(self, column: str, words: str) -> None:
        super().__init__(words)
        self.column, self.words = column, words


def read_labels(parts: Iterable[bytes], *, lines_max: int) -> Iterator[LabelLine | LabelFault]:
    """Every line that is not empty, as it can be read or with what is wrong.

    Errors: UnusableFile, as soon as it is met, when this is no such file.
    """
    rows = csv_rows(parts, lines_max=lines_max, expected=EXPECTED)
    _, header = next(rows, (1, []))
    columns = _columns(header)
    for line, cells in rows:
        try:
            yield _line(line, columns, cells)
        except _Unreadable as error:
            yield LabelFault(line, error.column, error.words)


def _columns(header: Sequence[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in header]
    naming = [name for name in columns if name in NAMED_BY]
    known = {*NAMED_BY, *_NEEDED, "note"}
    if missing := sorted(_NEEDED.difference(columns)):
        raise UnusableFile(f"The columns {', '.join(missing)} are missing. {EXPECTED}")
    if len(naming) != 1:
        raise UnusableFile(f"{len(naming) or 'No'} columns say which payment is meant. {EXPECTED}")
    if strange := [str(place) for place, name in enumerate(columns, 1) if name not in known]:
        raise UnusableFile(f"Column {', '.join(strange)} has another name than those known here. {EXPECTED}")
    if len(set(columns)) != len(columns):
        raise UnusableFile(f"A column is named twice. {EXPECTED}")
    return columns


def _line(line: int, columns: Sequence[str], cells: Sequence[str]) -> LabelLine:
    if len(cells) != len(columns):
        raise _Unreadable("", f"There are {len(cells)} columns where the first line names {len(columns)}.")
    row = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
    named_by = next(name for name in columns if name in NAMED_BY)
    return LabelLine(
        line,
        named_by,
        _name(named_by, row[named_by]),
        _VERDICTS[_one_of("label", row["label"], tuple(_VERDICTS))],
        _one_of("source", row["source"], AUTHORITY),
        _moment(row["observed_at"]),
        _note(row.get("note", "")),
    )


def _name(named_by: str, text: str) -> str:
    if not text or len(text) > _NAME_LENGTH_MAX:
        raise _Unreadable(named_by, f"Say which payment is meant, in at most {_NAME_LENGTH_MAX} characters.")
    if named_by == "transaction_id" and parse_public_id("txn", text) is None:
        raise _Unreadable(named_by, "Write an id such as txn_ with 32 digits and letters behind it.")
    return text


def _one_of(column: str, text: str, choices: Sequence[str]) -> str:
    if text.lower() not in choices:
        raise _Unreadable(column, f"Write one of {', '.join(choices)}.")
    return text.lower()


def _moment(text: str) -> datetime:
    try:
        return moment_read(text)
    except ValueError:
        words = "Write a moment such as 2026-01-31T12:00Z, or a day such as 2026-01-31."
        raise _Unreadable("observed_at", words) from None


def _note(text: str) -> str:
    """Notes travel on into tables and files of other people, so none may be a formula to them."""
    if len(text) > NOTE_LENGTH_MAX or not text.isprintable():
        raise _Unreadable("note", f"Write a note of at most {NOTE_LENGTH_MAX} printable characters.")
    if without_formula(text) != text:
        raise _Unreadable("note", "A spreadsheet would take this for a formula: begin it with a letter or a digit.")
    if contains_card_number(text):
        raise _Unreadable("note", "This looks like a full card number. Leave it out.")
    return text
