"""Giving a verdict, alone or to many cases together, and taking it back before it is applied."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from ledger.domain.cases import Verdict, reasons_for, verdicts_for
from ledger.errors import CaseTaken, VerdictGone
from ledger.models import Case, PendingVerdict
from ledger.selectors.review_terms import review_terms
from ledger.services.card_numbers import card_numbers_refuse
from ledger.services.cases.locking import case_for_update, taken_words
from ledger.services.cases.telling import case_audit
from ledger.services.verdict_extras import Extra, extras_check
from sentinel.core.errors import FieldError, InvalidRequest

TOGETHER_MAX = 200
_CHUNK = 50
NOTE_CHARACTERS_MAX = 500
_OTHER_KIND = "It takes another verdict: a hold is approved or declined, of other payments is said what they were."


@dataclass(frozen=True, slots=True)
class Given:
    """What a reviewer says. A reason is asked for with a decline."""

    verdict: Verdict
    reason: str = ""
    note: str = ""
    extras: Sequence[Extra] = ()


@dataclass(slots=True)
class Together:
    """What came of a verdict for many: those it was given to, and why not to the others."""

    given: list[UUID] = field(default_factory=list)
    refused: dict[UUID, str] = field(default_factory=dict)


@transaction.atomic
def verdict_give(*, case_id: UUID, given: Given, user: Any, now: datetime) -> PendingVerdict:
    """It is applied after the seconds of the terms. One that failed before is replaced.

    Errors: CaseUnknown; CaseTaken, with who was faster; InvalidRequest. Locks: a verdict that failed, then the case.
    """
    given_check(given)
    _lock_failed([case_id])
    case = case_for_update(case_id)
    if (words := _why_not(case, given, user, now)) is not None:
        raise CaseTaken(words)
    _refuse_other_kind(case, given)
    extras_check(payment=case.transaction, extras=given.extras, now=now)
    return _give(case, given, user, now, undo_seconds=review_terms().undo_seconds)


def verdicts_give_together(*, case_ids: Sequence[UUID], given: Given, user: Any, now: datetime) -> Together:
    """One note, and for each case a verdict and an audit entry. A case that somebody else has stops no other.

    Errors: InvalidRequest, before anything is written. Locks: fifty cases at a time; those locked are left out.
    """
    given_check(given)
    if given.extras or not 0 < len(set(case_ids)) <= TOGETHER_MAX:
        words = f"Choose between 1 and {TOGETHER_MAX} cases, and nothing that is done besides."
        raise InvalidRequest(words, errors=[FieldError("case_ids", "out_of_range", words)])
    came, chosen = Together(), sorted(set(case_ids))
    for start in range(0, len(chosen), _CHUNK):
        _give_chunk(chosen[start : start + _CHUNK], given, user, now, came)
    return came


@transaction.atomic
def verdict_undo(*, case_id: UUID, user: Any, is_locked: bool = True, now: datetime) -> Case:
    """One's own, before it is applied; anybody's that failed. The case is the user's again, unless it is not to be
    locked.

    Errors: VerdictGone. Locks: the verdict, then the case.
    """
    pending = PendingVerdict.objects.select_for_update(of=("self",)).filter(pk=case_id).first()
    if pending is None or (pending.actor_id != user.pk and not pending.error):
        raise VerdictGone
    case = case_for_update(case_id)
    pending.delete()
    if is_locked and case.decided_at is None:
        case.locked_by, case.locked_until = user, now + timedelta(minutes=review_terms().lock_minutes)
        case.save(update_fields=["locked_by", "locked_until"])
    case_audit(case, actor=user.get_username(), action="verdict.undone", now=now, verdict=pending.verdict)
    return case


def verdicts_undo_together(*, case_ids: Sequence[UUID], user: Any, now: datetime) -> Together:
    """Takes back what was given together, up to 200: the cases are anybody's again. One that was applied stops no
    other. Locks: case by case.
    """
    came = Together()
    for case_id in sorted(set(case_ids))[:TOGETHER_MAX]:
        try:
            verdict_undo(case_id=case_id, user=user, is_locked=False, now=now)
        except VerdictGone as gone:
            came.refused[case_id] = gone.detail
        else:
            came.given.append(case_id)
    return came


def given_check(given: Given) -> None:
    """Errors: InvalidRequest, for what can be said without looking at a case."""
    card_numbers_refuse(note=given.note)
    if len(given.note) > NOTE_CHARACTERS_MAX:
        words = f"A note has at most {NOTE_CHARACTERS_MAX} characters."
        raise InvalidRequest(words, errors=[FieldError("note", "too_long", words)])
    fitting = reasons_for(given.verdict)
    is_missing = given.verdict is Verdict.DECLINE and not given.reason
    if is_missing or (given.reason and given.reason not in fitting):
        words = f"Choose a reason: {', '.join(fitting)}." if fitting else "This verdict takes no reason."
        raise InvalidRequest(words, errors=[FieldError("reason", "not_fitting", words)])


@transaction.atomic
def _give_chunk(chosen: Sequence[UUID], given: Given, user: Any, now: datetime, came: Together) -> None:
    undo_seconds = review_terms().undo_seconds
    _lock_failed(chosen)
    cases = {case.pk: case for case in _free_of(chosen)}
    for case_id in chosen:
        case = cases.get(case_id)
        words = "Somebody else works on it, or there is no such case." if case is None else None
        if case is not None:
            words = _why_not(case, given, user, now) or (_OTHER_KIND if not _fits(case, given) else None)
        if case is None or words:
            came.refused[case_id] = words or ""
            continue
        _give(case, given, user, now, undo_seconds=undo_seconds)
        came.given.append(case_id)


def _lock_failed(case_ids: Sequence[UUID]) -> None:
    """Verdicts that are about to be replaced: before their cases, as everywhere."""
    failed = PendingVerdict.objects.filter(pk__in=case_ids).exclude(error="").order_by("pk")
    list(failed.select_for_update().values_list("pk"))


def _free_of(chosen: Sequence[UUID]) -> Iterator[Case]:
    found = Case.objects.filter(pk__in=chosen).select_related("locked_by").order_by("pk")
    yield from found.select_for_update(of=("self",), skip_locked=True)


def _give(case: Case, given: Given, user: Any, now: datetime, *, undo_seconds: int) -> PendingVerdict:
    PendingVerdict.objects.filter(pk=case.pk).exclude(error="").delete()
    pending = PendingVerdict.objects.create(
        case=case,
        verdict=given.verdict,
        reason=given.reason,
        note=given.note,
        actor=user,
        actor_name=user.get_username(),
        given_at=now,
        apply_at=now + timedelta(seconds=undo_seconds),
        extras=[dict(extra) for extra in given.extras],
    )
    case.locked_by = case.locked_until = None
    case.save(update_fields=["locked_by", "locked_until"])
    told = asdict(given) | {"extras": pending.extras}
    case_audit(case, actor=pending.actor_name, action="verdict.given", now=now, **told)
    return pending


def _why_not(case: Case, given: Given, user: Any, now: datetime) -> str | None:
    """Who was faster, in words."""
    pending = PendingVerdict.objects.filter(pk=case.pk, error="").first()
    if pending is not None:
        return f"{pending.actor_name} was faster: {pending.verdict}."
    return taken_words(case, user=user, now=now)


def _fits(case: Case, given: Given) -> bool:
    return given.verdict in verdicts_for(case.kind)


def _refuse_other_kind(case: Case, given: Given) -> None:
    if not _fits(case, given):
        raise InvalidRequest(_OTHER_KIND, errors=[FieldError("verdict", "other_kind", _OTHER_KIND)])
