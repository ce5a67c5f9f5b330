"""The three files of a bank's past, read row by row into values, or into what is wrong with a row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationError

from sentinel.api.fields import (
    AccountId,
    Amount,
    Country,
    Currency,
    IpAddress,
    Schema,
    ShortText,
    SignedAmount,
    Zone,
    refused,
    text,
)
from sentinel.api.problems import invalid_fields
from sentinel.core.card_numbers import contains_card_number
from sentinel.core.csv_files import UnusableFile, csv_rows, moment_read, unpacked, with_formula

ROWS_MAX = 5_000_000
FILE_BYTES_MAX = 4 * 1024**3  # unpacked
_BLOCK_BYTES = 1024 * 1024


def _moment(value: Any) -> Any:
    """Without a zone it is UTC; a day is its beginning."""
    try:
        moment = moment_read(value)
    except ValueError:
        raise refused("wrong_format", "Write a moment such as 2026-01-31T12:00:00Z.") from None
    if not 1900 <= moment.year <= 2200:
        raise refused("out_of_range", "The year must be from 1900 to 2200.")
    return moment


def _number(value: Any) -> Any:
    try:
        return float(value)
    except ValueError:
        raise refused("wrong_type", "Write a number such as 48.85.") from None


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Number = Annotated[float, BeforeValidator(_number)]


class AccountRow(Schema):
    account_id: AccountId
    currency: Currency
    home_country: Country
    opened_at: Moment
    home_zone: Zone | None = None
    name: ShortText | None = None
    risk: Literal["low", "normal", "high"] | None = None
    status: Literal["active", "frozen", "closed"] = "active"
    floor: SignedAmount = "0"
    daily_limit: Amount | None = None
    opening_balance: Amount = "0"
    closing_balance: SignedAmount | None = None


class TransactionRow(Schema):
    transaction_id: Annotated[str, text(200)]
    account_id: AccountId
    amount: Amount
    currency: Currency
    transaction_type: Literal["purchase", "withdrawal", "transfer", "top_up"]
    occurred_at: Moment
    outcome: Literal["approved", "declined"] = "approved"
    channel: Literal["ecommerce", "pos", "atm", "mobile", "branch", "recurring", "other"] | None = None
    merchant_id: ShortText | None = None
    merchant_name: Annotated[str, text(200)] | None = None
    merchant_category: Annotated[str, text(4, r"^[0-9]{4}$")] | None = None
    merchant_country: Country | None = None
    counterparty_account_id: AccountId | None = None
    card_token: ShortText | None = None
    card_bin: Annotated[str, text(8, r"^[0-9]{6,8}$")] | None = None
    card_last4: Annotated[str, text(4, r"^[0-9]{4}$")] | None = None
    device_id: ShortText | None = None
    ip_address: IpAddress | None = None
    user_agent: Annotated[str, text(500)] | None = None
    location_country: Country | None = None
    location_city: ShortText | None = None
    latitude: Annotated[Number, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    longitude: Annotated[Number, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None


class LabelRow(Schema):
    transaction_id: Annotated[str, text(200)]
    label: Literal["fraud", "legitimate"]
    source: Literal["chargeback", "review", "customer", "other"]
    observed_at: Moment
    note: Annotated[str, text(500)] = ""


R = TypeVar("R", AccountRow, TransactionRow, LabelRow)


@dataclass(frozen=True, slots=True)
class Line(Generic[R]):
    """A row that can be read, and the line where it ends."""

    number: int
    row: R


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be imported. It does not repeat what the row says, which may be what has no place here."""

    file: str
    line: int
    column: str
    words: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, {self.column}: {self.words}"


@dataclass(frozen=True, slots=True)
class BankFiles:
    """Where the past lies. Any of them may be missing: accounts that are known, a past without labels."""

    accounts: Path | None = None
    transactions: Path | None = None
    labels: Path | None = None

    @classmethod
    def found(cls, paths: Iterable[Path]) -> "BankFiles":
        """The files of a folder, or those named, by their names. Errors: UnusableFile."""
        named: dict[str, Path] = {}
        for path in paths:
            inside = sorted(path.iterdir()) if path.is_dir() else [path]
            for each in inside:
                kind = each.name.removesuffix(".gz").removesuffix(".csv")
                if kind in cls.__dataclass_fields__ and each.is_file():
                    if kind in named:
                        raise UnusableFile(f"There are two files of {kind}: {named[kind]} and {each}.")
                    named[kind] = each
                elif not path.is_dir():
                    raise UnusableFile(f"{each} is no accounts.csv, transactions.csv or labels.csv, packed or not.")
        if not named:
            raise UnusableFile("There is no accounts.csv, transactions.csv or labels.csv, packed or not.")
        return cls(**named)

    def each(self) -> list[Path]:
        return [path for path in (self.accounts, self.transactions, self.labels) if path is not None]


def account_lines(path: Path | None) -> Iterator[Line[AccountRow] | Fault]:
    return _lines(path, AccountRow)


def transaction_lines(path: Path | None) -> Iterator[Line[TransactionRow] | Fault]:
    return _lines(path, TransactionRow)


def label_lines(path: Path | None) -> Iterator[Line[LabelRow] | Fault]:
    return _lines(path, LabelRow)


def _lines(path: Path | None, kind: type[R]) -> Iterator[Line[R] | Fault]:
    """Errors: UnusableFile, as soon as it is met, when this is no such file."""
    if path is None:
        return
    expected = f"The first line of {path.name} names the columns, among them {', '.join(_needed(kind))}."
    with path.open("rb") as file:
        blocks = unpacked(iter(lambda: file.read(_BLOCK_BYTES), b""), bytes_max=FILE_BYTES_MAX)
        rows = csv_rows(blocks, lines_max=ROWS_MAX, expected=expected)
        _, header = next(rows, (1, []))
        columns = _columns(header, kind, expected)
        for number, cells in rows:
            yield _line(path.name, number, columns, cells, kind)


def _columns(header: list[str], kind: type[R], expected: str) -> list[str]:
    columns = [cell.strip().lower() for cell in header]
    if missing := [name for name in _needed(kind) if name not in columns]:
        raise UnusableFile(f"The columns {', '.join(missing)} are missing. {expected}")
    if strange := [str(place) for place, name in enumerate(columns, 1) if name not in kind.model_fields]:
        known = ", ".join(kind.model_fields)
        raise UnusableFile(f"Column {', '.join(strange)} has a name that is not known. Known are {known}.")
    if len(set(columns)) != len(columns):
        raise UnusableFile(f"A column is named twice. {expected}")
    return columns


def _needed(kind: type[R]) -> list[str]:
    return [name for name, field in kind.model_fields.items() if field.is_required()]


def _line(file: str, number: int, columns: list[str], cells: list[str], kind: type[R]) -> Line[R] | Fault:
    if len(cells) != len(columns):
        return Fault(file, number, "columns", f"There are {len(cells)} where the first line names {len(columns)}.")
    row = {}
    for name, cell in zip(columns, cells, strict=True):
        if value := with_formula(cell.strip()):
            if contains_card_number(value):
                return Fault(file, number, name, "This looks like a full card number. Leave it out.")
            row[name] = value
    try:
        return Line(number, kind.model_validate(row))
    except ValidationError as error:
        first = invalid_fields(error).errors[0]
        return Fault(file, number, first.field, first.message)
