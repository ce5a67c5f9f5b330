from itertools import pairwise

from scoring.domain.mobile_money.payments import MobileType
from scoring.domain.mobile_money.simulator import payments_simulated

FEW = {"days": 14, "customers": 200}


def test_the_same_seed_gives_the_same_payments_and_another_one_others():
    first, again = list(payments_simulated(3, **FEW)), list(payments_simulated(3, **FEW))

    assert first == again
    assert first != list(payments_simulated(4, **FEW))


def test_payments_come_by_the_hour_and_within_the_days():
    steps = [payment.step for payment, _ in payments_simulated(3, **FEW)]

    assert all(before <= after for before, after in pairwise(steps))
    assert 0 <= steps[0] < steps[-1] < 14 * 24


def test_balances_follow_each_other_and_never_gain_by_paying():
    balances: dict[str, int] = {}
    for payment, _ in payments_simulated(3, **FEW):
        assert balances.get(payment.origin, payment.origin_before_minor) == payment.origin_before_minor
        balances[payment.origin] = payment.origin_after_minor
        if not (payment.goes_to_merchant or payment.destination_after_minor == 0):
            balances[payment.destination] = payment.destination_after_minor
        if payment.type.takes_money_out:
            assert payment.origin_after_minor == max(0, payment.origin_before_minor - payment.amount_minor)


def test_a_theft_is_a_transfer_that_is_cashed_out_and_honest_people_empty_accounts_as_well():
    rows = list(payments_simulated())
    frauds = [payment for payment, is_fraud in rows if is_fraud]
    emptied = [
        is_fraud for payment, is_fraud in rows
        if payment.amount_minor == payment.origin_before_minor and payment.origin_after_minor == 0
    ]  # fmt: skip

    assert {payment.type for payment in frauds} == {MobileType.TRANSFER, MobileType.CASH_OUT}
    assert 0.003 < len(frauds) / len(rows) < 0.02
    assert 0.1 < sum(emptied) / len(emptied) < 0.7
