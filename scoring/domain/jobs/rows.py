"""One row of a file as a request to score: as strict as a body of the API, and flat as a row is.

A test holds this against what `POST score` makes of the same values. Two things are read more kindly, since
spreadsheets write them so: a moment without a zone is UTC, and a date is its beginning.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from ledger.domain.payments import PaymentRequest, TransactionType
from sentinel.api.fields import (
    AccountId,
    Amount,
    Country,
    Currency,
    IpAddress,
    Moment,
    Schema,
    ShortText,
    refused,
    text,
)
from sentinel.core.errors import FieldError
from sentinel.core.money import AmountError, parse_amount

# A file's clock may be this much ahead of ours.
FUTURE_TOLERANCE = timedelta(minutes=5)


class RowRefused(Exception):
    """The row is no payment; `errors` name each field that does not fit."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__()
        self.errors = errors


def _with_zone(written: Any) -> Any:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written  # which is refused with words
    return written if moment.tzinfo else moment.replace(tzinfo=UTC).isoformat()


def _number(written: Any) -> Any:
    try:
        return float(written)
    except ValueError:
        raise refused("wrong_format", "Write a number such as 48.85.") from None


def _coordinate(limit: int) -> Any:
    return Field(None, ge=-limit, le=limit, allow_inf_nan=False)


class RowIn(Schema):
    account_id: AccountId
    amount: Amount
    currency: Currency
    transaction_type: Literal["purchase", "withdrawal", "transfer", "top_up"]
    transaction_id: Annotated[str, text(200)] | None = None
    occurred_at: Annotated[Moment, BeforeValidator(_with_zone)] | None = None
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
    latitude: Annotated[float, BeforeValidator(_number)] | None = _coordinate(90)
    longitude: Annotated[float, BeforeValidator(_number)] | None = _coordinate(180)


def request_of(told: Mapping[str, str], *, now: datetime) -> PaymentRequest:
    """`now` is when a payment happened whose row does not say it, and what none may be later than.

    Errors: RowRefused with every field that does not fit.
    """
    try:
        row = RowIn.model_validate(told)
    except ValidationError as error:
        raise RowRefused(*map(_field_error, error.errors(include_url=False, include_input=False))) from None
    errors: list[FieldError] = []
    amount_minor = _amount_minor(row, errors)
    _check(row, now, errors)
    if errors:
        raise RowRefused(*errors)
    return PaymentRequest(
        account_id=row.account_id,
        amount_minor=amount_minor,
        currency=row.currency,
        transaction_type=TransactionType(row.transaction_type),
        occurred_at=row.occurred_at or now,
        reference=row.transaction_id,
        channel=row.channel,
        merchant_id=row.merchant_id,
        merchant_name=row.merchant_name,
        merchant_category=row.merchant_category,
        merchant_country=row.merchant_country,
        counterparty_account_id=row.counterparty_account_id,
        card_token=row.card_token,
        card_bin=row.card_bin,
        card_last4=row.card_last4,
        device_id=row.device_id,
        ip_address=row.ip_address,
        user_agent=row.user_agent,
        location_country=row.location_country,
        location_city=row.location_city,
        latitude=row.latitude,
        longitude=row.longitude,
    )


def _amount_minor(row: RowIn, errors: list[FieldError]) -> int:
    try:
        amount_minor = parse_amount(row.amount, row.currency)
    except AmountError as error:
        errors.append(FieldError("amount", error.code, str(error)))
        return 0
    if amount_minor == 0:
        errors.append(FieldError("amount", "out_of_range", "The amount must be more than zero."))
    return amount_minor


def _check(row: RowIn, now: datetime, errors: list[FieldError]) -> None:
    """What no field says alone."""
    other, is_transfer = row.counterparty_account_id, row.transaction_type == "transfer"
    if row.occurred_at is not None and row.occurred_at > now + FUTURE_TOLERANCE:
        errors.append(FieldError("occurred_at", "in_the_future", "The payment cannot happen in the future."))
    if row.transaction_type == "purchase" and row.merchant_id is None:
        errors.append(FieldError("merchant_id", "required", "A purchase names its merchant."))
    if is_transfer and other is None:
        errors.append(FieldError("counterparty_account_id", "required", "A transfer names the receiving account."))
    if not is_transfer and other is not None:
        words = "Only a transfer has a receiving account."
        errors.append(FieldError("counterparty_account_id", "not_allowed", words))
    if other == row.account_id:
        errors.append(FieldError("counterparty_account_id", "same_account", "The two accounts must differ."))
    if (row.latitude is None) != (row.longitude is None):
        missing = "latitude" if row.latitude is None else "longitude"
        errors.append(FieldError(missing, "required", "Send both coordinates or neither."))


# In the place of a pattern, which few people read.
_WRITTEN_SO = {
    "amount": "Write the amount like 5400.00.",
    "account_id": "Use letters, digits and . _ : - only, and begin with a letter or a digit.",
    "counterparty_account_id": "Use letters, digits and . _ : - only, and begin with a letter or a digit.",
    "merchant_category": "Write the four digits of the category, such as 5732.",
    "card_bin": "Write the first six to eight digits of the card.",
    "card_last4": "Write the last four digits of the card.",
}


# pydantic's names of what is wrong -> ours, as far as a flat row of text can be wrong.
_CODES = {
    "missing": "required",
    "string_pattern_mismatch": "wrong_format",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "literal_error": "not_a_choice",
}


def _code(error: Any) -> str:
    code: str = error.get("ctx", {}).get("code") or _CODES.get(error["type"], "out_of_range")
    return code


def _field_error(error: Any) -> FieldError:
    name = str(error["loc"][0]) if error["loc"] else "row"
    words = str(error["msg"])
    if error["type"] == "missing":
        words = "It is empty."
    elif error["type"] == "string_pattern_mismatch":
        words = _WRITTEN_SO.get(name, words)
    return FieldError(name, _code(error), words if words.endswith(".") else f"{words}.")
