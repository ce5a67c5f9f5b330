"""Applying verdicts whose time to be taken back is over. Each in one database transaction: all of it, or none."""

import logging
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction

from ledger.domain.cases import Verdict, verdict_label
from ledger.errors import HoldAlreadyResolved, LabelRepeated, SampleAlreadyDecided
from ledger.models import Case, Label, PendingVerdict, SampledReview
from ledger.services.cases.telling import case_audit, case_tell
from ledger.services.failures import kind_and_place
from ledger.services.holds import Resolution, hold_resolve
from ledger.services.labels import label_attach
from ledger.services.sampling import sample_decide
from ledger.services.verdict_extras import extras_apply
from sentinel.core.errors import SentinelError
from sentinel.core.ids import uuid7

_RESOLUTIONS = {Verdict.APPROVE: Resolution.APPROVED, Verdict.DECLINE: Resolution.DECLINED}
_UNEXPECTED = (
    "Something went wrong that is not the verdict's fault; the log says what. Give it again, or take it back."
)
_logger = logging.getLogger(__name__)


def verdicts_apply(*, now: datetime, limit: int = 200) -> int:
    """Applies up to `limit`; how many. One that fails keeps the words of its failure, and stops no other.

    Without the database it raises: all of them are still due afterwards.
    """
    due = PendingVerdict.objects.filter(apply_at__lte=now, error="").order_by("apply_at")
    return sum([_try(case_id, now) for case_id in due.values_list("pk", flat=True)[:limit]])


def _try(case_id: UUID, now: datetime) -> bool:
    try:
        return _apply_one(case_id, now)
    except (HoldAlreadyResolved, SampleAlreadyDecided):
        return False  # ended a moment ago; the next round sees that and drops the verdict
    except (OperationalError, InterfaceError):
        raise
    except SentinelError as refusal:
        _keep_words(case_id, refusal.detail, now)
    except Exception as error:
        _logger.error("the verdict of case %s could not be applied: %s", case_id, kind_and_place(error))
        _keep_words(case_id, _UNEXPECTED, now)
    return False


@transaction.atomic
def _apply_one(case_id: UUID, now: datetime) -> bool:
    """Locks: the verdict; what somebody else is applying or taking back is passed over."""
    found = PendingVerdict.objects.select_for_update(of=("self",), skip_locked=True).select_related("case")
    pending = found.filter(pk=case_id, apply_at__lte=now, error="").first()
    if pending is None:
        return False
    if pending.case.decided_at is not None:
        _drop(pending, now)
        return False
    _apply(pending, now)
    pending.delete()
    return True


def _apply(pending: PendingVerdict, now: datetime) -> None:
    case, verdict, actor = pending.case, Verdict(pending.verdict), pending.actor_name
    is_fraud = verdict_label(verdict, pending.reason)
    # Before balances are locked: what they lock may take its time.
    extras_apply(payment=case.transaction, extras=pending.extras, actor=actor, now=now)
    _end(case, pending, verdict, now)
    if is_fraud is not None:
        _label(case, pending, is_fraud, now)
    # The database has decided a case that ended with a hold or a sample; the reason it does not know.
    Case.objects.filter(pk=case.pk).update(
        decided_at=now,
        decided_by=actor,
        verdict=verdict,
        reason=pending.reason,
        locked_by=None,
        locked_until=None,
        snoozed_until=None,
        wakes_after_seq=None,
    )
    told = {"verdict": verdict.value, "reason": pending.reason}
    case_audit(case, actor=actor, action="case.decided", now=now, **told, note=pending.note, is_fraud=is_fraud)
    # Of a hold tells transaction.review_resolved, and of a sample its decision.
    if case.kind == Case.Kind.OPENED:
        case_tell(case, event_type="case.decided", now=now, by=actor, **told)


def _end(case: Case, pending: PendingVerdict, verdict: Verdict, now: datetime) -> None:
    """What the case is about: the money of a hold, or a sample."""
    told = {"transaction_id": case.pk, "actor": pending.actor_name, "note": pending.note, "now": now}
    if case.kind == Case.Kind.HOLD:
        hold_resolve(**told, resolution=_RESOLUTIONS[verdict])
    elif SampledReview.objects.filter(pk=case.pk, decided_at__isnull=True).exists():
        sample_decide(**told, is_fraud=verdict is Verdict.FRAUD)


def _label(case: Case, pending: PendingVerdict, is_fraud: bool, now: datetime) -> None:
    with suppress(LabelRepeated):  # said already on the payment's page, or with the sample
        label_attach(
            payment=case.transaction,
            is_fraud=is_fraud,
            source=Label.Source.REVIEW,
            observed_at=now,
            actor=pending.actor_name,
            label_id=uuid7(),
            note=pending.note,
            now=now,
        )


def _drop(pending: PendingVerdict, now: datetime) -> None:
    """The case ended before: the gateway gave the payment up, say. Nobody's verdict goes without a word."""
    case = pending.case
    words = f"{case.decided_by} ended the case first: {case.get_verdict_display().lower()}."
    told = {"verdict": pending.verdict, "reason": pending.reason, "words": words}
    case_audit(case, actor=pending.actor_name, action="verdict.dropped", now=now, **told)
    pending.delete()


def _keep_words(case_id: UUID, words: str, now: datetime) -> None:
    PendingVerdict.objects.filter(pk=case_id, apply_at__lte=now, error="").update(error=words[:500])
