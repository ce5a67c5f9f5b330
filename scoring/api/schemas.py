"""Bodies of payments, alone and in bulk, and their reading into a PaymentRequest."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ledger.api.schemas import ReasonOut, ReceiptOut, VersionsOut
from ledger.domain.payments import PaymentRequest, TransactionType
from scoring.api.mobile_money import MobilePaymentIn
from sentinel.api.fields import AccountId, Amount, Country, Currency, IpAddress, Moment, Schema, ShortText, text
from sentinel.api.shapes import ProblemOut
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.money import AmountError, parse_amount

# A gateway's clock may be this much ahead of ours.
FUTURE_TOLERANCE = timedelta(minutes=5)
METADATA_MAX = 20


class MerchantIn(Schema):
    id: ShortText = Field(examples=["m_17"])
    name: Annotated[str, text(200)] | None = Field(None, examples=["Corner Books"])
    category_code: Annotated[str, text(4, r"^[0-9]{4}$")] | None = Field(
        None, description="ISO 18245.", examples=["5732"]
    )
    country: Country | None = None


class CardIn(Schema):
    token: ShortText = Field(description="Your own name for the card, never its number.", examples=["tok_9f31"])
    bin: Annotated[str, text(8, r"^[0-9]{6,8}$")] | None = Field(None, examples=["411111"])
    last4: Annotated[str, text(4, r"^[0-9]{4}$")] | None = Field(None, examples=["1111"])


class DeviceIn(Schema):
    id: ShortText | None = Field(None, examples=["dev_31"])
    ip: IpAddress | None = None
    user_agent: Annotated[str, text(500)] | None = None


class LocationIn(Schema):
    country: Country | None = None
    city: ShortText | None = Field(None, examples=["Paris"])
    latitude: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False, examples=[48.85])
    longitude: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False, examples=[2.35])


class PaymentIn(Schema):
    account_id: AccountId
    amount: Amount
    currency: Currency
    transaction_type: Literal["purchase", "withdrawal", "transfer", "top_up"]
    reference: Annotated[str, text(200)] | None = Field(None, description="The gateway's own id.")
    occurred_at: Moment | None = Field(None, description="When it happened; now when left out.")
    channel: Literal["ecommerce", "pos", "atm", "mobile", "branch", "recurring", "other"] | None = None
    merchant: MerchantIn | None = Field(None, description="Required for purchases.")
    counterparty_account_id: AccountId | None = Field(None, description="Required for transfers.")
    card: CardIn | None = None
    device: DeviceIn | None = None
    location: LocationIn | None = None
    metadata: dict[Annotated[str, text(50)], Annotated[str, text(500)]] | None = Field(
        None, max_length=METADATA_MAX, description="Your own notes, as text.", examples=[{"order": "42"}]
    )


class BulkItemIn(PaymentIn):
    idempotency_key: Annotated[str, text(255)] = Field(
        description="The payment's own key, as in the header of a single payment."
    )


class BulkIn(Schema):
    transactions: list[BulkItemIn] = Field(min_length=1, max_length=1000)


class BulkResultOut(BaseModel):
    """`receipt` with status 201, `problem` with any other."""

    idempotency_key: str | None
    status: int
    replayed: bool | None = None
    receipt: ReceiptOut | None = None
    problem: ProblemOut | None = None


class BulkOut(BaseModel):
    results: list[BulkResultOut]


class ScoreIn(Schema):
    items: list[PaymentIn | MobilePaymentIn] = Field(min_length=1, max_length=1000)


class ScoreResultOut(BaseModel):
    """A score with status 200, `problem` with any other. Scores and reasons only with the scope decisions:explain."""

    status: int
    id: str | None = Field(None, examples=["prd_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])
    reference: str | None = None
    outcome: Literal["approve", "review", "decline"] | None = None
    fraud_probability: float | None = None
    score_percentile: float | None = None
    risk_level: Literal["low", "medium", "high"] | None = None
    reasons: list[ReasonOut] | None = None
    versions: VersionsOut | None = None
    degraded: list[str] | None = None
    confidence: float | None = Field(
        None, description="The larger of fraud_probability and one less it; null without a probability."
    )
    problem: ProblemOut | None = None


class ScoreOut(BaseModel):
    results: list[ScoreResultOut]


def payment_request(body: PaymentIn, *, now: datetime) -> PaymentRequest:
    """The request in our own terms. Errors: InvalidRequest with every field that does not fit."""
    errors: list[FieldError] = []
    amount_minor = _amount_minor(body, errors)
    if body.occurred_at is not None and body.occurred_at > now + FUTURE_TOLERANCE:
        errors.append(FieldError("occurred_at", "in_the_future", "The payment cannot happen in the future."))
    _check_parties(body, errors)
    merchant, card, device, location = body.merchant, body.card, body.device, body.location
    if location is not None and (location.latitude is None) != (location.longitude is None):
        missing = "latitude" if location.latitude is None else "longitude"
        errors.append(FieldError(f"location.{missing}", "required", "Send both coordinates or neither."))
    if errors:
        raise InvalidRequest(f"Check {', '.join(error.field for error in errors)}.", errors=errors)
    return PaymentRequest(
        account_id=body.account_id,
        amount_minor=amount_minor,
        currency=body.currency,
        transaction_type=TransactionType(body.transaction_type),
        occurred_at=body.occurred_at or now,
        reference=body.reference,
        channel=body.channel,
        merchant_id=merchant.id if merchant else None,
        merchant_name=merchant.name if merchant else None,
        merchant_category=merchant.category_code if merchant else None,
        merchant_country=merchant.country if merchant else None,
        counterparty_account_id=body.counterparty_account_id,
        card_token=card.token if card else None,
        card_bin=card.bin if card else None,
        card_last4=card.last4 if card else None,
        device_id=device.id if device else None,
        ip_address=device.ip if device else None,
        user_agent=device.user_agent if device else None,
        location_country=location.country if location else None,
        location_city=location.city if location else None,
        latitude=location.latitude if location else None,
        longitude=location.longitude if location else None,
        metadata=body.metadata,
    )


def _amount_minor(body: PaymentIn, errors: list[FieldError]) -> int:
    try:
        amount_minor = parse_amount(body.amount, body.currency)
    except AmountError as error:
        errors.append(FieldError("amount", error.code, str(error)))
        return 0
    if amount_minor == 0:
        errors.append(FieldError("amount", "out_of_range", "The amount must be more than zero."))
    return amount_minor


def _check_parties(body: PaymentIn, errors: list[FieldError]) -> None:
    if body.transaction_type == "purchase" and body.merchant is None:
        errors.append(FieldError("merchant", "required", "A purchase names its merchant."))
    is_transfer = body.transaction_type == "transfer"
    if is_transfer and body.counterparty_account_id is None:
        errors.append(FieldError("counterparty_account_id", "required", "A transfer names the receiving account."))
    if not is_transfer and body.counterparty_account_id is not None:
        errors.append(
            FieldError("counterparty_account_id", "not_allowed", "Only a transfer has a receiving account.")
        )
    if body.counterparty_account_id == body.account_id:
        errors.append(FieldError("counterparty_account_id", "same_account", "The two accounts must differ."))
