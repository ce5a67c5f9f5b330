import gzip

import pytest

from scoring.domain.mobile_money.files import mobile_rows
from scoring.domain.mobile_money.payments import MobileType
from scoring.domain.payment_files import PaymentFileError

HEAD = "step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrig,nameDest,oldbalanceDest,newbalanceDest,isFraud"
ROW = "1,TRANSFER,181.5,C1,181.5,0,C2,0.0,0,1"


def written(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def test_rows_are_read_with_the_truth(tmp_path):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(f"{HEAD}\n{ROW}\n2,PAYMENT,3,C3,9,6,M4,0,0,0\n".encode()))

    (first, is_fraud), (second, is_other) = mobile_rows(path)

    assert (first.type, first.amount_minor, first.origin_before_minor, is_fraud) == (
        MobileType.TRANSFER, 181_50, 181_50, True
    )  # fmt: skip
    assert (second.step, second.goes_to_merchant, is_other) == (2, True, False)


def test_large_numbers_as_spreadsheets_write_them_are_read(tmp_path):
    path = written(tmp_path / "rows.csv", HEAD, ROW.replace("0.0,0,1", "900180,1.92E+07,1"))

    ((payment, _),) = mobile_rows(path)

    assert (payment.destination_before_minor, payment.destination_after_minor) == (900_180_00, 19_200_000_00)


def test_a_file_without_the_truth_is_read_as_well(tmp_path):
    path = written(tmp_path / "rows.csv", HEAD.removesuffix(",isFraud"), ROW.removesuffix(",1"))

    assert [is_fraud for _, is_fraud in mobile_rows(path)] == [None]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ROW.replace("181.5,C1", "181.555,C1"), "line 2: amount: .*two decimals"),
        (ROW.replace("TRANSFER", "GIFT"), "line 2: type 'GIFT' is none of PAYMENT"),
        (ROW.replace("1,TRANSFER", "-1,TRANSFER"), "line 2: step '-1'"),
        (ROW.replace("C2", "X2"), "line 2: nameDest 'X2'"),
        (ROW[:-1] + "2", "line 2: isFraud '2'"),
        ("1,TRANSFER", "line 2: amount"),
        (f"{ROW}\n0{ROW[1:]}", "line 3: earlier"),
    ],
)
def test_what_cannot_be_read_is_named_by_line_and_column(tmp_path, row, words):
    path = written(tmp_path / "rows.csv", HEAD, row)

    with pytest.raises(PaymentFileError, match=words):
        list(mobile_rows(path))


def test_missing_columns_are_named(tmp_path):
    with pytest.raises(PaymentFileError, match="no column nameDest, type"):
        list(mobile_rows(written(tmp_path / "rows.csv", HEAD.replace("type,", "").replace("nameDest,", ""))))
