"""Whose case it is for the next minutes. A lock ends by its time; nobody has to be asked."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from ledger.errors import CaseTaken, CaseUnknown
from ledger.models import Case
from ledger.selectors.review_terms import review_terms

# Chosen and locked in one statement: of two who ask at once, the second passes over what the first is taking.
_NEXT = """
UPDATE ledger_case SET locked_by_id = %(user)s, locked_until = %(until)s WHERE transaction_id = (
    SELECT c.transaction_id FROM ledger_case c
    WHERE c.decided_at IS NULL AND c.livemode = %(livemode)s AND c.escalated_at IS NULL AND c.snoozed_until IS NULL
        AND (c.assignee_id IS NULL OR c.assignee_id = %(user)s)
        AND (c.locked_by_id IS NULL OR c.locked_by_id = %(user)s OR c.locked_until <= %(now)s)
        AND c.transaction_id <> ALL(%(passed)s::uuid[])
        AND NOT EXISTS (SELECT FROM ledger_pendingverdict p WHERE p.case_id = c.transaction_id)
    ORDER BY c.rank, c.transaction_id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING transaction_id
"""


def case_next(*, user: Any, livemode: bool, passed: list[UUID] | None = None, now: datetime) -> Case | None:
    """Locks the best case that is nobody else's; None when there is none. `passed`: those to leave out."""
    until = now + timedelta(minutes=review_terms().lock_minutes)
    told = {"user": user.pk, "until": until, "livemode": livemode, "now": now, "passed": passed or []}
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, told)
        row = cursor.fetchone()
    return Case.objects.get(pk=row[0]) if row else None


@transaction.atomic
def case_lock(*, case_id: UUID, user: Any, now: datetime) -> Case:
    """The user's for the next minutes, or for some more. Errors: CaseUnknown, CaseTaken."""
    case = case_at_hand(case_id, user=user, now=now)
    case.locked_by, case.locked_until = user, now + timedelta(minutes=review_terms().lock_minutes)
    case.save(update_fields=["locked_by", "locked_until"])
    return case


def case_release(*, case_id: UUID, user: Any) -> bool:
    """Gives back one's own lock; whether there was one."""
    own = Case.objects.filter(pk=case_id, locked_by=user)
    return bool(own.update(locked_by=None, locked_until=None))


def case_at_hand(case_id: UUID, *, user: Any, now: datetime) -> Case:
    """The open case, which nobody else has. Errors: CaseUnknown, CaseTaken. Locks: its row."""
    case = case_for_update(case_id)
    if (words := taken_words(case, user=user, now=now)) is not None:
        raise CaseTaken(words)
    return case


def case_for_update(case_id: UUID) -> Case:
    """Errors: CaseUnknown. Locks: its row."""
    case = Case.objects.select_for_update(of=("self",)).select_related("locked_by").filter(pk=case_id).first()
    if case is None:
        raise CaseUnknown
    return case


def taken_words(case: Case, *, user: Any, now: datetime) -> str | None:
    """Who has it, or had it; None when the user may go on."""
    if case.decided_at is not None:
        return f"{case.decided_by} has decided this case: {case.get_verdict_display().lower()}."
    if case.locked_by is not None and case.locked_by != user and case.locked_until and case.locked_until > now:
        return f"{case.locked_by.get_username()} has this case open."
    return None
