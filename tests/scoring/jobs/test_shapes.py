"""Which columns say what."""

import pytest

from scoring.domain.jobs.fields import FIELDS, columns_guess
from scoring.domain.jobs.readings import Reading, plan_of, reading_faults, reading_guess
from scoring.domain.jobs.rows import RowIn, RowRefused
from scoring.domain.jobs.shapes import SHAPES
from sentinel.core.csv_files import UnusableFile
from tests.scoring.jobs.files import CONSTANTS, HEADER, NOW

NATIVE_HEADER = HEADER.split(",")


def read(header, cells, constants=CONSTANTS):
    return plan_of(reading_guess(header, constants), header).read(cells)


def test_our_own_columns_are_read_by_their_names():
    told = read(NATIVE_HEADER, ["T-1", " acc_1", "5.00", "EUR", "transfer", "2026-01-31", ""])

    assert told == {
        "transaction_id": "T-1",
        "account_id": "acc_1",
        "amount": "5.00",
        "currency": "EUR",
        "transaction_type": "transfer",
        "occurred_at": "2026-01-31",
    }


def test_columns_of_other_names_are_guessed_by_their_sound():
    assert columns_guess(["TX ID", "Customer-ID", "Amt", "MCC", "odd"]) == {
        "transaction_id": "TX ID",
        "account_id": "Customer-ID",
        "amount": "Amt",
        "merchant_category": "MCC",
    }


def test_the_handbooks_file_is_recognised_in_any_order_of_columns():
    header = ["amount", "tx_datetime", "transaction_id", "terminal_id", "customer_id"]

    assert read(header, ["57.16", "2018-04-01T00:00:31Z", "0", "3156", "596"]) == {
        "transaction_id": "0",
        "occurred_at": "2018-04-01T00:00:31Z",
        "account_id": "596",
        "merchant_id": "3156",
        "amount": "57.16",
        "currency": "INR",
        "transaction_type": "purchase",
        "channel": "pos",
    }


def test_sparkovs_categories_become_codes_and_channels():
    header = list(SHAPES["sparkov"].columns)
    told = read(
        header, ["H1", "2019-01-01T00:01:47Z", "46", "Kutch, Hermiston", "shopping_net", "9.00", "39.6", "-74.7"]
    )

    assert (told["merchant_category"], told["channel"], told["longitude"]) == ("5311", "ecommerce", "-74.7")
    assert "merchant_category" not in read(header, ["H1", "2019-01-01", "46", "K", "other", "9.00", "1", "2"])


PAYSIM = "step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,isFraud"


def mobile(line: str):
    plan = plan_of(reading_guess(PAYSIM.split(","), CONSTANTS), PAYSIM.split(","))
    return plan.request_of(plan.read(line.split(",")), now=NOW)


def test_paysims_rows_are_mobile_money():
    payment = mobile("25,TRANSFER,1.00E+07,C1,1.29E+07,2930418.44,C2,0,0,1")

    assert (payment.step, payment.type, payment.amount_minor) == (25, "TRANSFER", 10_000_000_00)
    assert (payment.origin, payment.origin_before_minor, payment.destination) == ("C1", 12_900_000_00, "C2")
    assert mobile("1,PAYMENT,9839.64,C1,170136,160296.36,M9,0,0,0").origin_after_minor == 160_296_36


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x,TRANSFER,1,C1,0,0,C2,0,0,0", "step"),
        ("1,GIFT,1,C1,0,0,C2,0,0,0", "type"),
        ("1,TRANSFER,ten,C1,0,0,C2,0,0,0", "amount"),
        ("1,TRANSFER,1e+999999999,C1,0,0,C2,0,0,0", "amount"),
        ("1,TRANSFER,1,X1,0,0,C2,0,0,0", "nameOrig"),
    ],
)
def test_what_is_no_mobile_money_is_refused_with_its_column(line, words):
    with pytest.raises(RowRefused) as refused:
        mobile(line)
    (error,) = refused.value.errors
    assert (error.field, error.code, error.message[: len(words)]) == ("row", "wrong_format", words)


def test_a_column_may_stand_for_any_field_and_a_constant_for_a_missing_one():
    reading = Reading.mapped(["who", "how much"], {"account_id": "who", "amount": "how much"}, CONSTANTS)

    assert plan_of(reading, ["who", "how much"]).read(["a", "1.00"]) == {
        **CONSTANTS,
        "account_id": "a",
        "amount": "1.00",
    }
    assert Reading.of_json(reading.to_json()) == reading


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (Reading(columns={"account_id": "who"}, constants=CONSTANTS), "No column says the amount."),
        (Reading(columns={"account_id": "x", "amount": "how much"}, constants=CONSTANTS), "There is no column x."),
        (Reading(columns={"colour": "who"}, constants=CONSTANTS), "There is no field colour."),
        (Reading(columns={}, constants={"currency": "XXY"}), "There is no such currency."),
        (Reading(columns={}, constants={"amount": "1.00"}), "amount cannot be the same for all rows."),
        (Reading(shape="handbook"), "There is no column terminal_id."),
        (Reading(shape="other"), "There is no shape other."),
    ],
)
def test_what_cannot_be_read_so_is_named(reading, words):
    assert words in reading_faults(reading, ["who", "how much"])
    with pytest.raises(UnusableFile, match=r"columns: who, how much\."):
        plan_of(reading, ["who", "how much"])


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(UnusableFile, match="Two columns are called amount"):
        plan_of(reading_guess(["account_id", "amount", "amount"], CONSTANTS), ["account_id", "amount", "amount"])


def test_every_field_that_is_offered_can_be_read():
    assert set(RowIn.model_fields) == set(FIELDS)
