from datetime import UTC, datetime

import pytest

from scoring.demo.behaviour import Bank, DemoPayment
from scoring.demo.history import bank_make, history_make

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAYS = 30


@pytest.fixture(scope="session")
def bank() -> Bank:
    return bank_make(60)


@pytest.fixture(scope="session")
def history(bank: Bank) -> list[DemoPayment]:
    return history_make(bank, until=NOW, days=DAYS)
