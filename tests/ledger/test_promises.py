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

from scoring.services.predictions import predictions_finish
from sentinel.core.ids import parse_public_id, uuid7
from sentinel.ops.connections import runtime_conninfo
from tests.gateway import purchase

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
    gateway.post("score", {"items": [purchase(account_id)]})
    gateway.loop.run(predictions_finish())
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


def test_postings_that_do_not_sum_to_zero_are_refused(filled, owner, runtime):
    for role in (owner, runtime):
        with pytest.raises(errors.IntegrityConstraintViolation, match="do not sum to zero"):
            insert_entry(role, filled[0], debit=100, credit=99)


def test_the_sum_is_zero_in_each_currency(filled, runtime):
    """Two legs of one amount in two currencies are no balanced entry."""
    legs = [(1, "sys_opening_INR", 100, 0, "INR"), (2, filled[0], 0, 100, "EUR")]

    with pytest.raises(errors.IntegrityConstraintViolation, match="do not sum to zero"):
        insert_entry(runtime, filled[0], legs=legs)


def test_postings_are_checked_in_a_partition_too(filled, owner):
    part = f"ledger_posting_{timezone.now():%Y%m}"

    with pytest.raises(errors.IntegrityConstraintViolation, match="do not sum to zero"):
        insert_entry(owner, filled[0], debit=100, credit=99, postings=part)


def test_an_entry_without_its_postings_is_refused(filled, owner, runtime):
    account_id = filled[0]
    three = [(1, "sys_opening_INR", 100, 0, "INR"), (2, account_id, 0, 100, "INR")]
    for role in (owner, runtime):
        for legs in ([], three):
            with pytest.raises(errors.IntegrityConstraintViolation, match="lacks postings"):
                insert_entry(role, account_id, legs=legs, leg_count=3)
            role.rollback()


def test_no_posting_can_be_added_to_an_entry_later(filled, owner, runtime):
    account_id = filled[0]
    for role in (owner, runtime):
        [entry_id] = role.execute(
            "SELECT id FROM ledger_entry WHERE account_id = %s AND kind = 'opening'", [account_id]
        ).fetchone()
        for legs in ([3, 4], [2, 3], [3]):
            with pytest.raises(psycopg.IntegrityError):
                insert_postings(role, entry_id, account_id, legs)
            role.rollback()


def test_a_posting_belongs_to_an_entry_of_its_account(gateway, filled, runtime):
    [entry_id] = runtime.execute("SELECT id FROM ledger_entry WHERE account_id = %s LIMIT 1", [filled[0]]).fetchone()
    for entry, account_id in ((uuid7(), filled[0]), (entry_id, gateway.open_account())):
        with pytest.raises(errors.ForeignKeyViolation, match="there is no entry"):
            insert_postings(runtime, entry, account_id, [1, 2])
        runtime.rollback()


def test_an_entry_belongs_to_a_transaction_of_its_account(gateway, filled, owner, runtime):
    account_id, paid, _ = filled
    stranger_id = gateway.open_account()
    for role in (owner, runtime):
        for found_id, transaction_id in ((account_id, uuid7()), (stranger_id, uuid(paid)), ("acc_nobody", None)):
            with pytest.raises(errors.ForeignKeyViolation, match="no transaction or account"):
                insert_entry(role, found_id, legs=legs_of(account_id), transaction_id=transaction_id)
            role.rollback()


def test_only_an_approved_hold_has_an_entry(filled, runtime):
    with pytest.raises(errors.CheckViolation):
        runtime.execute(
            "INSERT INTO ledger_holdresolution (hold_id, resolution, actor, note, entry_id, recorded_at)"
            " VALUES (%s, 'declined', 'x', '', %s, now())",
            [uuid7(), uuid7()],
        )


def test_a_leg_is_either_debit_or_credit(filled, owner):
    legs = [(1, "sys_opening_INR", 5, 5, "INR"), (2, filled[0], 5, 5, "INR")]

    with pytest.raises(errors.CheckViolation):
        insert_entry(owner, filled[0], legs=legs)


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
    insert_hold(runtime, uuid(paid), account_id)

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
    in_euros = [(leg, account, debit, credit, "EUR") for leg, account, debit, credit, _ in legs_of(account_id)]
    for legs in (in_euros, legs_of("acc_nobody")):
        with pytest.raises(errors.ForeignKeyViolation, match="ledger_account_id"):
            insert_entry(runtime, account_id, legs=legs)
        runtime.rollback()


def test_a_payment_needs_its_account_and_client(filled, owner, runtime):
    for role in (owner, runtime):
        for change in ({"account_id": "acc_nobody"}, {"client_id": str(uuid7())}):
            with pytest.raises(errors.ForeignKeyViolation, match=next(iter(change))):
                copy_transaction(role, uuid(filled[1]), {**change, "seq": 99})
            role.rollback()


def test_a_payment_has_its_clients_livemode(new_gateway, filled, owner, runtime):
    test_client = new_gateway(livemode=False).client
    for role in (owner, runtime):
        with pytest.raises(errors.ForeignKeyViolation, match="client_id"):
            copy_transaction(role, uuid(filled[1]), {"client_id": str(test_client.id), "seq": 99})
        role.rollback()


@pytest.mark.parametrize("table", ["decision", "personaldetail", "event", "label"])
def test_what_hangs_on_a_payment_needs_one_of_its_account(gateway, filled, owner, runtime, table):
    _, paid, _ = filled
    stranger_id = gateway.open_account()
    own_id = {"id": str(uuid7())} if table in ("event", "label") else {}
    for role in (owner, runtime):
        for change in ({"transaction_id": str(uuid7())}, {"account_id": stranger_id}):
            with pytest.raises(errors.ForeignKeyViolation, match="there is no transaction"):
                copy_row(role, f"ledger_{table}", uuid(paid), {**own_id, **change})
            role.rollback()


@pytest.mark.parametrize("table", ["transaction", "decision", "personaldetail", "entry", "posting", "event"])
def test_a_partition_is_checked_as_the_whole_table(filled, owner, table):
    """Rows put into a partition by its own name meet the same checks."""
    query = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'checked'"
    checked = {name for (name,) in owner.execute(query)}
    parts = {
        name for (name,) in owner.execute(f"SELECT relid::regclass::text FROM pg_partition_tree('ledger_{table}')")
    }

    assert len(parts) > 4
    assert parts <= checked


def test_a_temporary_table_of_that_name_deceives_no_check(filled, runtime):
    runtime.execute(
        "CREATE TEMPORARY TABLE ledger_account AS SELECT 'acc_nobody'::varchar AS id, 'INR'::varchar AS currency"
    )

    with pytest.raises(errors.ForeignKeyViolation, match="ledger_account_id"):
        insert_entry(runtime, filled[0], legs=legs_of("acc_nobody"))


def test_a_decision_put_into_a_partition_needs_its_payment(filled, owner):
    with pytest.raises(errors.ForeignKeyViolation, match="there is no transaction"):
        copy_row(
            owner,
            "ledger_decision",
            uuid(filled[1]),
            {"transaction_id": str(uuid7())},
            into=f"ledger_decision_{timezone.now():%Y%m}",
        )


def test_a_reversal_belongs_to_a_payment_of_its_account(gateway, filled, owner, runtime):
    stranger_id = gateway.open_account()
    for role in (owner, runtime):
        with pytest.raises(errors.IntegrityConstraintViolation, match="is not approved"):
            insert_reversal(role, uuid(filled[1]), stranger_id, 1)
        role.rollback()


def test_a_hold_belongs_to_a_payment_of_its_account(gateway, filled, owner, runtime):
    stranger_id = gateway.open_account()
    for role in (owner, runtime):
        role.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(errors.IntegrityConstraintViolation, match="was not held"):
            insert_hold(role, uuid7(), stranger_id)
        role.rollback()


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


def legs_of(account_id: str, debit: int = 100, credit: int = 100) -> list[tuple]:
    return [(1, "sys_opening_INR", debit, 0, "INR"), (2, account_id, 0, credit, "INR")]


def insert_entry(
    opened,
    account_id: str,
    *,
    debit: int = 100,
    credit: int = 100,
    legs: list[tuple] | None = None,
    leg_count: int = 2,
    transaction_id: UUID | None = None,
    postings: str = "ledger_posting",
) -> None:
    """An entry and its postings, in one statement."""
    entry_id = uuid7()
    legs = legs_of(account_id, debit, credit) if legs is None else legs
    opened.execute(
        "WITH entry AS (INSERT INTO ledger_entry VALUES (%s, %s, %s, %s, %s, now()))"
        f" INSERT INTO {postings} SELECT %s, %s, leg, account, debit, credit, currency"
        " FROM json_to_recordset(%s)"
        " AS x (leg smallint, account varchar, debit bigint, credit bigint, currency varchar)",
        [
            *(entry_id, account_id, transaction_id, "payment" if transaction_id else "opening", leg_count),
            *(entry_id, account_id, Json([dict(zip(_LEG, leg, strict=True)) for leg in legs])),
        ],
    )


_LEG = ("leg", "account", "debit", "credit", "currency")


def insert_postings(opened, entry_id: UUID, account_id: str, legs: list[int]) -> None:
    """Balanced postings with these numbers, or a single one."""
    opened.execute(
        "INSERT INTO ledger_posting SELECT %s, %s, leg, 'sys_opening_INR',"
        " CASE WHEN leg = %s THEN 0 ELSE 5 END, CASE WHEN leg = %s THEN 5 ELSE 0 END, 'INR' FROM unnest(%s) AS leg",
        [entry_id, account_id, legs[-1], legs[-1], legs],
    )


def insert_hold(opened, transaction_id: UUID, account_id: str) -> None:
    opened.execute(
        "INSERT INTO ledger_hold (transaction_id, account_id, amount_minor, reserved_minor, currency, recorded_at,"
        " expires_at) VALUES (%s, %s, 1, 1, 'INR', now(), now())",
        [transaction_id, account_id],
    )


def insert_reversal(opened, transaction_id, account_id, amount_minor) -> None:
    opened.execute(
        "INSERT INTO ledger_reversal (id, transaction_id, account_id, amount_minor, currency, reason, actor,"
        " entry_id, recorded_at) VALUES (%s, %s, %s, %s, 'INR', '', 'x', %s, now())",
        [uuid7(), transaction_id, account_id, amount_minor, uuid7()],
    )


def copy_row(opened, table: str, transaction_id: UUID, change: dict, *, into: str | None = None) -> None:
    """Insert the first row of a payment again, with a change."""
    opened.execute(
        f"INSERT INTO {into or table} SELECT (json_populate_record(t, %s)).* FROM {table} t"
        " WHERE transaction_id = %s LIMIT 1",
        [Json(change), transaction_id],
    )


def copy_transaction(opened, transaction_id, change) -> None:
    """Insert the same transaction under another id, with a change."""
    opened.execute(
        "INSERT INTO ledger_transaction SELECT (json_populate_record(t, %s)).* FROM ledger_transaction t"
        " WHERE id = %s",
        [Json({"id": str(uuid7()), **change}), transaction_id],
    )
