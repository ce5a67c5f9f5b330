from datetime import datetime
from typing import Any

from ledger.models import AuditEntry
from sentinel.core.ids import uuid7


def audit_record(*, actor: str, action: str, subject: str, details: dict[str, Any], now: datetime) -> AuditEntry:
    """Who did what. Call in the database transaction of the change, so that neither is kept without the other."""
    return AuditEntry.objects.create(
        id=uuid7(), actor=actor, action=action, subject=subject, details=details, recorded_at=now
    )
