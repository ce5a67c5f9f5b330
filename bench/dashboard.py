"""The dashboard over a million decisions: how long facts take, and how long the page does."""

import argparse
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from bench.decided_past import SPAN_DAYS, past_begin
from bench.page_times import HEADINGS, page_times, superuser_client
from bench.report import table
from bench.stack import Stack
from dashboard.services.facts import facts_fill, facts_rebuild
from sentinel.ops.console import say, step

PAYMENTS = 1_000_000
HOUR_PAYMENTS = 36_000  # of ten a second
PAGES = ("period=24h", "period=7d", "period=30d", "period=30d&only=channel:pos", "period=30d&only=country:FR")


def measure(stack: Stack, options: argparse.Namespace, *, run: str) -> int:
    payments = options.history or PAYMENTS
    past = past_begin(stack, options, run=run, reviews=20, is_worked=True, has_details=False)
    now = timezone.now()
    with step(f"{payments:,} payments"):
        # So far back that the newest hour is empty.
        past.write(payments, end=now - timedelta(hours=1, minutes=2), seconds_apart=SPAN_DAYS * 86_400 / payments)
    rows = [("facts", "payments", "seconds")]
    rows.append(("all of them", f"{payments:,}", f"{_seconds(lambda: _fill(now - timedelta(hours=1))):.1f}"))
    past.write(HOUR_PAYMENTS, end=now - timedelta(minutes=2), seconds_apart=3600 / HOUR_PAYMENTS, seq=1_000_000)
    rows.append(("an hour's", f"{HOUR_PAYMENTS:,}", f"{_seconds(lambda: _fill(now)):.2f}"))
    rows.append(("nothing new", "0", f"{_seconds(lambda: _fill(now)):.2f}"))
    rows.append(("anew", f"{payments + HOUR_PAYMENTS:,}", f"{_seconds(_rebuild):.1f}"))
    say(f"\n{table(rows)}\n")
    client, page = superuser_client(), reverse("admin:dashboard")
    say(table([HEADINGS, *(page_times(query, client.get, [f"{page}?{query}"]).row() for query in PAGES)]))
    return 0


def _fill(now: datetime) -> None:
    while not facts_fill(now=now):
        pass


def _rebuild() -> None:
    for _ in facts_rebuild(since=None, now=timezone.now()):
        pass


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
