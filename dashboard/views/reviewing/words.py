"""What the reviewers' pages say of verdicts and due times."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin.words import duration
from ledger.domain.cases import Verdict
from ledger.models import PendingVerdict
from sentinel.core.money import format_amount

# What somebody does, and what was done.
DOES = {
    Verdict.APPROVE: "Approve",
    Verdict.DECLINE: "Decline",
    Verdict.LEGITIMATE: "Legitimate",
    Verdict.FRAUD: "Fraud",
}
DID = {
    Verdict.APPROVE: "Approved",
    Verdict.DECLINE: "Declined",
    Verdict.LEGITIMATE: "Called legitimate:",
    Verdict.FRAUD: "Called fraud:",
}
_SOON = timedelta(minutes=30)


def verdicts_told(given: Sequence[PendingVerdict]) -> str:
    """Of one verdict, or of those given together."""
    did, case = DID[Verdict(given[0].verdict)], given[0].case
    if len(given) > 1:
        return f"{did} {len(given)} cases."
    return f"{did} txn_…{case.pk.hex[-8:]} {money_text(case.amount_minor, case.currency)}."


def money_text(minor: int, currency: str) -> str:
    """With all decimals, for where nothing but text is shown: 4,200.00 INR."""
    whole, point, fraction = format_amount(minor, currency).partition(".")
    return f"{int(whole):,}{point}{fraction} {currency}"


def due_words(due_at: datetime, now: datetime) -> SafeString:
    """How long until then, on a mark that clocks.js keeps true."""
    left = due_at - now
    words, mark = f"due in {_roughly(left)}", "soon" if left < _SOON else "calm"
    if left <= timedelta(0):
        words, mark = f"overdue for {_roughly(-left)}", "late"
    moment = due_at.isoformat()
    return format_html('<time class="{}" datetime="{}" data-due="{}">{}</time>', mark, moment, moment, words)


def _roughly(span: timedelta) -> str:
    """As clocks.js says it: without seconds."""
    minutes = int(span.total_seconds() // 60)
    return duration(minutes * 60) if minutes else "under a minute"
