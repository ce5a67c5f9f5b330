"""Who took which decisions out of the house."""

from datetime import datetime

from dashboard.domain.spans import span_written
from ledger.services.audit import audit_record


def export_note(*, start: datetime, end: datetime, actor: str, now: datetime) -> None:
    audit_record(
        actor=actor,
        action="facts.exported",
        subject="facts",
        details={"occurred": span_written(start, end)},
        now=now,
    )
