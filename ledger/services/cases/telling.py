"""What is told of a case: to the audit trail, and outside."""

from datetime import datetime
from typing import Any

from ledger.models import Case
from ledger.services.audit import audit_record
from ledger.services.bank_events import bank_event_write
from sentinel.core.ids import public_id


def case_audit(case: Case, *, actor: str, action: str, now: datetime, **details: Any) -> None:
    audit_record(actor=actor, action=action, subject=public_id("txn", case.pk), details=details, now=now)


def case_tell(case: Case, *, event_type: str, now: datetime, **told: Any) -> None:
    """An event about the case; of test payments nobody is told. Call in the database transaction of the change."""
    if not case.livemode:
        return
    subject = public_id("txn", case.pk)
    payload = {
        "transaction_id": subject,
        "account_id": case.account_id,
        "kind": case.kind,
        "due_at": case.due_at.isoformat(),
        **told,
    }
    bank_event_write(event_type=event_type, subject=subject, payload=payload, now=now)
