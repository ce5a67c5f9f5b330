"""From rows to payments with the outcome they had, or to what is wrong with a row. Pure."""

from dataclasses import dataclass
from datetime import datetime

from ledger.domain.fingerprints import payment_content, request_fingerprint
from ledger.domain.payments import PaymentRequest, TransactionType
from scoring.bank_import.files import AccountRow, TransactionRow
from sentinel.core.errors import FieldError
from sentinel.core.money import AmountError, parse_amount
from sentinel.core.outcomes import Outcome
from sentinel.core.values import value

OPERATION = "import"
_OUTCOMES = {"approved": Outcome.APPROVE, "declined": Outcome.DECLINE}


class RowRefused(Exception):
    """A row that can be read, and says what cannot be."""

    def __init__(self, column: str, words: str) -> None:
        super().__init__(words)
        self.column, self.words = column, words


@value
class ImportedPayment:
    """A payment of the past. Its reference is the bank's own id; the same row has the same fingerprint."""

    request: PaymentRequest
    outcome: Outcome
    fingerprint: bytes

    @property
    def reference(self) -> str:
        return self.request.reference or ""


@dataclass(frozen=True, slots=True)
class AccountMoney:
    """Of an account row, in minor units."""

    opening_minor: int
    floor_minor: int
    daily_limit_minor: int | None
    closing_minor: int | None


def payment_of(row: TransactionRow, *, now: datetime) -> ImportedPayment:
    """Errors: RowRefused."""
    if row.occurred_at > now:
        raise RowRefused("occurred_at", "The past cannot lie in the future.")
    if (wrong := _wrong_parties(row)) is not None:
        raise RowRefused(wrong.field, wrong.message)
    amount_minor = _minor("amount", row.amount, row.currency)
    if amount_minor == 0:
        raise RowRefused("amount", "The amount must be more than zero.")
    request = PaymentRequest(
        reference=row.transaction_id,
        amount_minor=amount_minor,
        transaction_type=TransactionType(row.transaction_type),
        **row.model_dump(exclude={"transaction_id", "amount", "transaction_type", "outcome"}),
    )
    content = {**payment_content(request, occurred_at_given=True), "outcome": row.outcome}
    return ImportedPayment(request, _OUTCOMES[row.outcome], request_fingerprint(OPERATION, content))


def money_of(row: AccountRow) -> AccountMoney:
    """Errors: RowRefused."""
    money = AccountMoney(
        _minor("opening_balance", row.opening_balance, row.currency),
        _minor("floor", row.floor, row.currency),
        _minor("daily_limit", row.daily_limit, row.currency) if row.daily_limit else None,
        _minor("closing_balance", row.closing_balance, row.currency) if row.closing_balance else None,
    )
    if money.floor_minor > money.opening_minor:
        raise RowRefused("floor", "The floor is above the opening balance.")
    return money


def _minor(column: str, amount: str, currency: str) -> int:
    try:
        return parse_amount(amount, currency)
    except AmountError as error:
        raise RowRefused(column, str(error)) from None


def _wrong_parties(row: TransactionRow) -> FieldError | None:
    is_transfer = row.transaction_type == "transfer"
    if row.transaction_type == "purchase" and row.merchant_id is None:
        return FieldError("merchant_id", "required", "A purchase names its merchant.")
    if is_transfer != (row.counterparty_account_id is not None):
        words = "A transfer, and nothing else, names the receiving account."
        return FieldError("counterparty_account_id", "required" if is_transfer else "not_allowed", words)
    if row.counterparty_account_id == row.account_id:
        return FieldError("counterparty_account_id", "same_account", "The two accounts must differ.")
    if (row.latitude is None) != (row.longitude is None):
        return FieldError("latitude", "required", "Write both coordinates or neither.")
    return None
