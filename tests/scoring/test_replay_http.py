"""A piece of the bundled file through the real API."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from asgiref.sync import async_to_sync

from ledger.models import Label, Transaction
from scoring.domain.payment_files import PaymentRow, fraud_labels, payment_rows
from scoring.replay.calling import ReplayStopped
from scoring.replay.labels import LEFT_OUT, SENT, SENT_BEFORE
from scoring.replay.report import Report
from scoring.replay.retraining import is_passed_over
from scoring.replay.run import Plan, Replay
from scoring.replay.schedule import Retraining
from scoring.replay.sending import replay_send
from scoring.replay.translation import Translation
from sentinel.api.scope_names import SCOPES
from sentinel.asgi import application
from sentinel.core.catalogue import unpack
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


def _replay_file(gateway: Gateway, plan: Plan) -> Report:
    replay = Replay(plan, on_result=id, on_retrained=id)

    async def send() -> None:
        transport = httpx.ASGITransport(app=cast(Any, application), raise_app_exceptions=False)
        headers = {"X-API-Key": gateway.api_key}
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
            await replay.run(client)

    gateway.loop.run(send())
    return replay.report


def test_every_row_is_decided_once_however_often_it_is_replayed(gateway: Gateway, translation: Translation) -> None:
    first, second = _replay(gateway, translation), _replay(gateway, translation)

    recorded = Transaction.objects.filter(account__id__startswith=f"acc_{translation.name}_")
    assert recorded.count() == ROWS
    assert set(first.endings) <= {"approve", "review", "decline"}
    assert (first.rows, first.lost, first.replayed) == (ROWS, 0, 0)
    assert (second.endings, second.replayed) == (first.endings, ROWS)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Ten payments of ten cards at one terminal, a day apart. The first is known as fraud after 3.5 days, the third
    after 5; a label of the sixth comes too late, and one is of a payment that the file does not have.
    """
    terminal = uuid4().hex[:8]
    rows = [f"{n},2026-01-{n + 1:02}T12:00:00Z,{n},{terminal},50.00" for n in range(10)]
    labels = ["0,1,2026-01-05T00:00:00Z", "2,1,2026-01-06T12:00:00Z", "5,1,2026-01-11T00:00:00Z"]
    path = tmp_path / f"small_{terminal}_transactions.csv"
    path.write_text("\n".join(["transaction_id,tx_datetime,customer_id,terminal_id,amount", *rows]))
    known = tmp_path / "labels.csv"
    known.write_text("\n".join(["transaction_id,is_fraud,label_available_at", *labels, "x,1,2026-01-06T12:30:00Z"]))
    return Plan(path, "INR", frauds=fraud_labels(known))


def _frauds_of_merchant(plan: Plan) -> list[Any]:
    name = plan.path.name.removesuffix("_transactions.csv")
    paid = Transaction.objects.filter(account__id__startswith=f"acc_{name}_").order_by("occurred_at")
    snapshots = paid.values_list("decision__snapshot", flat=True)
    return [unpack(bytes(snapshot))["frauds_of_merchant_7d"] for snapshot in snapshots]


def test_a_payment_knows_the_labels_of_its_moment_and_none_of_later(gateway: Gateway, plan: Plan) -> None:
    report = _replay_file(gateway, plan)

    assert _frauds_of_merchant(plan) == [0, 0, 0, 0, 1, 2, 2, 2, 2, 2]
    assert dict(report.labels) == {SENT: 2, LEFT_OUT: 1}
    label = Label.objects.get(transaction__reference="2", transaction__client=gateway.client)
    assert (label.source, label.observed_at, label.own_clock) == (
        "chargeback",
        datetime(2026, 1, 6, 12, tzinfo=UTC),
        True,
    )


def test_a_replay_that_is_started_again_says_no_label_twice(gateway: Gateway, plan: Plan) -> None:
    _replay_file(gateway, replace(plan, limit=5))
    again = _replay_file(gateway, plan)

    assert dict(again.labels) == {SENT_BEFORE: 1, SENT: 1, LEFT_OUT: 1}
    assert (again.rows, again.replayed, again.lost) == (10, 5, 0)
    assert Label.objects.filter(transaction__client=gateway.client).count() == 2


def test_labels_may_only_measure(gateway: Gateway, plan: Plan) -> None:
    report = _replay_file(gateway, replace(plan, releases_labels=False))

    assert _frauds_of_merchant(plan) == [0] * 10
    assert not report.labels
    assert not Label.objects.filter(transaction__client=gateway.client).exists()
    assert [week.frauds for week in report.answered.weeks()] == [3, 0]


def test_a_key_without_the_right_to_send_labels_stops_the_replay(
    new_gateway: Callable[..., Gateway], plan: Plan
) -> None:
    gateway = new_gateway(scopes=set(SCOPES) - {"labels:write"})

    with pytest.raises(ReplayStopped, match="labels:write"):
        _replay_file(gateway, plan)

    assert _frauds_of_merchant(plan) == [0] * 4


def test_a_retraining_that_an_earlier_run_got_past_is_not_held_again(gateway: Gateway, plan: Plan) -> None:
    _replay_file(gateway, replace(plan, limit=5))
    rows = list(payment_rows(plan.path))
    translation = Translation.of(plan.path, plan.currency, rows[0])

    passed = [async_to_sync(is_passed_over)(Retraining(row.occurred_at, row), translation) for row in rows]

    assert passed == [True] * 5 + [False] * 5
