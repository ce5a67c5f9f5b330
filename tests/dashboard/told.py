"""What becomes known of payments later."""

from datetime import datetime

from django.utils import timezone

from dashboard.domain.ids import first_id
from dashboard.models import FactMark
from dashboard.services.facts import DECISIONS
from ledger.models import Transaction
from ledger.services.holds import Resolution, hold_resolve
from ledger.services.labels import label_attach
from sentinel.core.ids import uuid7


def facts_begin() -> datetime:
    """Other tests leave payments behind: facts are made of those from now on. Returns that moment."""
    now = timezone.now()
    FactMark.objects.create(name=DECISIONS, next_id=first_id(now), moved_at=now)
    return now


def label(payment: Transaction, *, is_fraud: bool, source: str = "chargeback") -> None:
    now = timezone.now()
    label_attach(
        payment=payment,
        is_fraud=is_fraud,
        source=source,
        observed_at=now,
        actor="acme",
        label_id=uuid7(),
        now=now,
    )


def resolve(payment: Transaction, resolution: str, actor: str = "rita") -> None:
    hold_resolve(transaction_id=payment.pk, resolution=Resolution(resolution), actor=actor, now=timezone.now())
