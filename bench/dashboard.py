"""The dashboard over a million decisions: how long facts take, and how long the page does."""

import argparse
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from statistics import median, quantiles

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bench.history import skip_triggers_if_allowed
from bench.payments import account_ids
from bench.report import table
from bench.seeding import ACCOUNT_PREFIX, accounts_make, refuse_real_bank, rules_publish
from bench.stack import Stack
from dashboard.services.facts import facts_fill, facts_rebuild
from ledger.services.partitions import partitions_make
from rules.models import RuleVersion
from sentinel.api.services import client_create
from sentinel.ops.console import Refusal, say, step

PAYMENTS = 1_000_000
SPAN_DAYS = 60
HOUR_PAYMENTS = 36_000  # of ten a second
PERIODS = ("24h", "7d", "30d")
_PAST = (Path(__file__).parent / "dashboard.sql").read_text()
_ROWS_AT_ONCE = 100_000
_CALLS = 40
_TABLES = ("transaction", "decision", "hold", "holdresolution", "label")


def measure(stack: Stack, options: argparse.Namespace, *, run: str) -> int:
    payments = options.history or PAYMENTS
    past = _seed(stack, options, run=run)
    now = timezone.now()
    with step(f"{payments:,} payments"):
        # So far back that the newest hour is empty.
        past(payments, now - timedelta(hours=1, minutes=2), SPAN_DAYS * 86_400 / payments, 1)
    rows = [("facts", "payments", "seconds")]
    rows.append(("all of them", f"{payments:,}", f"{_seconds(lambda: _fill(now - timedelta(hours=1))):.1f}"))
    past(HOUR_PAYMENTS, now - timedelta(minutes=2), 3600 / HOUR_PAYMENTS, 1_000_000)
    rows.append(("an hour's", f"{HOUR_PAYMENTS:,}", f"{_seconds(lambda: _fill(now)):.2f}"))
    rows.append(("nothing new", "0", f"{_seconds(lambda: _fill(now)):.2f}"))
    rows.append(("anew", f"{payments + HOUR_PAYMENTS:,}", f"{_seconds(_rebuild):.1f}"))
    say(f"\n{table(rows)}\n")
    say(table([("page", "queries", "median ms", "p95 ms", "most ms"), *_page_rows()]))
    return 0


def _seed(stack: Stack, options: argparse.Namespace, *, run: str) -> Callable[[int, datetime, float, int], None]:
    """Everything but the payments; returns what makes those."""
    now = timezone.now()
    with step("tables"):
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        partitions_make(now=now - timedelta(days=SPAN_DAYS - 20))
    refuse_real_bank()
    rules_publish(now)
    prefix = f"{ACCOUNT_PREFIX}{run}_"
    with step(f"{options.accounts:,} accounts"):
        accounts_make(account_ids(prefix, options.accounts), now=now)
    stack.let_owner_skip_triggers()
    known = {"prefix": prefix, "accounts": options.accounts, "client": client_create(name=f"bench {run}").pk}
    known["rule"] = RuleVersion.objects.order_by("pk").values_list("pk", flat=True).first()

    def past(payments: int, end: datetime, seconds_apart: float, seq: int) -> None:
        values = {**known, "end": end, "payments": payments, "seconds_apart": seconds_apart, "seq": seq}
        for first in range(1, payments + 1, _ROWS_AT_ONCE):
            last = min(first + _ROWS_AT_ONCE - 1, payments)
            with transaction.atomic(), connection.cursor() as cursor:
                skip_triggers_if_allowed()
                cursor.execute(_PAST, {**values, "first": first, "last": last, "salt": str(seq)})
        with connection.cursor() as cursor:
            for name in _TABLES:
                cursor.execute(f"VACUUM (ANALYZE) ledger_{name}")

    return past


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


def _page_rows() -> list[tuple[str, ...]]:
    """The page through Django's whole stack, in this process."""
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_superuser("bench"))
    return [_page_row(client, f"{reverse('admin:dashboard')}?period={period}") for period in PERIODS]


def _page_row(client: Client, url: str) -> tuple[str, ...]:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
    if answer.status_code != HTTPStatus.OK:
        raise Refusal(f"{url} was answered {answer.status_code}.")
    took = sorted(_seconds(lambda: client.get(url)) * 1000 for _ in range(_CALLS))
    p95 = quantiles(took, n=20)[-1]
    return url.rpartition("=")[2], str(len(queries)), f"{median(took):.0f}", f"{p95:.0f}", f"{took[-1]:.0f}"
