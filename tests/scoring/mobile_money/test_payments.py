import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.mobile_money.payments import (
    FIELDS,
    TYPES,
    amount_text,
    hundredths,
    mobile_columns,
    mobile_values,
)
from sentinel.core.money import MAX_AMOUNT_MINOR, AmountError
from tests.scoring.mobile_money.payments import drained, paid


@pytest.mark.parametrize(
    ("text", "minor"), [("9839.64", 983_964), ("170136", 17_013_600), ("0.5", 50), ("1.230", 123), ("0", 0)]
)
def test_decimals_are_read_as_hundredths(text, minor):
    assert hundredths(text) == minor


@given(st.integers(0, MAX_AMOUNT_MINOR))
def test_what_is_written_is_read_again(minor):
    assert hundredths(amount_text(minor)) == minor


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "not_an_amount"), ("-1", "not_an_amount"), ("1e3", "not_an_amount"), ("1,5", "not_an_amount"),
     ("nan", "not_an_amount"), ("0.001", "over_precise"), ("99999999999999", "too_large")],
)  # fmt: skip
def test_anything_else_is_refused_with_a_code(text, code):
    with pytest.raises(AmountError) as refused:
        hundredths(text)

    assert refused.value.code == code


def test_a_snapshot_has_every_field_in_its_place():
    payment = drained(destination_before_minor=7, destination_after_minor=181_07)

    values = mobile_values(payment.packed())

    assert tuple(values) == FIELDS
    assert (values["step"], values["type"], values["amount"]) == (1, TYPES.index(payment.type), 181_00)
    assert (values["destination_before"], values["destination_after"]) == (7, 181_07)
    assert mobile_columns([payment.packed(), paid().packed()])[:, -1].tolist() == [0, 1]


def test_snapshots_of_another_length_are_refused():
    with pytest.raises(ValueError, match="reshape"):
        mobile_columns([b"\0" * 16])
