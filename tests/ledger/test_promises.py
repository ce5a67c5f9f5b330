"""The database keeps what was recorded: the runtime role lacks the rights, the owner meets triggers."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from psycopg import errors

from sentinel.core.ids import uuid7
from tests.ledger.forgeries import uuid

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
    "scoring_prediction",
]
CHANGES = ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"]


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


@pytest.mark.parametrize(
    "change", ["id = id || 'x'", "kind = 'other'", "currency = 'EUR'", "livemode = NOT livemode"]
)
def test_an_account_keeps_who_it_is(filled, owner, runtime, change):
    for role in (owner, runtime):
        for account_id in (filled[0], "sys_opening_INR"):
            with pytest.raises(errors.IntegrityConstraintViolation, match="never changes"):
                role.execute(f"UPDATE ledger_account SET {change} WHERE id = %s", [account_id])
            role.rollback()


def test_a_client_keeps_its_livemode(gateway, filled, owner, runtime):
    for role in (owner, runtime):
        with pytest.raises(errors.IntegrityConstraintViolation, match="never changes"):
            role.execute("UPDATE api_gatewayclient SET livemode = false WHERE id = %s", [gateway.client.id])
        role.rollback()


@pytest.mark.parametrize("table", ["ledger_account", "api_gatewayclient"])
def test_accounts_and_clients_are_never_removed(filled, owner, runtime, table):
    for role in (owner, runtime):
        with pytest.raises(errors.IntegrityConstraintViolation, match="never changes"):
            role.execute(f"DELETE FROM {table}")
        role.rollback()
    with pytest.raises(errors.IntegrityConstraintViolation, match="is refused"):
        owner.execute(f"TRUNCATE {table} CASCADE")


def test_personal_details_stay_with_their_payment(filled, owner, runtime):
    _, paid, held = filled
    for role in (owner, runtime):
        with pytest.raises(errors.IntegrityConstraintViolation, match="never changes"):
            role.execute(
                "UPDATE ledger_personaldetail SET transaction_id = %s WHERE transaction_id = %s",
                [uuid7(), uuid(paid)],
            )
        role.rollback()
    erased = runtime.execute("DELETE FROM ledger_personaldetail WHERE transaction_id = %s", [uuid(held)])
    assert erased.rowcount == 1


def test_partitions_are_there_ahead_of_time(committed):
    ahead = timezone.now() + timedelta(days=62)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"ledger_transaction_{ahead:%Y%m}"])
        assert cursor.fetchone()[0] is not None


def test_the_tests_decide_as_the_runtime_role(runtime):
    assert runtime.execute("SELECT current_user").fetchone()[0] == settings.RUNTIME_DATABASE_USER
    assert connection.settings_dict["USER"] != settings.RUNTIME_DATABASE_USER
