"""Mobile-money payments in PaySim's shape, as items of POST score."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from scoring.domain.mobile_money.payments import MobilePayment, MobileType, hundredths
from sentinel.api.fields import Schema, refused, text
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.money import AmountError

# What tells the shape of an item.
MARK = "nameOrig"
STEP_MAX = 1_000_000  # a century of hours


def _hundredths(value: Any) -> Any:
    """Of a decimal, as text or as a JSON number, whose shortest form is what was written."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise refused("wrong_type", 'Write the amount as a decimal, for example "9839.64".')
    try:
        return hundredths(value if isinstance(value, str) else f"{Decimal(repr(value)):f}")
    except AmountError as error:
        raise refused(error.code, str(error)) from None


def _type(value: Any) -> Any:
    if not isinstance(value, str) or value not in MobileType.__members__:
        raise refused("not_a_choice", f"One of {', '.join(MobileType)}.")
    return MobileType(value)


_DECIMAL = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]{1,13}(\.[0-9]{1,2})?$"},
        {"type": "number", "minimum": 0, "maximum": 9_999_999_999_999},
    ]
}
Hundredths = Annotated[
    int,
    BeforeValidator(_hundredths),
    WithJsonSchema({**_DECIMAL, "description": "A decimal with two places at most.", "examples": ["9839.64"]}),
]
Name = Annotated[str, text(64, r"^[CM][A-Za-z0-9_-]+$")]
Type = Annotated[MobileType, BeforeValidator(_type), WithJsonSchema({"type": "string", "enum": [*MobileType]})]


class MobilePaymentIn(Schema):
    """PaySim's shape: `step` counts hours, names begin with C for a customer and M for a merchant, and balances are
    those before and after.
    """

    transaction_id: Annotated[str, text(200)] | None = Field(None, description="Your own id.", examples=["t-7"])
    step: int = Field(ge=0, le=STEP_MAX, examples=[1])
    type: Type
    amount: Hundredths
    nameOrig: Name = Field(examples=["C1305486145"])
    oldbalanceOrg: Hundredths
    newbalanceOrig: Hundredths
    nameDest: Name = Field(examples=["C553264065"])
    oldbalanceDest: Hundredths
    newbalanceDest: Hundredths


def mobile_payment(body: MobilePaymentIn) -> MobilePayment:
    """The payment in our own terms. Errors: InvalidRequest."""
    if body.nameOrig == body.nameDest:
        words = "The two accounts must differ."
        raise InvalidRequest(words, errors=[FieldError("nameDest", "same_account", words)])
    if body.nameOrig.startswith("M"):
        words = "A payment comes from a customer, whose name begins with C."
        raise InvalidRequest(words, errors=[FieldError("nameOrig", "wrong_format", words)])
    return MobilePayment(
        step=body.step,
        type=body.type,
        amount_minor=body.amount,
        origin=body.nameOrig,
        origin_before_minor=body.oldbalanceOrg,
        origin_after_minor=body.newbalanceOrig,
        destination=body.nameDest,
        destination_before_minor=body.oldbalanceDest,
        destination_after_minor=body.newbalanceDest,
        transaction_id=body.transaction_id,
    )
