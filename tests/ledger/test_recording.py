"""The database transaction of the hot path: two round trips, and nothing is committed that was not written."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from psycopg import errors

from ledger.domain.rows import Rows
from ledger.errors import AccountBusy, KeyInProgress
from ledger.models import AccountBalance, IdempotencyKey
from ledger.services.recording import KeyClaim, Opened, Recording, reading, recording
from ledger.services.writing import as_array
from sentinel.core.ids import uuid7


@pytest.fixture
def run(event_loop_thread):
    return event_loop_thread.run


@pytest.fixture
def account_id(gateway):
    return gateway.open_account()


def claim_of(gateway, key: str | None = None) -> KeyClaim:
    return KeyClaim(gateway.client.id, key or uuid4().hex, "payment", bytes(32), uuid7())


@asynccontextmanager
async def impatient() -> AsyncIterator[Recording]:
    """A recording that waits a moment for a lock in the place of four seconds."""
    async with recording() as record:
        await record.connection.execute("SET lock_timeout = '100ms'")
        try:
            yield record
        finally:
            await record.connection.rollback()
            await record.connection.execute("RESET lock_timeout")


async def open_twice(first: tuple[KeyClaim, str], second: tuple[KeyClaim, str]) -> None:
    """Open a recording while another one is open."""
    now = timezone.now()
    async with recording() as record, impatient() as other:
        await record.open([first[0]], [first[1]], now=now)
        await other.open([second[0]], [second[1]], now=now)


def is_claimed(claim: KeyClaim) -> bool:
    return IdempotencyKey.objects.filter(client_id=claim.client_id, key=claim.key).exists()


def test_opening_tells_what_is_ours_and_locks_the_accounts(gateway, account_id, run):
    gateway.pay(account_id, key="used")
    new, used = claim_of(gateway), claim_of(gateway, "used")

    async def work():
        async with recording() as record:
            return await record.open([new, used], [account_id, "acc_nobody"], now=timezone.now())

    opened = run(work())

    assert opened.claimed == {(gateway.client.id, new.key): False}
    assert {name: account.seq for name, account in opened.locked.items()} == {account_id: 1}


def test_a_group_claims_its_new_and_its_voided_keys_and_no_used_one(gateway, account_id, run):
    gateway.pay(account_id, key="used")
    gateway.post("transactions/void", {"idempotency_key": "voided"})
    claims = [claim_of(gateway, key) for key in ("voided", "new", "used")]

    async def work():
        async with recording() as record:
            opened = await record.open(claims, [account_id], now=timezone.now())
            rows = Rows()
            rows.add_balance(opened.locked[account_id])
            await record.write(rows)
        return opened

    opened = run(work())

    assert opened.claimed == {(gateway.client.id, "voided"): True, (gateway.client.id, "new"): False}
    stored = {row.key: row.subject_id for row in IdempotencyKey.objects.filter(client_id=gateway.client.id)}
    assert {key: stored[key] for key in ("voided", "new")} == {each.key: each.subject_id for each in claims[:2]}
    assert stored["used"] != claims[2].subject_id


def test_a_key_that_was_voided_while_it_was_waited_for_is_claimed_as_voided(gateway, account_id, run):
    claim = claim_of(gateway)
    now = timezone.now()

    async def work() -> Opened:
        async with reading() as other, recording() as record:
            async with other.transaction():
                await other.execute(
                    "INSERT INTO ledger_idempotencykey (client_id, key, operation, voided_at, created_at)"
                    " VALUES (%s, %s, 'void', %s, %s)",
                    [claim.client_id, claim.key, now, now],
                )
                opening = asyncio.create_task(record.open([claim], [account_id], now=now))
                await asyncio.sleep(0.2)
                assert not opening.done()
            return await opening

    assert run(work()).claimed == {(claim.client_id, claim.key): True}


def test_names_are_locked_whatever_is_in_them(gateway, run):
    async def work():
        async with recording() as record:
            names = ['a"b', "c\\d", "e,f", "{}", "NULL", "", " g ", "h\ni", "ü"]
            return await record.open([], names, now=timezone.now())

    assert run(work()) == Opened({}, {})
    assert as_array(['a"b', "c\\d"]) == '{"a\\"b","c\\\\d"}'


def test_the_rows_of_one_statement_are_recorded_at_one_moment():
    rows, now = Rows(), timezone.now()
    rows.record_at(now)
    rows.record_at(now)

    with pytest.raises(ValueError, match="one moment"):
        rows.record_at(now + timedelta(microseconds=1))


def test_what_is_not_written_is_rolled_back(gateway, account_id, run):
    claim = claim_of(gateway)

    async def work() -> None:
        async with recording() as record:
            await record.open([claim], [account_id], now=timezone.now())

    run(work())

    assert not is_claimed(claim)


def test_writing_commits(gateway, account_id, run):
    claim = claim_of(gateway)

    async def work() -> None:
        async with recording() as record:
            opened = await record.open([claim], [account_id], now=timezone.now())
            opened.locked[account_id].posted_minor += 1
            rows = Rows()
            rows.add_balance(opened.locked[account_id])
            await record.write(rows)

    run(work())

    assert is_claimed(claim)
    assert AccountBalance.objects.get(pk=account_id).posted_minor == 1_000_001


def test_a_write_that_fails_commits_nothing_and_the_connection_goes_on(gateway, account_id, run):
    claim = claim_of(gateway)

    async def work() -> Opened:
        async with recording() as record:
            opened = await record.open([claim], [account_id], now=timezone.now())
            opened.locked[account_id].posted_minor = -1
            rows = Rows()
            rows.add_balance(opened.locked[account_id])
            with pytest.raises(errors.CheckViolation):
                await record.write(rows)
        async with recording() as record:
            return await record.open([claim_of(gateway)], [account_id], now=timezone.now())

    assert run(work()).locked[account_id].posted_minor == 1_000_000
    assert not is_claimed(claim)


def test_a_key_that_somebody_is_claiming_is_in_progress(gateway, account_id, run):
    other_id = gateway.open_account()
    claim = claim_of(gateway)

    with pytest.raises(KeyInProgress):
        run(open_twice((claim, account_id), (claim, other_id)))


def test_an_account_that_somebody_holds_is_busy(gateway, account_id, run):
    with pytest.raises(AccountBusy):
        run(open_twice((claim_of(gateway), account_id), (claim_of(gateway), account_id)))


def test_a_second_one_waits_and_sees_what_the_first_wrote(gateway, account_id, run):
    now = timezone.now()

    async def add_one() -> int:
        async with recording() as record:
            account = (await record.open([claim_of(gateway)], [account_id], now=now)).locked[account_id]
            account.posted_minor += 1
            rows = Rows()
            rows.add_balance(account)
            await record.write(rows)
            return account.posted_minor

    async def add_at_once() -> list[int]:
        work: list[Coroutine[None, None, int]] = [add_one() for _ in range(8)]
        return list(await asyncio.gather(*work))

    assert sorted(run(add_at_once())) == list(range(1_000_001, 1_000_009))
