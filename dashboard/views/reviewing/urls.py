"""Addresses of the reviewers' pages, inside the Admin's site."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.urls import path

from dashboard.views.reviewing import case, changes, doing, queue, searching, terms, together, verdicts

CASE = "reviewing/cases/<uuid:case_id>/"


def work_urls(site: AdminSite) -> list[Any]:
    def at(route: str, view: Callable[..., Any], name: str) -> Any:
        return path(route, site.admin_view(view), name=name)

    return [
        at("reviewing/", queue.queue, "queue"),
        at("reviewing/rows/", queue.rows, "queue_rows"),
        at("reviewing/changes/", changes.changes, "queue_changes"),
        at("reviewing/search/", searching.search, "work_search"),
        at("reviewing/terms/", terms.terms, "review_terms"),
        at("reviewing/next/", doing.next_case, "case_next"),
        at("reviewing/share/", doing.share_out, "cases_share_out"),
        at("reviewing/together/", together.together, "cases_together"),
        at(CASE, case.case, "case"),
        at(f"{CASE}verdict/", verdicts.give, "case_verdict"),
        at(f"{CASE}undo/", verdicts.undo, "case_undo"),
        at(f"{CASE}lock/", doing.lock, "case_lock"),
        at(f"{CASE}release/", doing.release, "case_release"),
        at(f"{CASE}assign/", doing.assign, "case_assign"),
        at(f"{CASE}escalate/", doing.escalate, "case_escalate"),
        at(f"{CASE}snooze/", doing.snooze, "case_snooze"),
        at(f"{CASE}note/", doing.note, "case_note"),
        at("reviewing/open/<uuid:transaction_id>/", doing.open_case, "case_open"),
    ]
