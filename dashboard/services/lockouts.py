from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from ledger.services.audit import audit_record


@transaction.atomic
def failures_forget(*, attempts: Iterable[Any], actor: str, now: datetime) -> None:
    """What was counted no longer counts; so whoever was locked out by it may try again."""
    for attempt in attempts:
        details = {"name": attempt.username, "address": attempt.ip_address, "failures": attempt.failures_since_start}
        attempt.delete()
        subject = f"log-in {attempt.username}"[:200]
        audit_record(actor=actor, action="log_in.unlocked", subject=subject, details=details, now=now)
