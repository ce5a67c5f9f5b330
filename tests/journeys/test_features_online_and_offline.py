"""Ten thousand payments replayed: the features each was decided on are those the ledger gives afterwards.

Those of its account, those of its card, device, IP address and merchant, and what was known of fraud: some payments
are labelled a week after they were made.
"""

import asyncio
import csv
import gzip
import json
import random
from bisect import bisect_right
from collections import deque
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from ledger.domain.payments import PaymentRequest, TransactionType
from ledger.models import Decision, Transaction
from ledger.services.labels import label_attach
from scoring.services.deciding import decide
from scoring.services.entity_rebuild import entity_labels_tell
from scoring.services.payments import Answer, Payment
from sentinel.api.directory import identity_of
from sentinel.core.catalogue import unpack
from sentinel.core.ids import parse_public_id, uuid7
from tests.offline_features import rows_with_entity_features, rows_with_features

pytestmark = pytest.mark.journey

ROWS = 10_000
GROUP = 64
WEEK = timedelta(days=7)
FRAUD_SHARE = 0.02
FILE = settings.BASE_DIR / "scoring" / "data" / "own_ci_400cards_75d_transactions.csv.gz"


def test_online_features_equal_offline_features(gateway, event_loop_thread):
    prefix = f"on{uuid4().hex[:6]}_"
    payments = replayed_payments(gateway, prefix)

    labels = decided_and_labelled(payments, event_loop_thread)

    assert labels > 20
    assert compared(rows_with_features(prefix)) == ROWS
    assert compared(rows_with_entity_features(prefix)) == ROWS
    assert frauds_seen(prefix) > 20


def compared(described) -> int:
    count = 0
    for row, expected in described:
        online = unpack(bytes(row.snapshot))
        for name, value in expected.items():
            if name in online:
                wanted = None if value is None else pytest.approx(value, rel=1e-6, abs=1e-6)
                assert online[name] == wanted, (row.id, name)
        count += 1
    return count


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
    customer = f"{prefix}{row['customer_id']}"
    return PaymentRequest(
        account_id=customer,
        amount_minor=round(float(row["amount"]) * 100) or 1,
        currency="USD",
        transaction_type=TransactionType.PURCHASE,
        occurred_at=datetime.fromisoformat(row["tx_datetime"]),
        merchant_id=f"{prefix}{row['terminal_id']}",
        card_token=f"{customer}-{chance.choice('aaaab')}" if chance.random() < 0.9 else None,
        device_id=f"{prefix}{chance.randrange(300)}" if chance.random() < 0.6 else None,
        ip_address=f"{prefix}{chance.randrange(40)}" if chance.random() < 0.7 else None,
        location_country=chance.choice(("US", "US", "US", "FR", None)),
        latitude=chance.uniform(-80, 80) if located else None,
        longitude=chance.uniform(-179, 179) if located else None,
    )


def decided_and_labelled(payments: list[Payment], event_loop_thread) -> int:
    """How many labels were given."""
    chance, recorded, labels = random.Random(11), deque[UUID](), 0
    for start in range(0, len(payments), GROUP):
        group = payments[start : start + GROUP]
        moment = group[0].request.occurred_at - WEEK
        week_old = bisect_right(payments, moment, key=lambda each: each.request.occurred_at)
        due = [recorded.popleft() for _ in range(week_old - (start - len(recorded)))]
        labels += label_some([each for each in due if chance.random() < FRAUD_SHARE])
        recorded += event_loop_thread.run(decide_group(group), timeout_seconds=60)
    return labels


def label_some(frauds: list[UUID]) -> int:
    """That these payments were fraud is found out a week after they were made."""
    now = timezone.now()
    for payment in Transaction.objects.filter(pk__in=frauds):
        label_attach(
            payment=payment,
            is_fraud=True,
            source="chargeback",
            observed_at=payment.occurred_at + WEEK,
            actor="tests",
            label_id=uuid7(),
            own_clock=True,
            now=now,
        )
    if frauds:
        entity_labels_tell(now=timezone.now())
    return len(frauds)


def frauds_seen(prefix: str) -> int:
    """How many payments were decided knowing of fraud at their merchant."""
    snapshots = Decision.objects.filter(account__id__startswith=prefix).values_list("snapshot", flat=True)
    return sum(unpack(bytes(each))["frauds_of_merchant_7d"] != 0 for each in snapshots)


async def decide_group(payments: list[Payment]) -> list[UUID]:
    """The ids under which they were recorded."""
    results = await decide(payments, now=timezone.now())
    await asyncio.sleep(0)
    found = []
    for result in results:
        assert isinstance(result, Answer), result
        identity = parse_public_id("txn", json.loads(result.receipt)["id"])
        assert identity is not None
        found.append(identity)
    return found
