"""Payments of the bundled file, with details by chance, decided by the real pipeline."""

import asyncio
import csv
import gzip
import random
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from uuid import uuid4
from zlib import crc32

from django.conf import settings
from django.utils import timezone

from ledger.domain.payments import PaymentRequest, TransactionType
from scoring.services.deciding import decide
from scoring.services.payments import Answer, Payment
from sentinel.api.directory import identity_of

ACCOUNTS = 60
FILE = settings.BASE_DIR / "scoring" / "data" / "own_ci_400cards_75d_transactions.csv.gz"
COUNTRIES, CATEGORIES, DEVICES = ("IN", "FR", "KP"), ("5732", "7995"), ("dev_1", "Dev_2", "dev_ß", None)


def replayed_payments(gateway, rows: int) -> Iterator[Payment]:
    """So many; when the file has fewer, it is sent again for other customers."""
    client = identity_of(gateway.client)
    dice, left = random.Random(7), rows
    while left > 0:
        prefix = f"sim{uuid4().hex[:6]}_"
        with gzip.open(FILE, "rt") as lines:
            found = list(islice(csv.DictReader(lines), left))
        left -= len(found)
        for number in range(ACCOUNTS):
            terms = {"currency": "USD", "home_country": dice.choice(COUNTRIES), "floor": "-9000000.00"}
            assert gateway.put(f"accounts/{prefix}{number}", terms).is_success
        for each in found:
            yield Payment(client, str(uuid4()), b"", _request(each, prefix, dice))


def _request(each: dict[str, str], prefix: str, dice: random.Random) -> PaymentRequest:
    located = dice.random() < 0.5
    return PaymentRequest(
        account_id=f"{prefix}{crc32(each['customer_id'].encode()) % ACCOUNTS}",
        amount_minor=round(float(each["amount"]) * 100) or 1,
        currency="USD",
        transaction_type=dice.choice((TransactionType.PURCHASE, TransactionType.WITHDRAWAL)),
        occurred_at=datetime.fromisoformat(each["tx_datetime"]),
        merchant_id=each["terminal_id"],
        merchant_name=dice.choice(("Corner Books", "Straße 5", None)),
        merchant_category=dice.choice((*CATEGORIES, None)),
        merchant_country=dice.choice((*COUNTRIES, None)),
        channel=dice.choice(("pos", "ecommerce", None)),
        device_id=dice.choice(DEVICES),
        location_country=dice.choice(COUNTRIES) if located else None,
        latitude=dice.uniform(-80, 80) if located else None,
        longitude=dice.uniform(-179, 179) if located else None,
    )


async def decide_all(payments: list[Payment]) -> None:
    for start in range(0, len(payments), 64):
        results = await decide(payments[start : start + 64], now=timezone.now())
        assert all(isinstance(result, Answer) for result in results), results
        await asyncio.sleep(0)
