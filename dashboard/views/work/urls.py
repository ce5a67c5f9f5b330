"""Addresses of the reviewers' pages, inside the Admin's site."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.urls import path

from dashboard.views.work import case, changes, doing, queue, searching, terms, together, verdicts

CASE = "work/cases/<uuid:case_id>/"


def work_urls(site: AdminSite) -> list[Any]:
    def at(route: str, view: Callable[..., Any], name: str) -> Any:
        return path(route, site.admin_view(view), name=name)

    return [
        at("work/", queue.queue, "queue"),
        at("work/rows/", queue.rows, "queue_rows"),
        at("work/changes/", changes.changes, "queue_changes"),
        at("work/search/", searching.search, "work_search"),
        at("work/terms/", terms.terms, "review_terms"),
        at("work/next/", doing.next_case, "case_next"),
        at("work/share/", doing.share_out, "cases_share_out"),
        at("work/together/", together.together, "cases_together"),
        at(CASE, case.case, "case"),
        at(f"{CASE}verdict/", verdicts.give, "case_verdict"),
        at(f"{CASE}undo/", verdicts.undo, "case_undo"),
        at(f"{CASE}lock/", doing.lock, "case_lock"),
        at(f"{CASE}release/", doing.release, "case_release"),
        at(f"{CASE}assign/", doing.assign, "case_assign"),
        at(f"{CASE}escalate/", doing.escalate, "case_escalate"),
        at(f"{CASE}snooze/", doing.snooze, "case_snooze"),
        at(f"{CASE}note/", doing.note, "case_note"),
        at("work/open/<uuid:transaction_id>/", doing.open_case, "case_open"),
    ]
