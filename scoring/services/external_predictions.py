"""Scores that were made elsewhere, kept beside ours to be compared. They decide nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ledger.models import Transaction
from scoring.models import Prediction
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.ids import uuid7
from sentinel.core.values import value


@value
class ExternalPrediction:
    """`transaction_id` names a payment of the client that was decided here; `reference` is the client's own."""

    account_id: str
    amount_minor: int
    currency: str
    model: str
    occurred_at: datetime
    transaction_id: UUID | None = None
    reference: str | None = None
    fraud_probability: float | None = None
    score_percentile: float | None = None
    outcome: str | None = None


def external_predictions_store(
    *, client: ClientIdentity, items: Sequence[ExternalPrediction], now: datetime
) -> list[UUID]:
    """All of them or none; their ids in the order of the items.

    Errors: InvalidRequest for a payment that is not the client's, or is another one than the item says.
    """
    _refuse_other_payments(client, items)
    rows = [
        Prediction(
            id=uuid7(),
            source=Prediction.Source.EXTERNAL,
            client_id=client.client_id,
            livemode=client.livemode,
            account_id=item.account_id,
            reference=item.reference,
            amount_minor=item.amount_minor,
            currency=item.currency,
            outcome=item.outcome,
            fraud_probability=item.fraud_probability,
            score_percentile=item.score_percentile,
            model_version=item.model,
            transaction_id=item.transaction_id,
            occurred_at=item.occurred_at,
            recorded_at=now,
        )
        for item in items
    ]
    Prediction.objects.bulk_create(rows)
    return [row.id for row in rows]


def _refuse_other_payments(client: ClientIdentity, items: Sequence[ExternalPrediction]) -> None:
    named = {item.transaction_id for item in items if item.transaction_id is not None}
    found = Transaction.objects.filter(client_id=client.client_id, id__in=named) if named else ()
    payments = {payment.id: payment for payment in found}
    errors = [error for place, item in enumerate(items) for error in _errors(place, item, payments)]
    if errors:
        raise InvalidRequest(f"Check {', '.join(error.field for error in errors[:5])}.", errors=errors)


def _errors(place: int, item: ExternalPrediction, payments: Mapping[UUID, Transaction]) -> list[FieldError]:
    if item.transaction_id is None:
        return []
    payment = payments.get(item.transaction_id)
    if payment is None:
        words = "No transaction of yours has this id."
        return [FieldError(f"items[{place}].transaction_id", "unknown", words)]
    told = {"account_id": item.account_id, "currency": item.currency, "amount": item.amount_minor}
    recorded = {"account_id": payment.account_id, "currency": payment.currency, "amount": payment.amount_minor}
    return [
        FieldError(f"items[{place}].{name}", "mismatch", "The transaction was recorded with another one.")
        for name, mine in told.items()
        if mine != recorded[name]
    ]
