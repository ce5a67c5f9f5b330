"""Labels: confirmed fraud or legitimate."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from ledger.models import Label, Transaction
from ledger.services.card_numbers import card_numbers_refuse
from sentinel.core.errors import FieldError, InvalidRequest


@transaction.atomic
def label_attach(
    *,
    payment: Transaction,
    is_fraud: bool,
    source: str,
    observed_at: datetime,
    actor: str,
    label_id: UUID,
    note: str = "",
    now: datetime,
) -> Label:
    """Add what somebody found out. A correction is another label.

    Errors: InvalidRequest for an impossible moment and a note that holds a card number.
    """
    card_numbers_refuse(note=note)
    if observed_at > now:
        raise _wrong_moment("in_the_future", "A label cannot be observed in the future.")
    if observed_at < payment.occurred_at:
        raise _wrong_moment("before_the_payment", "A label cannot be observed before its payment happened.")
    return Label.objects.create(
        id=label_id,
        transaction=payment,
        account_id=payment.account_id,
        is_fraud=is_fraud,
        source=source,
        actor=actor,
        note=note,
        observed_at=observed_at,
        recorded_at=now,
    )


def _wrong_moment(code: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, errors=[FieldError("observed_at", code, message)])
