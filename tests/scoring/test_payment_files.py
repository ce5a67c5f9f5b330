import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scoring.domain.payment_files import PaymentFileError, count_rows, fraud_labels, payment_rows

HANDBOOK = "transaction_id,tx_datetime,customer_id,terminal_id,amount\n"
SPARKOV = "transaction_id,tx_datetime,customer_id,merchant_id,category,amount,merch_lat,merch_long\n"


def _file(folder: Path, text: str) -> Path:
    path = folder / "some_transactions.csv"
    path.write_text(text)
    return path


def test_a_handbook_row(tmp_path: Path) -> None:
    row = next(payment_rows(_file(tmp_path, HANDBOOK + "7,2018-04-01T00:00:31Z,596,3156,57.16\n")))

    assert (row.transaction_id, row.customer_id, row.merchant_id, row.amount) == ("7", "596", "3156", "57.16")
    assert row.occurred_at == datetime(2018, 4, 1, 0, 0, 31, tzinfo=UTC)
    assert (row.latitude, row.category_code, row.channel) == (None, None, "pos")


def test_a_sparkov_row_has_category_channel_and_place(tmp_path: Path) -> None:
    line = 'H1,2019-01-01 00:05:50,34,"Kutch, Hermiston",shopping_net,54.36,29.3273,-82.2327\n'
    row = next(payment_rows(_file(tmp_path, SPARKOV + line)))

    assert (row.merchant_id, row.category_code, row.channel) == ("Kutch, Hermiston", "5311", "ecommerce")
    assert (row.latitude, row.longitude) == (29.3273, -82.2327)
    assert row.occurred_at.tzinfo is UTC


def test_a_compressed_file_and_its_labels(tmp_path: Path) -> None:
    path, labels = tmp_path / "a.csv.gz", tmp_path / "b.csv"
    path.write_bytes(gzip.compress((HANDBOOK + "1,2018-04-01T00:00:31Z,5,3,7.1\n\n").encode()))
    labels.write_text("transaction_id,is_fraud,scenario\n1,1,2\n2,0,0\n")

    assert [row.transaction_id for row in payment_rows(path)] == ["1"]
    assert count_rows(path) == 1
    assert fraud_labels(labels) == {"1": None}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("transaction_id,amount\n", "no column customer_id, terminal_id, tx_datetime"),
        ("", "no column"),
        (HANDBOOK + "1,yesterday,5,3,7.1\n", "line 2: Invalid isoformat"),
        (HANDBOOK + "1\n", "line 2"),
        (HANDBOOK + "1,2018-04-02T00:00:00Z,5,3,7.1\n2,2018-04-01T00:00:00Z,5,3,7.1\n", "line 3: earlier"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(PaymentFileError, match=complaint):
        list(payment_rows(_file(tmp_path, text)))


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(gzip.compress(HANDBOOK.encode())[:20])

    with pytest.raises(PaymentFileError, match=r"absent\.csv"):
        list(payment_rows(tmp_path / "absent.csv"))
    with pytest.raises(PaymentFileError, match=r"broken\.csv\.gz"):
        list(payment_rows(broken))


def test_a_label_whose_moment_is_none_says_where(tmp_path: Path) -> None:
    path = _file(tmp_path, "transaction_id,is_fraud,label_available_at\n1,1,soon\n")

    with pytest.raises(PaymentFileError, match="line 2: Invalid isoformat"):
        fraud_labels(path)
