from datetime import datetime

from django.db import transaction

from ledger.services.audit import audit_record

REASONS = {
    "review": "To decide a review",
    "customer": "The customer asked",
    "authority": "A court or an authority asked",
    "fault": "To look into a fault",
    "audit": "For an audit",
}


@transaction.atomic
def reveal_record(*, subject: str, actor: str, reason: str, words: str, now: datetime) -> None:
    """Who is about to see personal details in full, of what and why. Nothing is shown that is not recorded."""
    details = {"reason": reason, "words": words}
    audit_record(actor=actor, action="personal_detail.revealed", subject=subject, details=details, now=now)
