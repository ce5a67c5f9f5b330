"""The database keeps the books balanced, whoever writes."""

import psycopg
import pytest
from django.utils import timezone
from psycopg import errors

from sentinel.core.ids import uuid7
from tests.ledger.forgeries import (
    insert_entry,
    insert_postings,
    legs_of,
    older_payment,
    uuid,
)


def test_postings_that_do_not_sum_to_zero_are_refused(filled, owner, runtime):
    for role in (owner, runtime):
        with pytest.raises(errors.IntegrityConstraintViolation, match="do not sum to zero"):
            insert_entry(role, filled[0], debit=100, credit=99)


def test_the_sum_is_zero_in_each_currency(filled, runtime):
    """Two legs of one amount in two currencies are no balanced entry."""
    legs = [(1, "sys_opening_INR", 100, 0, "INR"), (2, filled[0], 0, 100, "EUR")]

    with pytest.raises(errors.IntegrityConstraintViolation, match="do not sum to zero"):
        insert_entry(runtime, filled[0], legs=legs)


def test_an_entry_may_balance_in_each_of_two_currencies(gateway, filled, runtime):
    euros = gateway.open_account(currency="EUR")
    legs = [*legs_of(filled[0]), (3, "sys_opening_EUR", 5, 0, "EUR"), (4, euros, 0, 5, "EUR")]

    insert_entry(runtime, filled[0], legs=legs, leg_count=4)
    for wrong in (legs[:3], [*legs[:3], (4, euros, 0, 4, "EUR")], [*legs, (6, euros, 0, 5, "EUR")]):
        with pytest.raises(errors.IntegrityConstraintViolation):
            insert_entry(runtime, filled[0], legs=wrong, leg_count=4)
        runtime.rollback()


def test_an_entry_of_an_older_payment_finds_it(gateway, filled, owner, runtime):
    account_id, paid, _ = filled
    stranger_id = gateway.open_account()
    for role in (owner, runtime):
        older_id = older_payment(role, uuid(paid))
        insert_entry(role, account_id, transaction_id=older_id)
        with pytest.raises(errors.ForeignKeyViolation, match="no transaction or account"):
            insert_entry(role, stranger_id, legs=legs_of(account_id), transaction_id=older_id)
        role.rollback()


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


def test_a_leg_is_either_debit_or_credit(filled, owner):
    legs = [(1, "sys_opening_INR", 5, 5, "INR"), (2, filled[0], 5, 5, "INR")]

    with pytest.raises(errors.CheckViolation):
        insert_entry(owner, filled[0], legs=legs)


def test_the_balance_cannot_go_below_its_floor(filled, runtime):
    with pytest.raises(errors.CheckViolation, match="balance_available_not_below_floor"):
        runtime.execute("UPDATE ledger_accountbalance SET posted_minor = -1 WHERE account_id = %s", [filled[0]])


def test_money_is_posted_in_the_accounts_currency_only(filled, runtime):
    account_id = filled[0]
    in_euros = [(leg, account, debit, credit, "EUR") for leg, account, debit, credit, _ in legs_of(account_id)]
    for legs in (in_euros, legs_of("acc_nobody")):
        with pytest.raises(errors.ForeignKeyViolation, match="ledger_account_id"):
            insert_entry(runtime, account_id, legs=legs)
        runtime.rollback()


def test_a_temporary_table_of_that_name_deceives_no_check(filled, runtime):
    runtime.execute(
        "CREATE TEMPORARY TABLE ledger_account AS SELECT 'acc_nobody'::varchar AS id, 'INR'::varchar AS currency"
    )

    with pytest.raises(errors.ForeignKeyViolation, match="ledger_account_id"):
        insert_entry(runtime, filled[0], legs=legs_of("acc_nobody"))
