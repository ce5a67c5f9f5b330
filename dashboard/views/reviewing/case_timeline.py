"""What happened around a payment, and what was done with its case, in one order of time: the newest last."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from dashboard.domain.past import History, Past
from ledger.admin.words import audit_words, spaced
from ledger.domain.cases import REASON_WORDS
from ledger.models import AuditEntry, Case, CaseNote
from ledger.selectors.transactions import TransactionState
from sentinel.core.money import format_money

PAYMENTS_BEFORE = 8
_DONE = {
    "case.opened": "Case opened",
    "case.assigned": "Assigned",
    "case.escalated": "Escalated",
    "case.snoozed": "Snoozed",
    "case.decided": "Case decided",
    "verdict.given": "Verdict given",
    "verdict.undone": "Verdict taken back",
    "verdict.dropped": "Verdict dropped",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """`state` is a badge's word. A payment leads to its page."""

    at: datetime
    kind: str
    words: str
    by: str = ""
    state: str = ""
    payment_id: UUID | None = None
    is_this: bool = False
    is_fraud: bool = False
    note: str = ""


def shown_payments(history: History) -> list[Past]:
    return [*history.before[-PAYMENTS_BEFORE:], history.this, *history.after]


def timeline(
    case: Case,
    page: Mapping[str, Any],
    history: History,
    states: Mapping[UUID, TransactionState],
    notes: Sequence[CaseNote],
    done: Sequence[AuditEntry],
) -> list[Moment]:
    """`page` is the context of the payment's page: its hold, labels and reversals."""
    moments = [
        *(_payment(past, states[past.id].status.value, case.pk) for past in shown_payments(history)),
        *_money(page),
        *(_label(label) for label in page["labels"]),
        *(_done(entry) for entry in done),
        *(Moment(note.recorded_at, "note", "Note", note.author, note=note.text) for note in notes),
    ]
    return sorted(moments, key=lambda moment: moment.at)


def _payment(past: Past, state: str, case_id: UUID) -> Moment:
    words = f"{format_money(past.amount_minor, past.currency)}{f' at {past.with_whom}' if past.with_whom else ''}"
    is_this = past.id == case_id
    return Moment(past.occurred_at, "payment", words, state=state, payment_id=past.id, is_this=is_this,
                  is_fraud=bool(past.is_fraud))  # fmt: skip


def _money(page: Mapping[str, Any]) -> Iterator[Moment]:
    hold, resolution = page["hold"], page["resolution"]
    if hold is not None:
        yield Moment(hold.recorded_at, "hold", f"{format_money(hold.amount_minor, hold.currency)} held for a review")
    if resolution is not None:
        note = resolution.note
        yield Moment(
            resolution.recorded_at, "hold", "Review ended", resolution.actor, resolution.resolution, note=note
        )
    for _, reversal in page["reversals"]:
        words = f"{format_money(reversal.amount_minor, reversal.currency)} given back"
        yield Moment(reversal.recorded_at, "reversal", words, reversal.actor, note=reversal.reason)


def _label(label: Any) -> Moment:
    state = "fraud" if label.is_fraud else "legitimate"
    return Moment(label.recorded_at, "label", f"Label ({label.get_source_display()})", label.actor, state,
                  note=label.note)  # fmt: skip


def _done(entry: AuditEntry) -> Moment:
    details = entry.details
    words = [_DONE.get(entry.action, audit_words(entry.action).capitalize())]
    if verdict := details.get("verdict"):
        words.append(spaced(str(verdict)))
    if reason := REASON_WORDS.get(details.get("reason", "")):
        words.append(reason[0].lower() + reason[1:])
    if assignee := details.get("assignee"):
        words.append(f"to {assignee}")
    if until := details.get("until"):
        words.append(f"until {timezone.localtime(datetime.fromisoformat(until)):%-d %b %H:%M}")
    if details.get("or_on_activity"):
        words.append("or the next payment")
    return Moment(entry.recorded_at, "work", ": ".join([words[0], ", ".join(words[1:])]) if words[1:] else words[0],
                  entry.actor, note=str(details.get("note") or details.get("words") or ""))  # fmt: skip
