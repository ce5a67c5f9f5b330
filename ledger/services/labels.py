"""Labels: confirmed fraud or legitimate. Which of several counts is said in ledger.domain.labels."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from ledger.domain.labels import is_repeated
from ledger.errors import LabelRepeated
from ledger.models import Label, Transaction
from ledger.services.card_numbers import card_numbers_refuse
from ledger.services.label_listeners import label_tell_once_committed
from sentinel.core.errors import FieldError, InvalidRequest

_ONCE = "ledger_label_once"


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
    own_clock: bool = False,
    now: datetime,
) -> Label:
    """Add what somebody found out. A correction is another label. With `own_clock` it counts as known when it was
    observed: for replayed history.

    Errors: InvalidRequest for an impossible moment and a note that holds a card number; LabelRepeated.
    """
    card_numbers_refuse(note=note)
    if (wrong := wrong_moment(observed_at, payment.occurred_at, now)) is not None:
        raise InvalidRequest(wrong.message, errors=[wrong])
    label = Label(
        id=label_id,
        transaction=payment,
        account_id=payment.account_id,
        is_fraud=is_fraud,
        source=source,
        actor=actor,
        note=note,
        observed_at=observed_at,
        recorded_at=now,
        own_clock=own_clock,
    )
    if is_repeated(label, Label.objects.filter(transaction_id=payment.pk)) or not _insert(label):
        raise LabelRepeated(errors=[FieldError("label", "repeated", LabelRepeated.title)])
    label_tell_once_committed(label_id)
    return label


def _insert(label: Label) -> bool:
    """False when somebody else was faster with the same label."""
    try:
        with transaction.atomic():
            label.save(force_insert=True)
    except IntegrityError as error:
        if _ONCE not in str(error):
            raise
        return False
    return True


def wrong_moment(observed_at: datetime, occurred_at: datetime, now: datetime) -> FieldError | None:
    """Why a label of a payment cannot have been observed then."""
    if observed_at > now:
        return FieldError("observed_at", "in_the_future", "A label cannot be observed in the future.")
    if observed_at < occurred_at:
        words = "A label cannot be observed before its payment happened."
        return FieldError("observed_at", "before_the_payment", words)
    return None
