"""What goes wrong elsewhere under load (lost updates, double payments, server errors), against two real processes."""

import asyncio
from collections import Counter
from decimal import Decimal
from uuid import uuid4

import httpx
import psycopg
import pytest
from django.db import connection
from django.db.models import Sum

from ledger.models import AccountBalance, Decision, Hold, Posting, Transaction
from sentinel.core.catalogue import unpack
from sentinel.ops.connections import runtime_conninfo
from tests.gateway import Gateway, purchase
from tests.rulesets import live_rules
from tests.servers import web_processes

pytestmark = pytest.mark.concurrency


@pytest.fixture(scope="module")
def service_url(quiet_policy, django_db_blocker):
    with django_db_blocker.unblock(), web_processes(2) as base_url:
        yield base_url


@pytest.fixture
def busy_gateway(gateway, service_url, event_loop_thread):
    """The gateway of the test, but over HTTP to two processes."""
    http = httpx.AsyncClient(base_url=service_url, timeout=60, limits=httpx.Limits(max_connections=200))
    yield Gateway(event_loop_thread, http, gateway.client, gateway.api_key)
    event_loop_thread.run(http.aclose())


def pay_all(gateway: Gateway, payments: list[tuple[str, dict]]) -> list[httpx.Response]:
    """Send all at once and wait for all answers."""

    async def send() -> list[httpx.Response]:
        requests = (
            gateway.request_async("POST", "transactions", json=body, headers={"Idempotency-Key": key})
            for key, body in payments
        )
        return list(await asyncio.gather(*requests))

    return gateway.loop.run(send(), timeout_seconds=120)


def test_64_parallel_requests_with_one_key_make_one_transaction(busy_gateway):
    account_id = busy_gateway.open_account()

    responses = pay_all(busy_gateway, [("one-key", purchase(account_id))] * 64)

    statuses = Counter(response.status_code for response in responses)
    assert set(statuses) <= {201, 409}
    assert len({response.content for response in responses if response.status_code == 201}) == 1
    assert Transaction.objects.filter(account_id=account_id).count() == 1
    assert busy_gateway.balance(account_id)["available"] == "9900.00"


def test_200_parallel_payments_of_100_on_5000_approve_exactly_50(busy_gateway):
    account_id = busy_gateway.open_account("5000.00")
    payments = [(f"p{number}", purchase(account_id, "100.00")) for number in range(200)]

    outcomes = Counter(response.json()["outcome"] for response in pay_all(busy_gateway, payments))

    assert outcomes == {"approve": 50, "decline": 150}
    assert busy_gateway.balance(account_id) | {"currency": ""} == {
        "account_id": account_id,
        "currency": "",
        "posted": "0.00",
        "held": "0.00",
        "available": "0.00",
    }
    assert_ledger_agrees(account_id)
    assert_seq_has_no_gaps(account_id, 200)


def test_with_rules_on_approved_and_held_together_stay_within_the_funds(busy_gateway):
    account_id = busy_gateway.open_account("5000.00")
    channels = ("mobile", "pos")
    payments = [(f"r{n}", purchase(account_id, "100.00", channel=channels[n % 2])) for n in range(200)]

    with live_rules(review={"field": "channel", "operator": "equal", "value": "mobile"}):
        outcomes = Counter(response.json()["outcome"] for response in pay_all(busy_gateway, payments))

    assert outcomes["approve"] + outcomes["review"] == 50
    assert outcomes["review"] > 0
    balance = busy_gateway.balance(account_id)
    assert balance["available"] == "0.00"
    assert float(balance["held"]) == 100 * outcomes["review"]
    assert_ledger_agrees(account_id)


def test_the_balance_api_agrees_with_the_database_at_every_moment(busy_gateway):
    """Only payments run, so the balance only falls: what API and database say in turn never rises."""
    account_id = busy_gateway.open_account("5000.00")
    seen: list[Decimal] = []

    async def shown() -> Decimal:
        answer = await busy_gateway.request_async("GET", f"accounts/{account_id}/balance")
        return Decimal(answer.json()["available"])

    async def watch(paying: asyncio.Task[None], database: psycopg.Connection) -> None:
        while not paying.done():
            seen.extend([await shown(), await asyncio.to_thread(stored_available, database, account_id)])
        seen.append(await shown())

    async def pay_in_turn(lane: int) -> None:
        for number in range(10):
            headers = {"Idempotency-Key": f"w{lane}-{number}"}
            body = purchase(account_id, "100.00")
            response = await busy_gateway.request_async("POST", "transactions", json=body, headers=headers)
            # What was answered is there to be read at once, by whichever process.
            receipt = response.json()
            answer = await busy_gateway.request_async("GET", f"transactions/{receipt['id']}")
            assert answer.json()["balance"] == receipt["balance"]

    async def pay_and_watch() -> None:
        async def pay_all_lanes() -> None:
            await asyncio.gather(*(pay_in_turn(lane) for lane in range(6)))

        paying = asyncio.create_task(pay_all_lanes())
        with psycopg.connect(runtime_conninfo(), autocommit=True) as database:
            await watch(paying, database)
        await paying

    busy_gateway.loop.run(pay_and_watch(), timeout_seconds=120)

    assert seen == sorted(seen, reverse=True)
    assert all(amount % 100 == 0 for amount in seen)
    assert len(set(seen)) > 2, "nothing was seen while the payments ran"
    assert seen[-1] == 0
    assert_ledger_agrees(account_id)


def test_transfers_in_a_ring_do_not_deadlock_and_lose_nothing(busy_gateway):
    accounts = [busy_gateway.open_account("1000.00") for _ in range(4)]
    payments = []
    for number in range(80):
        payer, receiver = accounts[number % 4], accounts[(number + (1 if number % 2 else 3)) % 4]
        body = {
            "account_id": payer,
            "counterparty_account_id": receiver,
            "amount": "7.00",
            "currency": "INR",
            "transaction_type": "transfer",
        }
        payments.append((f"ring{number}", body))

    responses = pay_all(busy_gateway, payments)

    assert {response.status_code for response in responses} == {201}
    assert sum(AccountBalance.objects.get(pk=account).posted_minor for account in accounts) == 400_000
    for account_id in accounts:
        assert_ledger_agrees(account_id)


def test_a_void_racing_its_payment_leaves_no_money_taken(busy_gateway):
    account_id = busy_gateway.open_account("1000.00")

    async def race(number: int) -> None:
        pay = busy_gateway.request_async(
            "POST", "transactions", json=purchase(account_id, "10.00"), headers={"Idempotency-Key": f"pay{number}"}
        )
        void = busy_gateway.request_async(
            "POST",
            "transactions/void",
            json={"idempotency_key": f"pay{number}"},
            headers={"Idempotency-Key": f"void{number}"},
        )
        answers = await asyncio.gather(pay, void)
        assert {answer.status_code for answer in answers} <= {200, 201}, [answer.text for answer in answers]

    async def race_all() -> None:
        await asyncio.gather(*(race(number) for number in range(20)))

    busy_gateway.loop.run(race_all(), timeout_seconds=120)

    assert busy_gateway.balance(account_id)["available"] == "1000.00"
    assert_ledger_agrees(account_id)


def test_parallel_reversals_never_give_back_more_than_was_paid(busy_gateway):
    account_id = busy_gateway.open_account("1000.00")
    transaction_id = busy_gateway.pay(account_id, "100.00").json()["id"]

    async def reverse_all() -> list[httpx.Response]:
        return await asyncio.gather(
            *(
                busy_gateway.request_async(
                    "POST",
                    f"transactions/{transaction_id}/reversals",
                    json={"amount": "30.00"},
                    headers={"Idempotency-Key": f"rev{number}"},
                )
                for number in range(10)
            )
        )

    statuses = Counter(response.status_code for response in busy_gateway.loop.run(reverse_all(), 120))

    assert statuses == {201: 3, 422: 7}
    assert busy_gateway.balance(account_id)["available"] == "990.00"
    assert_ledger_agrees(account_id)


def test_the_same_account_put_by_many_at_once_is_made_once(busy_gateway):
    account_id = f"acc_{uuid4().hex[:12]}"
    terms = {"currency": "INR", "home_country": "IN", "opening_balance": "5.00"}

    async def put_all() -> list[httpx.Response]:
        requests = (busy_gateway.request_async("PUT", f"accounts/{account_id}", json=terms) for _ in range(8))
        return list(await asyncio.gather(*requests))

    statuses = Counter(response.status_code for response in busy_gateway.loop.run(put_all(), 60))

    assert statuses == {201: 1, 200: 7}
    assert busy_gateway.balance(account_id)["available"] == "5.00"


def test_two_payments_of_one_account_see_each_other(busy_gateway):
    account_id = busy_gateway.open_account("5000.00")
    payments = [(f"v{number}", purchase(account_id, "1.00")) for number in range(50)]

    pay_all(busy_gateway, payments)

    decisions = Decision.objects.filter(account_id=account_id).order_by("transaction__seq")
    counted = [unpack(bytes(decision.snapshot))["payments_1h"] for decision in decisions]
    assert counted == list(range(50))


def stored_available(database: psycopg.Connection, account_id: str) -> Decimal:
    """What the balance row says now, in rupees."""
    query = "SELECT posted_minor - held_minor FROM ledger_accountbalance WHERE account_id = %s"
    row = database.execute(query, [account_id]).fetchone()
    assert row is not None
    return Decimal(row[0]) / 100


def assert_ledger_agrees(account_id: str) -> None:
    """The balance row is the sum of the postings, the holds are the held money, and all postings sum to zero."""
    balance = AccountBalance.objects.get(pk=account_id)
    sums = Posting.objects.filter(ledger_account_id=account_id).aggregate(
        debit=Sum("debit_minor"), credit=Sum("credit_minor")
    )
    assert balance.posted_minor == (sums["credit"] or 0) - (sums["debit"] or 0)
    held = Hold.objects.filter(account_id=account_id, resolution__isnull=True).aggregate(held=Sum("reserved_minor"))
    assert balance.held_minor == (held["held"] or 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(debit_minor) - sum(credit_minor) FROM ledger_posting GROUP BY currency")
        assert all(row[0] == 0 for row in cursor.fetchall())


def assert_seq_has_no_gaps(account_id: str, count: int) -> None:
    numbers = Transaction.objects.filter(account_id=account_id).order_by("seq").values_list("seq", flat=True)
    assert list(numbers) == list(range(1, count + 1))


def test_a_client_that_hangs_up_finds_its_payment_by_key(busy_gateway, service_url):
    account_id = busy_gateway.open_account("1000.00")

    async def hang_up(number: int) -> bool:
        """Whether the answer came first. Patience goes from 2 ms to 2 s."""
        headers = {"Idempotency-Key": f"gone{number}"}
        request = busy_gateway.request_async(
            "POST", "transactions", json=purchase(account_id, "10.00"), headers=headers
        )
        try:
            await asyncio.wait_for(request, timeout=0.002 * 1.2**number)
        except TimeoutError:
            return False
        return True

    async def hang_up_all() -> list[bool]:
        return await asyncio.gather(*(hang_up(number) for number in range(40)))

    answered = busy_gateway.loop.run(hang_up_all(), timeout_seconds=60)
    recorded = Transaction.objects.filter(account_id=account_id).count()
    assert recorded > sum(answered), "no answer was lost on its way"
    receipts = [busy_gateway.pay(account_id, "10.00", key=f"gone{number}") for number in range(40)]

    assert {receipt.status_code for receipt in receipts} == {201}
    assert Transaction.objects.filter(account_id=account_id).count() == 40
    assert busy_gateway.balance(account_id)["available"] == "600.00"
    assert_ledger_agrees(account_id)
