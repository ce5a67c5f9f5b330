"""What a copy of an account's history is brought up to date with."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.selectors.hot import PastRow, past_payments_load, payments_since
from ledger.services.recording import reading


@pytest.fixture
def since(event_loop_thread):
    """payments_since, from the event loop of the tests."""

    async def load(seqs: dict[str, int]) -> dict[str, list[PastRow]]:
        async with reading() as connection:
            return await payments_since(connection, seqs)

    return lambda seqs: event_loop_thread.run(load(seqs))


def test_the_payments_after_a_known_one_come_in_order_of_seq(gateway, since):
    account_id = gateway.open_account()
    for amount in ("1.00", "2.00", "3.00"):
        gateway.pay(account_id, amount)

    found = since({account_id: 1})

    assert [(row.seq, row.amount_minor) for row in found[account_id]] == [(2, 200), (3, 300)]


def test_several_accounts_each_have_their_own_gap(gateway, since):
    behind, current, unknown = gateway.open_account(), gateway.open_account(), "acc_nobody"
    gateway.pay(behind)
    gateway.pay(current)

    found = since({behind: 0, current: 1, unknown: 0})

    assert {account_id: [row.seq for row in rows] for account_id, rows in found.items()} == {behind: [1]}


def test_a_gap_goes_by_recording_not_by_the_gateways_clock(gateway, since):
    account_id = gateway.open_account()
    now = timezone.now()
    for hours_ago in (1, 3, 2):
        gateway.pay(account_id, occurred_at=(now - timedelta(hours=hours_ago)).isoformat())

    rows = since({account_id: 0})[account_id]

    assert [row.seq for row in rows] == [1, 2, 3]
    assert rows[1].occurred_at_seconds < rows[2].occurred_at_seconds < rows[0].occurred_at_seconds


def test_the_gap_is_what_a_whole_history_ends_with(gateway, since, event_loop_thread):
    account_id = gateway.open_account()
    for _ in range(3):
        gateway.pay(account_id, location={"country": "FR", "latitude": 48.85, "longitude": 2.35})

    async def whole():
        async with reading() as connection:
            return (await past_payments_load(connection, [account_id], reach=timedelta(days=1)))[account_id]

    assert since({account_id: 1})[account_id] == list(event_loop_thread.run(whole()))[1:]
