import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.mobile_money.balances import outcome_by_balances
from scoring.domain.mobile_money.payments import MobileType
from sentinel.core.money import MAX_AMOUNT_MINOR
from sentinel.core.outcomes import Outcome
from tests.scoring.mobile_money.payments import drained, paid
from tests.scoring.mobile_money.test_inputs import payments


def codes(payment) -> list[str]:
    return [reason.code for reason in outcome_by_balances(payment)[1]]


def test_an_ordinary_payment_is_approved_without_a_reason():
    assert outcome_by_balances(paid()) == (Outcome.APPROVE, [])


@pytest.mark.parametrize("kind", [MobileType.TRANSFER, MobileType.CASH_OUT])
def test_an_account_that_is_emptied_at_once_goes_to_review(kind):
    outcome, reasons = outcome_by_balances(drained(type=kind))

    assert outcome is Outcome.REVIEW
    assert [(each.code, each.kind) for each in reasons] == [("balance.account_emptied", "rule")]


@given(payments)
def test_a_reason_is_given_if_and_only_if_somebody_should_look(payment):
    outcome, reasons = outcome_by_balances(payment)

    assert (outcome is Outcome.REVIEW) == bool(reasons)
    assert outcome is not Outcome.DECLINE


@given(st.integers(1, MAX_AMOUNT_MINOR), st.integers(0, 1000))
def test_whatever_the_size_a_drained_account_is_seen_and_a_hundredth_left_is_not(amount, step):
    whole = drained(step=step, amount_minor=amount, origin_before_minor=amount)
    nearly = drained(step=step, amount_minor=amount, origin_before_minor=amount + 1, origin_after_minor=1)

    assert [codes(whole), codes(nearly)] == [["balance.account_emptied"], []]


def test_a_purchase_of_all_there_is_and_a_credit_line_are_nobodys_business():
    assert codes(paid(amount_minor=500_00, origin_after_minor=0)) == []
    assert codes(drained(amount_minor=200_00)) == []  # more than there was


def test_more_gone_than_paid_and_money_that_never_arrives_go_to_review():
    assert codes(paid(origin_after_minor=478_99)) == ["balance.loses_more"]
    assert codes(paid(origin_after_minor=479_00)) == []  # rounding
    never = drained(
        amount_minor=100_00, origin_after_minor=81_00, destination_before_minor=3, destination_after_minor=3
    )
    assert codes(never) == ["balance.never_arrives"]
    assert codes(paid(type=MobileType.CASH_IN, origin_after_minor=520_00)) == []
