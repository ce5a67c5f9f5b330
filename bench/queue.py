"""The pages of reviewers over many open cases and a large past: server time and queries of each."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.decided_past import SPAN_DAYS, past_begin
from bench.finish import json_write
from bench.page_times import CALLS, HEADINGS, Ask, PageTimes, page_times, superuser_client
from bench.report import table
from bench.stack import Stack
from dashboard.services.facts import facts_fill
from ledger.models import Case
from ledger.selectors.cases import PAGE_ROWS_MAX, Tab, cases_page
from sentinel.ops.console import say, step

PAYMENTS, CASES = 1_000_000, 100_000
# Of 1,000 payments; the rest are approved or declined.
_REVIEWS_MAX = 900


def measure(stack: Stack, options: argparse.Namespace, *, run: str) -> int:
    payments, cases = options.history or PAYMENTS, options.cases
    reviews = min(_REVIEWS_MAX, max(1, round(1000 * cases / payments)))
    past = past_begin(stack, options, run=run, reviews=reviews, is_worked=False, has_details=True)
    with step(f"{payments:,} payments"):
        past.write(payments, end=timezone.now() - timedelta(minutes=2), seconds_apart=SPAN_DAYS * 86_400 / payments)
    with step("facts, and what payments share"):
        while not facts_fill(now=timezone.now()):
            pass
    open_cases = Case.objects.filter(decided_at=None).count()
    measured = [page_times(name, ask, urls) for name, ask, urls in _pages(superuser_client())]
    say(f"\n{open_cases:,} open cases among {payments:,} payments\n{table([HEADINGS, *_rows(measured)])}")
    json_write(_as_json(payments, open_cases, measured), options.json)
    return 0


def _pages(client: Client) -> Iterator[tuple[str, Ask, list[str]]]:
    queue = reverse("admin:queue")
    chosen = _spread()
    yield "queue, first page", client.get, [queue]
    yield "queue, deep", client.get, [f"{queue}?cursor={_deep_cursor()}"]
    yield "queue, filtered", client.get, [f"{queue}?currency=INR&least=500&country=FR"]
    yield "queue, escalated", client.get, [f"{queue}?tab=escalated"]
    yield "next case", client.post, [reverse("admin:case_next")]
    yield "case", client.get, [reverse("admin:case", args=[case_id]) for case_id, _ in chosen]
    yield "account", client.get, [reverse("admin:ledger_account_change", args=[account]) for _, account in chosen]


def _spread() -> list[tuple[UUID, str]]:
    """Cases over the whole past, with their accounts: each call looks at another one."""
    found = Case.objects.filter(decided_at=None).order_by("opened_at").values_list("pk", "account_id")
    known = list(found)
    return known[:: max(1, len(known) // CALLS)][:CALLS]


def _deep_cursor() -> str:
    """Half way down the queue."""
    half = Case.objects.filter(decided_at=None).count() // 2
    cursor, passed = None, 0
    while passed <= half:
        page = cases_page(
            tab=Tab.OPEN, livemode=True, user_id=0, now=timezone.now(), cursor=cursor, limit=PAGE_ROWS_MAX
        )
        if page.cursor is None:
            break
        cursor, passed = page.cursor, passed + len(page.rows)
    return cursor or ""


def _rows(measured: list[PageTimes]) -> list[tuple[str, ...]]:
    return [each.row() for each in measured]


def _as_json(payments: int, open_cases: int, measured: list[PageTimes]) -> dict[str, Any]:
    pages = {each.name: {k: v if isinstance(v, int) else round(v, 1) for k, v in asdict(each).items() if k != "name"}
             for each in measured}  # fmt: skip
    return {"payments": payments, "open_cases": open_cases, "pages": pages}
