"""One case with the rows that stand beside it, and what was done with it."""

from uuid import UUID

from ledger.models import AuditEntry, Case, CaseNote
from sentinel.core.ids import public_id

ROWS_MAX = 50
_BESIDE = (
    "assignee",
    "locked_by",
    "pending_verdict",
    *(f"transaction__{each}" for each in ("account", "client", "decision", "personal_detail", "hold__resolution")),
)
# What was done with a case; the rest of its audit is on the audit's own pages.
_DONE = ("case.", "verdict.")


def case_find(case_id: UUID) -> Case | None:
    return Case.objects.select_related(*_BESIDE).filter(pk=case_id).first()


def case_notes(case: Case) -> list[CaseNote]:
    """The newest, in the order they were written."""
    return list(case.notes.order_by("-id")[:ROWS_MAX])[::-1]


def case_done(case: Case) -> list[AuditEntry]:
    """The newest, in the order of time."""
    found = AuditEntry.objects.filter(subject=public_id("txn", case.pk)).order_by("-id")[:ROWS_MAX]
    return [entry for entry in found if entry.action.startswith(_DONE)][::-1]
