"""Small files of payments."""

import gzip
from collections.abc import Iterable
from datetime import UTC, datetime

from django.utils import timezone

from scoring.models import ScoreJob
from scoring.services.jobs.uploading import job_upload

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
CONSTANTS = {"currency": "INR", "transaction_type": "purchase"}
HEADER = "transaction_id,account_id,amount,currency,transaction_type,occurred_at,merchant_id"


def row(number: int, account_id: str = "acc_1", amount: str = "100.00", **other: str) -> str:
    """A payment of a minute of its own, so that their order is that of their numbers."""
    told = {"id": f"T-{number}", "currency": "INR", "kind": "purchase", "merchant": "m_17"} | other
    at = told.get("at", f"2026-01-31T{number // 60 % 24:02d}:{number % 60:02d}:00Z")
    return f"{told['id']},{account_id},{amount},{told['currency']},{told['kind']},{at},{told['merchant']}"


def rows(count: int, accounts: int = 3) -> list[str]:
    return [row(number, f"acc_{number % accounts}", f"{10 + number}.00") for number in range(count)]


def file_of(lines: Iterable[str], header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def packed(data: bytes) -> bytes:
    return gzip.compress(data)


def uploaded(data: bytes, **fields) -> ScoreJob:
    told = {"actor": "tests", "client": None, "file_name": "payments.csv", "constants": CONSTANTS} | fields
    return job_upload(
        content=[data[start : start + 1000] for start in range(0, len(data), 1000)], now=timezone.now(), **told
    )
