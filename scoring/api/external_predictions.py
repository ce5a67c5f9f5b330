"""Bodies of scores that were made elsewhere, and their reading."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ledger.api.schemas import TransactionId
from scoring.api.schemas import FUTURE_TOLERANCE
from scoring.services.external_predictions import ExternalPrediction
from sentinel.api.fields import AccountId, Amount, Currency, Moment, Schema, text
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.ids import parse_public_id
from sentinel.core.money import AmountError, parse_amount

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class ExternalPredictionIn(Schema):
    """A score that another system gave. It names its payment by `transaction_id`, `reference` or both, and has one
    score at least.
    """

    account_id: AccountId
    amount: Amount
    currency: Currency
    occurred_at: Moment
    model: Annotated[str, text(60)] = Field(description="Whose score it is.", examples=["acme-risk 3.2"])
    transaction_id: TransactionId | None = Field(None, description="Of a payment that was decided here.")
    reference: Annotated[str, text(200)] | None = Field(None, description="The gateway's own id.")
    fraud_probability: Share | None = None
    score_percentile: Share | None = None
    outcome: Literal["approve", "review", "decline"] | None = None


class PredictionsIn(Schema):
    items: list[ExternalPredictionIn] = Field(min_length=1, max_length=1000)


def external_predictions(bodies: list[ExternalPredictionIn], *, now: datetime) -> list[ExternalPrediction]:
    """In our own terms. Errors: InvalidRequest with every field of every item that does not fit."""
    errors: list[FieldError] = []
    items = [_read(body, f"items[{place}]", now, errors) for place, body in enumerate(bodies)]
    if errors:
        raise InvalidRequest(f"Check {', '.join(error.field for error in errors[:5])}.", errors=errors)
    return items


def _read(body: ExternalPredictionIn, place: str, now: datetime, errors: list[FieldError]) -> ExternalPrediction:
    amount_minor = 0
    try:
        amount_minor = parse_amount(body.amount, body.currency)
    except AmountError as error:
        errors.append(FieldError(f"{place}.amount", error.code, str(error)))
    if body.transaction_id is None and body.reference is None:
        errors.append(FieldError(f"{place}.reference", "required", "Name the payment: transaction_id or reference."))
    if body.fraud_probability is None and body.score_percentile is None:
        errors.append(FieldError(f"{place}.fraud_probability", "required", "Send one score at least."))
    if body.occurred_at > now + FUTURE_TOLERANCE:
        errors.append(FieldError(f"{place}.occurred_at", "in_the_future", "It cannot have happened in the future."))
    return ExternalPrediction(
        account_id=body.account_id,
        amount_minor=amount_minor,
        currency=body.currency,
        model=body.model,
        occurred_at=body.occurred_at,
        transaction_id=parse_public_id("txn", body.transaction_id) if body.transaction_id else None,
        reference=body.reference,
        fraud_probability=body.fraud_probability,
        score_percentile=body.score_percentile,
        outcome=body.outcome,
    )
