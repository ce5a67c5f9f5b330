"""A person looks at a small share of the approved payments, so that labels tell not only of what was suspected.

Chosen from the record, a minute or two after a payment, so the payment itself costs nothing more and no money waits.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from ledger.domain.payments import TransactionType
from ledger.domain.sampling import is_sampled
from ledger.errors import LabelRepeated, SampleAlreadyDecided
from ledger.models import Case, Label, RecordMark, SampledReview, Transaction
from ledger.selectors.settled import settled_until
from ledger.services.audit import audit_record
from ledger.services.bank_events import bank_event_write
from ledger.services.cases.telling import case_tell
from ledger.services.labels import label_attach
from sentinel.core.ids import first_uuid7_at, public_id, uuid7

_MARK = "sample"
_CHUNK = timedelta(minutes=10)
_ROWS_AT_ONCE = 5_000
# The same bounds on both tables: the planner does not carry them over from one's partitions to the other's.
_APPROVED = """
SELECT t.id, t.account_id FROM ledger_transaction t
JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id
    AND d.transaction_id >= %(from)s AND d.transaction_id < %(until)s
WHERE t.id >= %(from)s AND t.id < %(until)s AND t.livemode AND d.status = 'approved'
    AND t.transaction_type = ANY(%(types)s)
    AND NOT EXISTS (SELECT FROM ledger_importedtransaction i WHERE i.transaction_id = t.id)
"""
_TYPES = [each.value for each in TransactionType if each.takes_money_out]


def approved_sample(*, now: datetime) -> int:
    """Chooses from where the last run ended to where every payment is known; how many were chosen.

    The first run chooses none and says where the next one begins.
    """
    until = settled_until(now)
    chosen = 0
    while (found := _sample_next(until, now)) is not None:
        chosen += found
    return chosen


@transaction.atomic
def sample_decide(*, transaction_id: UUID, is_fraud: bool, actor: str, note: str = "", now: datetime) -> None:
    """What a reviewer found out of a sampled payment: a label. Its money stays where it is.

    Errors: SampleAlreadyDecided; InvalidRequest for a note that holds a card number. Locks: the sample's row.
    """
    sample = SampledReview.objects.select_for_update().filter(pk=transaction_id, decided_at__isnull=True).first()
    if sample is None:
        raise SampleAlreadyDecided
    with suppress(LabelRepeated):  # a reviewer has said so already, on the payment's page
        label_attach(
            payment=Transaction.objects.get(pk=transaction_id),
            is_fraud=is_fraud,
            source=Label.Source.REVIEW,
            observed_at=now,
            actor=actor,
            label_id=uuid7(),
            note=note,
            now=now,
        )
    sample.is_fraud, sample.decided_by, sample.decided_at = is_fraud, actor, now
    sample.save(update_fields=["is_fraud", "decided_by", "decided_at"])
    verdict = "fraud" if is_fraud else "legitimate"
    subject = public_id("txn", transaction_id)
    audit_record(actor=actor, action=f"sample.{verdict}", subject=subject, details={"note": note}, now=now)
    told = {"transaction_id": subject, "kind": "sample", "verdict": verdict}
    bank_event_write(event_type="case.decided", subject=subject, payload=told, now=now)


@transaction.atomic
def _sample_next(until: datetime, now: datetime) -> int | None:
    """Chooses from the next minutes, or what there is of them; None when nothing is left.

    Locks: the mark. Whoever chooses at the same time goes on from there.
    """
    RecordMark.objects.bulk_create([RecordMark(name=_MARK, read_until=until)], ignore_conflicts=True)
    mark = RecordMark.objects.select_for_update().get(name=_MARK)
    per_mille = settings.SAMPLED_PER_MILLE
    end = min(until, mark.read_until + _CHUNK) if per_mille else until
    if end <= mark.read_until:
        return None
    chosen = _new(_choose(mark.read_until, end, per_mille)) if per_mille else []
    SampledReview.objects.bulk_create(
        [
            SampledReview(
                transaction_id=transaction_id,
                account_id=account_id,
                per_mille=per_mille,
                inclusion_probability=per_mille / 1000,
                chosen_at=now,
            )
            for transaction_id, account_id in chosen
        ],
        ignore_conflicts=True,
    )
    for case in Case.objects.filter(pk__in=[each[0] for each in chosen], kind=Case.Kind.SAMPLE):
        case_tell(case, event_type="case.opened", now=now, by="system")
    mark.read_until = end
    mark.save()
    return len(chosen)


def _choose(start: datetime, end: datetime, per_mille: int) -> list[tuple[Any, ...]]:
    key = salted_hmac("ledger.sampling", "approved", algorithm="sha256").digest()
    chosen: list[tuple[Any, ...]] = []
    with connection.chunked_cursor() as cursor:
        cursor.execute(_APPROVED, {"from": _first_id(start), "until": _first_id(end), "types": _TYPES})
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            chosen += [row for row in rows if is_sampled(row[0], key=key, per_mille=per_mille)]
    return chosen


def _new(chosen: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Without those chosen before: the mark may have been put back. Call while holding the mark."""
    before = SampledReview.objects.filter(pk__in=[transaction_id for transaction_id, _ in chosen])
    known = set(before.values_list("pk", flat=True))
    return [row for row in chosen if row[0] not in known]


def _first_id(moment: datetime) -> UUID:
    return first_uuid7_at(int(moment.timestamp() * 1000))
