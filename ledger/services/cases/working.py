"""Opening, escalating, snoozing and noting."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from ledger.errors import CaseTaken, TransactionUnknown
from ledger.models import AccountBalance, Case, CaseNote, Transaction
from ledger.services.card_numbers import card_numbers_refuse
from ledger.services.cases.locking import case_at_hand, case_for_update
from ledger.services.cases.telling import case_audit, case_tell
from sentinel.core.errors import FieldError, InvalidRequest

SNOOZE_DAYS_MAX = 30
NOTE_CHARACTERS_MAX = 2000
_FREE = {"locked_by": None, "locked_until": None}


@transaction.atomic
def case_open(*, transaction_id: UUID, actor: str, now: datetime) -> Case:
    """Any payment can be looked at, also once more. Errors: TransactionUnknown; CaseTaken when it is open already."""
    if not Transaction.objects.filter(pk=transaction_id).exists():
        raise TransactionUnknown
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_case_open(%s, %s, %s)", [transaction_id, Case.Kind.OPENED, now])
        is_new = cursor.fetchone()[0]
    if not is_new:
        raise CaseTaken("This payment's case is open already.")
    case = Case.objects.get(pk=transaction_id)
    case_audit(case, actor=actor, action="case.opened", now=now)
    case_tell(case, event_type="case.opened", now=now, by=actor)
    return case


@transaction.atomic
def case_escalate(*, case_id: UUID, user: Any, note: str = "", now: datetime) -> Case:
    """Somebody with more experience is to look: it leaves the queue of the others. Errors: CaseUnknown, CaseTaken,
    InvalidRequest for the note.
    """
    case = case_at_hand(case_id, user=user, now=now)
    name = user.get_username()
    _set(case, escalated_at=now, escalated_by=name, assignee=None, snoozed_until=None, wakes_after_seq=None, **_FREE)
    if note:
        _note(case, name, note, now)
    case_audit(case, actor=name, action="case.escalated", now=now)
    case_tell(case, event_type="case.escalated", now=now, by=name)
    return case


@transaction.atomic
def case_snooze(*, case_id: UUID, user: Any, until: datetime, or_on_activity: bool = False, now: datetime) -> Case:
    """Out of the queue until then, or until the account's next payment; meanwhile it is the user's. Its due time
    stays. Errors: CaseUnknown, CaseTaken, InvalidRequest.
    """
    if not now < until <= now + timedelta(days=SNOOZE_DAYS_MAX):
        words = f"Choose a moment within the next {SNOOZE_DAYS_MAX} days."
        raise InvalidRequest(words, errors=[FieldError("until", "out_of_range", words)])
    case = case_at_hand(case_id, user=user, now=now)
    seq = AccountBalance.objects.values_list("seq", flat=True).get(pk=case.account_id) if or_on_activity else None
    _set(case, snoozed_until=until, wakes_after_seq=seq, assignee=user, **_FREE)
    told = {"until": until.isoformat(), "or_on_activity": or_on_activity}
    case_audit(case, actor=user.get_username(), action="case.snoozed", now=now, **told)
    return case


@transaction.atomic
def case_note_add(*, case_id: UUID, author: str, text: str, now: datetime) -> CaseNote:
    """Also on a decided case. Errors: CaseUnknown; InvalidRequest for an empty or long note, or a card number."""
    return _note(case_for_update(case_id), author, text, now)


def _note(case: Case, author: str, text: str, now: datetime) -> CaseNote:
    card_numbers_refuse(note=text)
    if not 0 < len(text.strip()) <= NOTE_CHARACTERS_MAX:
        words = f"Write a note of at most {NOTE_CHARACTERS_MAX:,} characters."
        raise InvalidRequest(words, errors=[FieldError("note", "wrong_length", words)])
    return CaseNote.objects.create(case=case, author=author, text=text.strip(), recorded_at=now)


def _set(case: Case, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(case, name, value)
    case.save(update_fields=list(changes))
