"""A past of decided payments with what became of them, written in bulk: what pages are measured over."""

import argparse
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from bench.history import skip_triggers_if_allowed
from bench.payments import account_ids
from bench.seeding import ACCOUNT_PREFIX, accounts_make, refuse_real_bank, rules_publish
from bench.stack import Stack
from ledger.services.partitions import partitions_make
from rules.models import RuleVersion
from sentinel.api.services import client_create
from sentinel.core.catalogue import CATALOGUE_VERSION, FIELDS, INDEX, pack
from sentinel.ops.console import step

SPAN_DAYS = 60
_PAST = (Path(__file__).parent / "decided_past.sql").read_text()
_ROWS_AT_ONCE = 100_000
# As much of one as pages show.
_RECEIPT = b"""{"outcome": "review", "status": "held", "response_code": "00", "retryable": false, "message": "Held",
"balance": {"posted": "1000.00", "held": "900.00", "available": "100.00", "currency": "INR"}}"""
_TABLES = ("transaction", "decision", "personaldetail", "hold", "holdresolution", "case", "label")


@dataclass(frozen=True, slots=True)
class Past:
    """`reviews` of 1,000 payments are reviewed; with `is_worked` nearly all reviews have ended."""

    known: dict[str, Any]
    reviews: int
    is_worked: bool
    has_details: bool

    def write(self, payments: int, *, end: datetime, seconds_apart: float, seq: int = 1) -> None:
        """Payments up to a moment. `seq` is the first number within each account."""
        values = {
            **self.known,
            "reviews": self.reviews,
            "is_worked": self.is_worked,
            "has_details": self.has_details,
            "end": end,
            "payments": payments,
            "seconds_apart": seconds_apart,
            "seq": seq,
            "salt": str(seq),
        }
        for first in range(1, payments + 1, _ROWS_AT_ONCE):
            last = min(first + _ROWS_AT_ONCE - 1, payments)
            with transaction.atomic(), connection.cursor() as cursor:
                skip_triggers_if_allowed()
                cursor.execute(_PAST, {**values, "first": first, "last": last})
        with connection.cursor() as cursor:
            for name in _TABLES:
                cursor.execute(f"VACUUM (ANALYZE) ledger_{name}")


def past_begin(
    stack: Stack, options: argparse.Namespace, *, run: str, reviews: int, is_worked: bool, has_details: bool
) -> Past:
    """Everything but the payments."""
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
    known = {
        "prefix": prefix,
        "accounts": options.accounts,
        "client": client_create(name=f"bench {run}").pk,
        "rule": RuleVersion.objects.order_by("pk").values_list("pk", flat=True).first(),
        "catalogue_version": CATALOGUE_VERSION,
        "snapshot": _snapshot(),
        "receipt": _RECEIPT,
    }
    return Past(known, reviews, is_worked, has_details)


def _snapshot() -> bytes:
    """Of a payment about which little is known."""
    values: list[Any] = [None] * len(FIELDS)
    values[INDEX["amount"]], values[INDEX["currency"]] = 90_000, "INR"
    return pack(values)
