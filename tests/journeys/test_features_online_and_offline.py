"""Ten thousand payments replayed: the features each was decided on are those the ledger gives afterwards."""

import asyncio
import csv
import gzip
import random
from datetime import datetime
from itertools import islice
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from ledger.domain.payments import PaymentRequest, TransactionType
from scoring.services.deciding import decide
from scoring.services.payments import Answer, Payment
from sentinel.api.directory import identity_of
from sentinel.core.catalogue import unpack
from tests.offline_features import rows_with_features

pytestmark = pytest.mark.journey

ROWS = 10_000
FILE = settings.BASE_DIR / "scoring" / "data" / "own_ci_400cards_75d_transactions.csv.gz"


def test_online_features_equal_offline_features(gateway, event_loop_thread):
    prefix = f"on{uuid4().hex[:6]}_"
    payments = replayed_payments(gateway, prefix)

    event_loop_thread.run(decide_in_groups(payments), timeout_seconds=300)

    compared = 0
    for row, expected in rows_with_features(prefix):
        online = unpack(bytes(row.snapshot))
        for name, value in expected.items():
            if name in online:
                wanted = None if value is None else pytest.approx(value, rel=1e-6, abs=1e-6)
                assert online[name] == wanted, (row.id, name)
        compared += 1
    assert compared == ROWS


def replayed_payments(gateway, prefix: str) -> list[Payment]:
    """The file's first rows in time order, with places made up so that travel is described too."""
    chance = random.Random(7)
    with gzip.open(FILE, "rt") as lines:
        rows = list(islice(csv.DictReader(lines), ROWS))
    for customer in {row["customer_id"] for row in rows}:
        gateway.put(f"accounts/{prefix}{customer}", {"currency": "USD", "home_country": "US", "floor": "-9000000.00"})
    client = identity_of(gateway.client)
    return [Payment(client, str(uuid4()), b"", request_of(row, prefix, chance)) for row in rows]


def request_of(row: dict[str, str], prefix: str, chance: random.Random) -> PaymentRequest:
    located = chance.random() < 0.5
    return PaymentRequest(
        account_id=f"{prefix}{row['customer_id']}",
        amount_minor=round(float(row["amount"]) * 100) or 1,
        currency="USD",
        transaction_type=TransactionType.PURCHASE,
        occurred_at=datetime.fromisoformat(row["tx_datetime"]),
        merchant_id=row["terminal_id"],
        latitude=chance.uniform(-80, 80) if located else None,
        longitude=chance.uniform(-179, 179) if located else None,
    )


async def decide_in_groups(payments: list[Payment]) -> None:
    for start in range(0, len(payments), 64):
        results = await decide(payments[start : start + 64], now=timezone.now())
        assert all(isinstance(result, Answer) for result in results), results
        await asyncio.sleep(0)
