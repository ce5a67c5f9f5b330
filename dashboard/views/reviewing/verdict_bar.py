"""The bar on top of a case: whose it is, and everything that can be done with it.

context = {**verdict_bar(request.user, case, now)}
{% include "dashboard/reviewing/verdict_bar.html" %}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.selectors.reviewers import reviewers
from dashboard.views.reviewing.besides import besides_offered
from dashboard.views.reviewing.words import DOES
from ledger.admin.words import moment, zone_words
from ledger.domain.cases import REASON_WORDS, Verdict, reasons_for, verdicts_for
from ledger.models import Case, PendingVerdict
from ledger.selectors.similar_cases import cases_alike
from ledger.services.cases.locking import taken_words
from ledger.services.cases.verdicts import NOTE_CHARACTERS_MAX as VERDICT_NOTE_MAX
from ledger.services.cases.working import NOTE_CHARACTERS_MAX, SNOOZE_DAYS_MAX
from sentinel.core.ids import public_id

SNOOZES = {"1h": "For an hour", "4h": "For 4 hours", "tomorrow": "Until tomorrow, 9:00", "moment": "Until"}
PEOPLE_MAX = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the two verdicts: its value, and the word on its button."""

    verdict: str
    does: str
    reasons: list[tuple[str, str]]
    needs_reason: bool


def verdict_bar(
    user: Any, case: Case, now: datetime, *, panel: str = "", typed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the template shows, as `bar`. The `panel` (verdict, escalate, snooze or note) is open, as typed."""
    pending = PendingVerdict.objects.filter(pk=case.pk).first()
    waits = pending is not None and not pending.error
    may_work = bool(user.has_perm("ledger.work_case"))
    is_free = may_work and not waits and taken_words(case, user=user, now=now) is None
    good, bad = (_choice(verdict) for verdict in verdicts_for(case.kind))
    bar = {
        "case": case,
        "name": public_id("txn", case.pk),
        "now": now,
        "said": _said(case, pending, user, now),
        "is_open": case.decided_at is None,
        "is_mine": _is_locked(case, now) and case.locked_by == user,
        "is_assigned_to_me": case.assignee == user,
        "may_work": may_work,
        "may_decide": is_free,
        "may_undo": may_work and pending is not None and (bool(pending.error) or pending.actor_id == user.pk),
        "may_open": may_work and case.decided_at is not None,
        "note_max": NOTE_CHARACTERS_MAX,
        "panel": _panel(panel, typed or {}, is_free=is_free),
        "typed": typed or {},
    }
    return {"bar": bar | _to_decide(user, case, now, good, bad) if is_free else bar}


def _to_decide(user: Any, case: Case, now: datetime, good: Choice, bad: Choice) -> dict[str, Any]:
    """What only somebody who can decide the case now has use for."""
    may_manage = bool(user.has_perm("ledger.manage_case"))
    return {
        "good": good,
        "bad": bad,
        "besides": besides_offered(user, case.transaction),
        "verdict_note_max": VERDICT_NOTE_MAX,
        "snoozes": SNOOZES,
        "today": now.date(),
        "last_moment": now + timedelta(days=SNOOZE_DAYS_MAX),
        "people": list(reviewers()[:PEOPLE_MAX]) if may_manage else [],
        "alike": len(cases_alike(case=case, user=user, now=now)),
    }


def _choice(verdict: Verdict) -> Choice:
    reasons = [(reason, REASON_WORDS[reason]) for reason in reasons_for(verdict)]
    return Choice(verdict.value, DOES[verdict], reasons, needs_reason=verdict is Verdict.DECLINE)


def _panel(panel: str, typed: Mapping[str, str], *, is_free: bool) -> str:
    """Where nothing can be decided any more, what was typed can still become a note."""
    if panel == "verdict":
        panel = typed.get("verdict", "")
    return panel if is_free or not typed.get("note") else "note"


def _is_locked(case: Case, now: datetime) -> bool:
    return case.locked_until is not None and case.locked_until > now


def _said(case: Case, pending: PendingVerdict | None, user: Any, now: datetime) -> list[SafeString]:
    """Who has the case, had it or said something, and when."""
    if case.decided_at is not None:
        reason = f" {REASON_WORDS[case.reason]}." if case.reason else ""
        words = taken_words(case, user=user, now=now)
        return [format_html("{}{} {} {}.", words, reason, moment(case.decided_at), zone_words())]
    found = [_pending(pending, user)] if pending is not None else []
    if _is_locked(case, now) and case.locked_by is not None and case.locked_until is not None:
        who = "You have" if case.locked_by == user else f"{case.locked_by.get_username()} has"
        found.append(format_html("{} this case until {} {}.", who, moment(case.locked_until), zone_words()))
    if case.assignee is not None:
        found.append(format_html("Assigned to {}.", _name(case.assignee, user)))
    if case.escalated_at is not None:
        at = moment(case.escalated_at)
        found.append(format_html("Escalated by {}, {} {}.", case.escalated_by, at, zone_words()))
    if case.snoozed_until is not None:
        activity = ", or until the account's next payment" if case.wakes_after_seq is not None else ""
        found.append(format_html("Snoozed until {} {}{}.", moment(case.snoozed_until), zone_words(), activity))
    return found


def _pending(pending: PendingVerdict, user: Any) -> SafeString:
    verdict = DOES[Verdict(pending.verdict)].lower()
    who = "You" if pending.actor_id == user.pk else pending.actor_name
    if pending.error:
        words = "{} said {}, which could not be done: {} Say something else, or take it back."
        return format_html(words, who, verdict, pending.error)
    said = "{} said {}, {}. It is done at {} {}, and can be taken back until then."
    return format_html(said, who, verdict, moment(pending.given_at), moment(pending.apply_at), zone_words())


def _name(person: Any, user: Any) -> str:
    return "you" if person == user else person.get_username()
