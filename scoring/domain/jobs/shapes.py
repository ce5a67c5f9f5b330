"""The shapes of files: which columns there are, and what they say in the words of `fields`.

A file of a known shape is recognised by its header; `readings` reads any other by its columns. A new shape is one
entry of SHAPES; the first that fits is taken.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Protocol

from ledger.domain.payments import PaymentRequest
from scoring.domain.jobs.rows import RowRefused, request_of
from scoring.domain.mobile_money.files import mobile_payment_of
from scoring.domain.mobile_money.payments import MobilePayment
from scoring.domain.payment_files import SPARKOV_CATEGORY_CODES
from sentinel.core.errors import FieldError

# What a row says, by field; what it does not say is left out.
Told = dict[str, str]

# What is to be scored, and what makes it of what a row says. Errors: RowRefused.
Request = PaymentRequest | MobilePayment


class RequestOf(Protocol):
    def __call__(self, told: Mapping[str, str], *, now: datetime) -> Request: ...


NATIVE, MOBILE = "native", "paysim"


@dataclass(frozen=True, slots=True)
class Shape:
    """`translate` takes the cells of `columns` in their order. `account` and `transaction` are columns, too; a file
    whose rows have no id of their own names them by their lines.
    """

    name: str
    words: str
    columns: tuple[str, ...]
    translate: Callable[..., Told]
    account: str
    transaction: str | None
    request_of: RequestOf = request_of


def _handbook(transaction_id: str, tx_datetime: str, customer_id: str, terminal_id: str, amount: str) -> Told:
    return {
        "transaction_id": transaction_id,
        "occurred_at": tx_datetime,
        "account_id": customer_id,
        "merchant_id": terminal_id,
        "amount": amount,
        "transaction_type": "purchase",
        "channel": "pos",
    }


def _sparkov(
    transaction_id: str,
    tx_datetime: str,
    customer_id: str,
    merchant_id: str,
    category: str,
    amount: str,
    merch_lat: str,
    merch_long: str,
) -> Told:
    told = {
        "transaction_id": transaction_id,
        "occurred_at": tx_datetime,
        "account_id": customer_id,
        "merchant_id": merchant_id,
        "amount": amount,
        "transaction_type": "purchase",
        "channel": "ecommerce" if category.endswith("_net") else "pos",
        "latitude": merch_lat,
        "longitude": merch_long,
    }
    if (code := SPARKOV_CATEGORY_CODES.get(category)) is not None:
        told["merchant_category"] = code
    return told


_PAYSIM = (
    *("step", "type", "amount", "nameOrig", "oldbalanceOrg", "newbalanceOrig"),
    *("nameDest", "oldbalanceDest", "newbalanceDest"),
)
_PAYSIM_AMOUNTS = ("amount", "oldbalanceOrg", "newbalanceOrig", "oldbalanceDest", "newbalanceDest")
_DIGITS_MAX, _WORDS_LENGTH_MAX = 18, 200


def _paysim(*cells: str) -> Told:
    told = dict(zip(_PAYSIM, cells, strict=True))
    return told | {name: _without_exponent(told[name]) for name in _PAYSIM_AMOUNTS}


def _mobile_request(told: Mapping[str, str], *, now: datetime) -> MobilePayment:
    """Errors: RowRefused."""
    try:
        return mobile_payment_of(told)
    except ValueError as error:
        raise RowRefused(FieldError("row", "wrong_format", str(error)[:_WORDS_LENGTH_MAX])) from None


def _without_exponent(amount: str) -> str:
    """The program that wrote the public file calls ten million 1.00E+07. What is no amount stays as it is."""
    if "e" not in amount.lower():
        return amount
    try:
        number = Decimal(amount)
    except InvalidOperation:
        return amount
    return f"{number:f}" if abs(number.adjusted()) < _DIGITS_MAX else amount  # or one cell would fill the memory


_KNOWN = (
    Shape(
        "sparkov",
        "Sparkov's simulated card payments",
        (
            "transaction_id",
            "tx_datetime",
            "customer_id",
            "merchant_id",
            "category",
            "amount",
            "merch_lat",
            "merch_long",
        ),
        _sparkov,
        account="customer_id",
        transaction="transaction_id",
    ),
    Shape(
        "handbook",
        "the Fraud Detection Handbook's card payments",
        ("transaction_id", "tx_datetime", "customer_id", "terminal_id", "amount"),
        _handbook,
        account="customer_id",
        transaction="transaction_id",
    ),
    Shape(
        MOBILE,
        "PaySim's mobile money",
        _PAYSIM,
        _paysim,
        account="nameOrig",
        transaction=None,
        request_of=_mobile_request,
    ),
)
SHAPES: Mapping[str, Shape] = {shape.name: shape for shape in _KNOWN}
SHAPE_WORDS: Mapping[str, str] = {shape.name: shape.words for shape in _KNOWN}
