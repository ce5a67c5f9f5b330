import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.mobile_money.inputs import FOREST_NAMES, INPUT_NAMES, INPUTS, describe_mobile, mobile_inputs
from scoring.domain.mobile_money.payments import MobilePayment, MobileType, mobile_columns, mobile_values
from sentinel.core.money import MAX_AMOUNT_MINOR
from tests.scoring.mobile_money.payments import drained, paid

money = st.integers(0, MAX_AMOUNT_MINOR)
payments = st.builds(
    MobilePayment,
    step=st.integers(0, 1_000_000),
    type=st.sampled_from(MobileType),
    amount_minor=money,
    origin=st.just("C1"),
    origin_before_minor=money,
    origin_after_minor=money,
    destination=st.sampled_from(["C2", "M2"]),
    destination_before_minor=money,
    destination_after_minor=money,
)


def inputs_of(payment: MobilePayment) -> dict[str, float]:
    (row,) = mobile_inputs(mobile_columns([payment.packed()]))
    return dict(zip(INPUT_NAMES, row.tolist(), strict=True))


@given(st.lists(payments, min_size=1, max_size=20))
def test_inputs_are_numbers_and_do_not_depend_on_the_group(group):
    snapshots = [payment.packed() for payment in group]

    together = mobile_inputs(mobile_columns(snapshots))

    assert np.isfinite(together).all()
    alone = np.concatenate([mobile_inputs(mobile_columns([each])) for each in snapshots])
    assert np.array_equal(together, alone)


@given(payments)
def test_every_reason_has_words_for_every_payment(payment):
    values = mobile_values(payment.packed())

    for name in INPUT_NAMES:
        told = describe_mobile(name, values, 0.0)
        assert told is None or told[0]


def test_an_ordinary_payment_shows_nothing_to_a_forest_but_its_size():
    found = inputs_of(paid())

    assert {name: found[name] for name in FOREST_NAMES if found[name]} == {
        "amount_share": pytest.approx(20 / 520, rel=1e-6)
    }


def test_a_drained_account_is_seen():
    found = inputs_of(drained())

    assert [found[name] for name in ("emptied", "emptied_exactly", "emptied_by_transfer", "is_transfer")] == [1] * 4
    assert (found["emptied_by_cash_out"], found["destination_untold"], found["amount_share"]) == (0, 1, 0.5)
    assert describe_mobile("emptied_by_transfer", mobile_values(drained().packed()), 0.0) == (
        "A transfer takes the whole balance of the account", 1.0, 0.0
    )  # fmt: skip


def test_spending_on_a_credit_line_loses_nothing_more():
    found = inputs_of(paid(amount_minor=30_00, origin_before_minor=10_00, origin_after_minor=0))

    assert (round(found["origin_gap"], 6), found["origin_loss"]) == (-0.666667, 0)
    assert (found["emptied"], found["emptied_exactly"]) == (1, 0)


def test_balances_that_do_not_add_up_are_seen():
    sender = inputs_of(paid(origin_after_minor=0))
    receiver = inputs_of(drained(destination_before_minor=5_00, destination_after_minor=5_00))
    paid_in = paid(
        type=MobileType.CASH_IN,
        origin_after_minor=520_00,
        destination="C9",
        destination_before_minor=90_00,
        destination_after_minor=70_00,
    )

    assert sender["origin_loss"] == 24  # times the amount
    assert (receiver["destination_gap"], receiver["destination_untold"]) == (1, 0)
    assert (inputs_of(paid_in)["origin_gap"], inputs_of(paid_in)["destination_gap"]) == (0, 0)


def test_names_are_used_once_and_the_forest_knows_some_of_them():
    assert len(set(INPUT_NAMES)) == len(INPUTS)
    assert set(FOREST_NAMES) < set(INPUT_NAMES)
