"""Each check finds nothing in a sound record, and finds the violation that is planted."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from bench import correctness
from bench.correctness import KeysUsed
from bench.plan import Sample
from ledger.models import AccountBalance, Transaction
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_client, make_payment

PREFIX = "bench_check_"


@pytest.fixture
def payments(db) -> list[Transaction]:
    """An approved and a held payment of one account, each with its key."""
    account, client = make_account(f"{PREFIX}000001"), make_client()
    made = [make_payment(account, client), make_payment(account, client, outcome=Outcome.REVIEW)]
    for number, payment in enumerate(made):
        add_key(payment.client_id, f"k-{number}", payment.id)
    return made


def add_key(client_id, key, subject_id) -> None:
    execute(
        "INSERT INTO ledger_idempotencykey (client_id, key, operation, fingerprint, subject_id, created_at)"
        " VALUES (%s, %s, 'payment', '', %s, %s)",
        [client_id, key, subject_id, timezone.now()],
    )


def execute(statement: str, values=None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def without_triggers(table: str, statement: str, values=None) -> None:
    """As nobody but the owner could, who first takes the triggers away. Rolled back with the test."""
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    execute(statement, values)


def partition_of(table: str) -> str:
    return f"{table}_{timezone.now():%Y%m}"


USED = KeysUsed("k-", 2)


def test_a_sound_record_has_no_violations(payments):
    assert correctness.ledger_sums() == []
    assert correctness.balances(PREFIX) == []
    assert correctness.keys(USED) == []


def test_a_posting_without_its_other_leg_is_found(payments):
    without_triggers(
        "ledger_posting",
        "UPDATE ledger_posting SET credit_minor = credit_minor + 7 WHERE credit_minor > 0 AND entry_id IN"
        " (SELECT id FROM ledger_entry WHERE transaction_id = %s)",
        [payments[0].id],
    )

    assert correctness.ledger_sums() == ["the ledger does not sum to zero in INR: -7"]


@pytest.mark.parametrize(("column", "words"), [("posted_minor", "posted"), ("held_minor", "held"), ("seq", "seq")])
def test_a_balance_that_differs_from_the_record_is_found(payments, column, words):
    balance = AccountBalance.objects.get(account_id=f"{PREFIX}000001")
    stored = getattr(balance, column)
    AccountBalance.objects.filter(pk=balance.pk).update(**{column: stored + 1})

    (found,) = correctness.balances(PREFIX)

    assert found == f"{PREFIX}000001: {words} is {stored + 1}, the record says {stored}"


def test_other_accounts_are_none_of_its_business(payments):
    make_account("acc_other")
    AccountBalance.objects.filter(account_id="acc_other").update(posted_minor=1)

    assert correctness.balances(PREFIX) == []


def test_an_acknowledged_key_that_is_gone_is_found(payments):
    assert correctness.keys(KeysUsed("k-", 3)) == ["key k-2 was acknowledged and is not in the record"]
    assert correctness.keys(KeysUsed("k-", 3, {"k-2"})) == []


def test_a_key_that_was_never_sent_is_found(payments):
    assert correctness.keys(KeysUsed("k-", 1)) == ["key k-1 is in the record and was never sent"]


def test_a_key_without_a_transaction_is_found(payments):
    add_key(payments[0].client_id, "k-2", uuid7())

    assert correctness.keys(KeysUsed("k-", 3)) == ["key k-2 has no transaction"]


def test_a_transaction_with_two_keys_is_found(payments):
    add_key(payments[0].client_id, "k-2", payments[0].id)

    assert correctness.keys(KeysUsed("k-", 3)) == [f"transaction {payments[0].id} has 2 keys"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((201, "true", "{}"), ""),
        ((201, "", "{}"), "marked ''"),
        ((422, "", "{}"), "answered 422"),
        ((201, "true", '{"outcome":"decline"}'), "answered otherwise"),
    ],
)
def test_a_replay_that_is_not_the_first_answer_is_found(answer, words):
    found = correctness.replays([Sample("k-0", "{}", "{}")], lambda sample: answer)

    assert len(found) == bool(words)
    assert all(words in line for line in found)


# -- features, of payments that the service decided


@pytest.fixture
def decided(gateway) -> str:
    account_id = gateway.open_account()
    for number in range(4):
        answer = gateway.pay(account_id, f"{100 + number}.00", key=f"{account_id}-{number}")
        assert answer.status_code == 201
    return account_id


def test_features_of_decided_payments_equal_those_of_the_record(decided):
    assert correctness.features([decided], f"{decided}-") == []
    assert correctness.features_of_busy_account(decided) == []


@pytest.fixture
def rolled_back(committed) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_a_snapshot_that_the_record_does_not_bear_out_is_found(decided, rolled_back):
    without_triggers(
        "ledger_decision",
        "UPDATE ledger_decision d SET snapshot = (SELECT snapshot FROM ledger_decision one JOIN ledger_transaction t"
        " ON t.id = one.transaction_id WHERE t.account_id = %s AND t.seq = 1)"
        " FROM ledger_transaction t WHERE t.id = d.transaction_id AND t.account_id = %s AND t.seq = 4",
        [decided, decided],
    )

    found = correctness.features([decided], f"{decided}-")

    assert any("payments_1h was 0 when it was decided, and is 3 by the record" in line for line in found)
    assert any("payments_1h was 0" in line for line in correctness.features_of_busy_account(decided))


def test_what_redis_counts_for_a_merchant_equals_the_record(gateway):
    account_id, key = gateway.open_account(), f"check-{uuid4().hex[:8]}-"
    merchant = {"id": f"m_{key}"}
    for number in range(12):
        assert gateway.pay(account_id, "10.00", key=f"{key}{number}", merchant=merchant).status_code == 201

    assert correctness.merchants(key) == []

    gateway.pay(account_id, "10.00", merchant=merchant)  # which the check does not know of
    assert correctness.merchants(key) == [
        f"merchant m_{key}: payments in Redis is 13, in the record 12",
        f"merchant m_{key}: sum in Redis is 13000, in the record 12000",
    ]


def test_history_that_was_loaded_in_bulk_brings_no_snapshots_to_compare(decided):
    assert correctness.features([decided], "another-prefix-") == []
