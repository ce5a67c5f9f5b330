"""The database keeps the promises whoever writes: the runtime role lacks the rights, the owner meets triggers."""

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from psycopg import errors
from psycopg.types.json import Json

from sentinel.core.ids import parse_public_id, uuid7
from sentinel.ops.connections import runtime_conninfo

INSERT_ONLY = [
    "ledger_transaction",
    "ledger_decision",
    "ledger_entry",
    "ledger_posting",
    "ledger_hold",
    "ledger_holdresolution",
    "ledger_reversal",
    "ledger_event",
    "ledger_label",
    "ledger_auditentry",
    "ledger_operationreceipt",
    "rules_ruleversion",
    "rules_rulesetversion",
    "scoring_policyversion",
]
CHANGES = ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"]


@pytest.fixture
def runtime(committed):
    """A connection of the runtime role, rolled back."""
    with psycopg.connect(runtime_conninfo()) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def owner(committed):
    """A plain SQL connection of the owner, rolled back."""
    database = connection.settings_dict
    parameters = {"host": database["HOST"], "port": database["PORT"] or None, "dbname": database["NAME"]}
    with psycopg.connect(**parameters, user=database["USER"], password=database["PASSWORD"]) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def filled(gateway):
    """A ledger with a row in every table: an account with an approved, reversed and labelled payment, and a hold."""
    from ledger.services.holds import Resolution, hold_resolve
    from tests.rulesets import live_rules

    account_id = gateway.open_account()
    paid = gateway.pay(account_id, key="paid").json()["id"]
    with live_rules(review={"field": "amount", "operator": "is_present"}):
        held = gateway.pay(account_id).json()["id"]
    hold_resolve(transaction_id=uuid(held), resolution=Resolution.APPROVED, actor="rita", now=timezone.now())
    gateway.post(f"transactions/{paid}/reversals", {"amount": "1.00"})
    gateway.post("labels", {"transaction_id": paid, "label": "legitimate", "source": "customer"})
    return account_id, paid, held


def uuid(public_id: str) -> UUID:
    found = parse_public_id("txn", public_id)
    assert found is not None
    return found


def changes_of_everything(opened) -> list[str]:
    columns = {table: first_column(opened, table) for table in INSERT_ONLY}
    return [change.format(table=table, column=column) for table, column in columns.items() for change in CHANGES]


def first_column(opened, table: str) -> str:
    query = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1"
    return opened.execute(query, [table]).fetchone()[0]


def test_the_runtime_role_may_not_change_what_was_recorded(filled, runtime):
    for statement in changes_of_everything(runtime):
        with pytest.raises(errors.InsufficientPrivilege):
            runtime.execute(statement)
        runtime.rollback()


def test_the_owner_is_refused_too(filled, owner):
    for statement in changes_of_everything(owner):
        with pytest.raises(errors.IntegrityConstraintViolation, match="is refused"):
            owner.execute(statement)
        owner.rollback()


@pytest.mark.parametrize("table", ["ledger_transaction", "ledger_posting", "ledger_decision", "ledger_event"])
def test_a_partition_cannot_be_truncated_either(filled, owner, table):
    part = f"{table}_{timezone.now():%Y%m}"

    with pytest.raises(errors.IntegrityConstraintViolation, match="is refused"):
        owner.execute(f"TRUNCATE {part} CASCADE")


def test_the_runtime_role_cannot_reach_partitions_or_switch_triggers_off(filled, runtime):
    part = f"ledger_posting_{timezone.now():%Y%m}"
    for statement in (
        f"SELECT * FROM {part}",
        f"INSERT INTO {part} SELECT * FROM {part}",
        "ALTER TABLE ledger_posting DISABLE TRIGGER ALL",
        "DROP TRIGGER refuse_change ON ledger_posting",
        "SET session_replication_role = replica",
        "DROP TABLE ledger_posting",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            runtime.execute(statement)
        runtime.rollback()


def test_postings_that_do_not_sum_to_zero_are_refused(filled, owner):
    account_id = filled[0]
    entry_id = insert_entry(owner, account_id)

    with pytest.raises(errors.IntegrityConstraintViolation, match="do not sum to zero"):
        insert_postings(owner, entry_id, account_id, debit=100, credit=99)


def test_the_balance_is_checked_on_a_partition_too(filled, owner):
    account_id = filled[0]
    entry_id = insert_entry(owner, account_id)
    part = f"ledger_posting_{timezone.now():%Y%m}"

    with pytest.raises(errors.IntegrityConstraintViolation, match="do not sum to zero"):
        insert_postings(owner, entry_id, account_id, debit=100, credit=99, table=part)


def test_an_entry_without_postings_cannot_be_committed(filled, owner):
    insert_entry(owner, filled[0])

    with pytest.raises(errors.IntegrityConstraintViolation, match="lacks postings"):
        owner.commit()


def test_no_posting_can_be_added_to_an_entry_later(filled, owner):
    account_id = filled[0]
    [entry_id] = owner.execute(
        "SELECT id FROM ledger_entry WHERE account_id = %s AND kind = 'opening'", [account_id]
    ).fetchone()

    with pytest.raises(errors.IntegrityConstraintViolation, match="has all its postings"):
        insert_postings(owner, entry_id, account_id, debit=100, credit=100, first_leg=3)


def test_only_an_approved_hold_has_an_entry(filled, runtime):
    with pytest.raises(errors.CheckViolation):
        runtime.execute(
            "INSERT INTO ledger_holdresolution (hold_id, resolution, actor, note, entry_id, recorded_at)"
            " VALUES (%s, 'declined', 'x', '', %s, now())",
            [uuid7(), uuid7()],
        )


def test_a_leg_is_either_debit_or_credit(filled, owner):
    account_id = filled[0]
    entry_id = insert_entry(owner, account_id)

    with pytest.raises(errors.CheckViolation):
        owner.execute(
            "INSERT INTO ledger_posting VALUES (%s, %s, 1, %s, 5, 5, 'INR')", [entry_id, account_id, account_id]
        )


def test_the_balance_cannot_go_below_its_floor(filled, runtime):
    with pytest.raises(errors.CheckViolation, match="balance_available_not_below_floor"):
        runtime.execute("UPDATE ledger_accountbalance SET posted_minor = -1 WHERE account_id = %s", [filled[0]])


def test_a_hold_is_resolved_once(filled, runtime):
    with pytest.raises(errors.UniqueViolation):
        runtime.execute(
            "INSERT INTO ledger_holdresolution (hold_id, resolution, actor, note, recorded_at)"
            " VALUES (%s, 'declined', 'x', '', now())",
            [uuid(filled[2])],
        )


def test_a_hold_needs_a_decision_that_held(filled, runtime):
    account_id, paid, _ = filled
    runtime.execute(
        "INSERT INTO ledger_hold (transaction_id, account_id, amount_minor, reserved_minor, currency, recorded_at,"
        " expires_at) VALUES (%s, %s, 1, 1, 'INR', now(), now())",
        [uuid(paid), account_id],
    )

    with pytest.raises(errors.IntegrityConstraintViolation, match="was not held"):
        runtime.commit()


def test_reversals_never_exceed_the_amount(filled, runtime):
    account_id, paid, _ = filled

    with pytest.raises(errors.IntegrityConstraintViolation, match="would exceed"):
        insert_reversal(runtime, uuid(paid), account_id, 9901)


def test_only_an_approved_transaction_can_be_reversed(gateway, runtime):
    account_id = gateway.open_account("1.00")
    declined = gateway.pay(account_id, "2.00").json()["id"]

    with pytest.raises(errors.IntegrityConstraintViolation, match="is not approved"):
        insert_reversal(runtime, uuid(declined), account_id, 1)


def test_a_payment_keeps_the_accounts_currency_and_livemode(filled, runtime):
    for change in ({"currency": "EUR", "seq": 99}, {"livemode": False, "seq": 99}):
        with pytest.raises(errors.ForeignKeyViolation):
            copy_transaction(runtime, uuid(filled[1]), change)
        runtime.rollback()


def test_a_transfer_stays_within_one_currency_and_mode(gateway, runtime):
    alice, bob = gateway.open_account(), gateway.open_account()
    euros = gateway.open_account("0", currency="EUR")
    paid = uuid(gateway.pay(alice).json()["id"])
    transfer = {"transaction_type": "transfer", "seq": 99}

    copy_transaction(runtime, paid, {**transfer, "counterparty_account_id": bob})
    runtime.rollback()
    for receiver in (euros, "sys_test_cash_INR"):
        with pytest.raises(errors.ForeignKeyViolation, match="counterparty_account_id"):
            copy_transaction(runtime, paid, {**transfer, "counterparty_account_id": receiver})
        runtime.rollback()


def test_money_is_posted_in_the_accounts_currency_only(filled, runtime):
    account_id = filled[0]
    entry_id = insert_entry(runtime, account_id)

    with pytest.raises(errors.ForeignKeyViolation, match="ledger_account_id"):
        insert_postings(runtime, entry_id, account_id, debit=100, credit=100, currency="EUR")


def test_the_numbers_of_an_accounts_payments_are_unique(filled, runtime):
    with pytest.raises(errors.UniqueViolation, match="_seq"):
        copy_transaction(runtime, uuid(filled[1]), {})


def test_a_key_is_used_once_per_client(filled, runtime):
    with pytest.raises(errors.UniqueViolation):
        runtime.execute(
            "INSERT INTO ledger_idempotencykey (client_id, key, operation, voided_at, created_at)"
            " SELECT client_id, key, 'void', now(), now() FROM ledger_idempotencykey WHERE key = 'paid'"
        )


def test_an_outcome_and_its_status_belong_together(filled, runtime):
    with pytest.raises(errors.CheckViolation):
        runtime.execute(
            "INSERT INTO ledger_decision SELECT %s, account_id, 'decline', 'approved', fraud_probability,"
            " score_percentile, reasons, ruleset_version, policy_version, model_version, catalogue_version, snapshot,"
            " degraded, receipt, recorded_at FROM ledger_decision WHERE transaction_id = %s",
            [uuid7(), uuid(filled[1])],
        )


def test_an_account_with_payments_keeps_its_currency(filled, owner):
    with pytest.raises(errors.ForeignKeyViolation):
        owner.execute("UPDATE ledger_account SET currency = 'EUR' WHERE id = %s", [filled[0]])


def test_an_account_with_postings_keeps_its_currency(gateway, owner):
    for account_id in (gateway.open_account(), "sys_opening_INR"):
        with pytest.raises(errors.ForeignKeyViolation, match="ledger_posting"):
            owner.execute("UPDATE ledger_account SET currency = 'EUR' WHERE id = %s", [account_id])
        owner.rollback()


def test_partitions_are_there_ahead_of_time(committed):
    ahead = timezone.now() + timedelta(days=62)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"ledger_transaction_{ahead:%Y%m}"])
        assert cursor.fetchone()[0] is not None


def test_the_tests_decide_as_the_runtime_role(runtime):
    assert runtime.execute("SELECT current_user").fetchone()[0] == settings.RUNTIME_DATABASE_USER
    assert connection.settings_dict["USER"] != settings.RUNTIME_DATABASE_USER


def insert_entry(opened, account_id: str) -> UUID:
    entry_id = uuid7()
    opened.execute("INSERT INTO ledger_entry VALUES (%s, %s, NULL, 'opening', 2, now())", [entry_id, account_id])
    return entry_id


def insert_postings(
    opened, entry_id, account_id, *, debit, credit, table="ledger_posting", first_leg=1, currency="INR"
) -> None:
    opening = [entry_id, account_id, first_leg, "sys_opening_INR", debit, 0, currency]
    account = [entry_id, account_id, first_leg + 1, account_id, 0, credit, currency]
    opened.execute(
        f"INSERT INTO {table} (entry_id, account_id, leg, ledger_account_id, debit_minor, credit_minor, currency)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s), (%s, %s, %s, %s, %s, %s, %s)",
        [*opening, *account],
    )


def insert_reversal(opened, transaction_id, account_id, amount_minor) -> None:
    opened.execute(
        "INSERT INTO ledger_reversal (id, transaction_id, account_id, amount_minor, currency, reason, actor,"
        " entry_id, recorded_at) VALUES (%s, %s, %s, %s, 'INR', '', 'x', %s, now())",
        [uuid7(), transaction_id, account_id, amount_minor, uuid7()],
    )


def copy_transaction(opened, transaction_id, change) -> None:
    """Insert the same transaction under another id, with a change."""
    opened.execute(
        "INSERT INTO ledger_transaction SELECT (json_populate_record(t, %s)).* FROM ledger_transaction t"
        " WHERE id = %s",
        [Json({"id": str(uuid7()), **change}), transaction_id],
    )
