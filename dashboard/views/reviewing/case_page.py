"""The case page's context: each section from one reader, in words."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from dashboard.domain.habits import PAYMENTS_LEAST, habits_of
from dashboard.selectors.case import case_done, case_notes
from dashboard.selectors.history import history_around
from dashboard.selectors.links import links_of
from dashboard.views.reviewing.case_links import shown_links
from dashboard.views.reviewing.case_map import journey
from dashboard.views.reviewing.case_timeline import shown_payments, timeline
from dashboard.views.reviewing.case_why import why
from ledger.admin.transaction_page import may, panels_of, transaction_page
from ledger.models import Case
from ledger.selectors.transactions import transaction_states
from ledger.services.cases.working import NOTE_CHARACTERS_MAX
from rules.admin.rules_panel import rules_panel


def case_page(request: HttpRequest, case: Case, *, is_revealed: bool, now: datetime) -> dict[str, Any]:
    """Personal details are masked unless revealed, and left out for those who may not see them at all."""
    payment, user = case.transaction, request.user
    page = transaction_page(payment, user, is_revealed=is_revealed)
    may_see = page["may_see_detail"]
    detail = getattr(payment, "personal_detail", None) if may_see else None
    history = history_around(payment)
    links = links_of(payment, detail, now=now)
    notes = case_notes(case)
    states = transaction_states(_named(history, links))
    return page | {
        "case": case,
        "holder": _holder(case, now),
        "why": why(page["decision"], payment, user, is_revealed=is_revealed),
        "habits": habits_of(history, ZoneInfo(payment.account.home_zone), shows_personal=may_see),
        "habits_of": sum(past.is_ordinary for past in history.before),
        "habits_least": PAYMENTS_LEAST,
        "timeline": timeline(case, page, history, states, notes, case_done(case)),
        "journey": journey(history, is_exact=is_revealed) if may_see else None,
        "links": shown_links(links, states, is_revealed=is_revealed),
        "notes": notes,
        "note_characters_max": NOTE_CHARACTERS_MAX,
        "may_note": may(user, "ledger.work_case"),
        "panels": panels_of(request, payment, without=(rules_panel,)),
    }


def _named(history: Any, links: Any) -> set[Any]:
    """The payments of which the page says what became of them."""
    linked = {each.id for link in links for each in link.newest}
    return linked | {past.id for past in shown_payments(history)}


def _holder(case: Case, now: datetime) -> str:
    """Whose it is, in words."""
    if case.decided_at is not None:
        return ""
    if case.locked_by is not None and case.locked_until is not None and case.locked_until > now:
        return f"{case.locked_by.get_username()} has it open"
    return f"{case.assignee.get_username()} has it" if case.assignee is not None else "nobody has it"
