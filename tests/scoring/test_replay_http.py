"""A piece of the bundled file through the real API."""

from dataclasses import replace
from itertools import islice
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest

from ledger.models import Transaction
from scoring.domain.payment_files import PaymentRow, fraud_labels, payment_rows
from scoring.replay.report import Report
from scoring.replay.sending import replay_send
from scoring.replay.translation import Translation
from sentinel.asgi import application
from tests.gateway import Gateway
from tests.scoring.conftest import LABELS, TRANSACTIONS

pytestmark = pytest.mark.contract

ROWS = 150


@pytest.fixture(scope="module")
def translation() -> Translation:
    first = next(payment_rows(TRANSACTIONS))
    return replace(Translation.of(TRANSACTIONS, "INR", first), name=f"replay_{uuid4().hex[:8]}")


def _replay(gateway: Gateway, translation: Translation) -> Report:
    report = Report(fraud_labels(LABELS))
    rows: list[PaymentRow] = list(islice(payment_rows(TRANSACTIONS), ROWS))

    async def send() -> None:
        transport = httpx.ASGITransport(app=cast(Any, application), raise_app_exceptions=False)
        headers = {"X-API-Key": gateway.api_key}
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
            await replay_send(client, rows, translation, lanes=4, on_result=report.add)

    gateway.loop.run(send())
    return report


def test_every_row_is_decided_once_however_often_it_is_replayed(gateway: Gateway, translation: Translation) -> None:
    first, second = _replay(gateway, translation), _replay(gateway, translation)

    recorded = Transaction.objects.filter(account__id__startswith=f"acc_{translation.name}_")
    assert recorded.count() == ROWS
    assert set(first.endings) <= {"approve", "review", "decline"}
    assert (first.rows, first.lost, first.replayed) == (ROWS, 0, 0)
    assert (second.endings, second.replayed) == (first.endings, ROWS)
