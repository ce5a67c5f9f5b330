"""The database keeps payments, and what hangs on them, in the states that are drawn, whoever writes."""

from contextlib import nullcontext

import pytest
from django.utils import timezone
from psycopg import errors

from sentinel.core.ids import uuid7
from tests.ledger.forgeries import copy_row, copy_transaction, insert_hold, insert_reversal, older_payment, uuid


def test_only_an_approved_hold_has_an_entry(filled, runtime):
    with pytest.raises(errors.CheckViolation):
        runtime.execute(
            "INSERT INTO ledger_holdresolution (hold_id, resolution, actor, note, entry_id, recorded_at)"
            " VALUES (%s, 'declined', 'x', '', %s, now())",
            [uuid7(), uuid7()],
        )


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


def of_its_own(table: str) -> dict[str, str]:
    """What a second row of a payment must have for itself."""
    own_id = {"id": str(uuid7())}
    return {"event": own_id, "label": {**own_id, "observed_at": timezone.now().isoformat()}}.get(table, {})


@pytest.mark.parametrize("table", ["decision", "personaldetail", "event", "label"])
def test_what_hangs_on_a_payment_needs_one_of_its_account(gateway, filled, owner, runtime, table):
    _, paid, _ = filled
    stranger_id = gateway.open_account()
    for role in (owner, runtime):
        for change in ({"transaction_id": str(uuid7())}, {"account_id": stranger_id}):
            with pytest.raises(errors.ForeignKeyViolation, match="there is no transaction"):
                copy_row(role, f"ledger_{table}", uuid(paid), {**of_its_own(table), **change})
            role.rollback()


@pytest.mark.parametrize("table", ["decision", "personaldetail", "event", "label"])
def test_what_hangs_on_an_older_payment_finds_it(gateway, filled, owner, runtime, table):
    account_id, paid, _ = filled
    stranger_id = gateway.open_account()
    for role in (owner, runtime):
        older_id = str(older_payment(role, uuid(paid)))
        for found_id in (account_id, stranger_id):
            older = {**of_its_own(table), "transaction_id": older_id, "account_id": found_id}
            refused = pytest.raises(errors.ForeignKeyViolation, match="there is no transaction")
            with refused if found_id == stranger_id else nullcontext():
                copy_row(role, f"ledger_{table}", uuid(paid), older)
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
