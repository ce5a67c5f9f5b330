from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.api.schemas import AccountIn
from scoring.api.schemas import PaymentIn
from scoring.domain.payment_files import PaymentRow, payment_rows
from scoring.replay.translation import Translation
from sentinel.core.money import AmountError
from tests.scoring.conftest import TRANSACTIONS

FILE = Path("/data/sparkov_150cards_transactions.csv.gz")
HANDBOOK = PaymentRow("7", datetime(2018, 4, 1, 0, 0, 31, tzinfo=UTC), "596", "3156", "57.16")
SPARKOV = PaymentRow(
    "H1", datetime(2019, 1, 1, 0, 5, 50, tzinfo=UTC), "34", "Kutch, Hermiston", "54.36",
    category_code="5311", channel="ecommerce", latitude=29.3273, longitude=-82.2327,
)  # fmt: skip


def test_a_handbook_row_becomes_a_purchase_at_its_terminal() -> None:
    assert Translation.of(FILE, "INR", HANDBOOK).payment(HANDBOOK) == {
        "account_id": "acc_sparkov_150cards_596",
        "amount": "57.16",
        "currency": "INR",
        "transaction_type": "purchase",
        "reference": "7",
        "occurred_at": "2018-04-01T00:00:31Z",
        "channel": "pos",
        "merchant": {"id": "m_3156"},
    }


def test_a_sparkov_row_brings_its_merchant_and_place() -> None:
    payment = Translation.of(FILE, "USD", SPARKOV).payment(SPARKOV)

    assert payment["merchant"] == {"id": "m_Kutch-Hermiston", "name": "Kutch, Hermiston", "category_code": "5311"}
    assert payment["location"] == {"country": "US", "latitude": 29.3273, "longitude": -82.2327}


def test_an_account_has_credit_and_opened_with_the_file() -> None:
    assert Translation.of(FILE, "USD", SPARKOV).account() == {
        "currency": "USD",
        "home_country": "US",
        "home_zone": "UTC",
        "floor": "-1000000.00",
        "opened_at": "2019-01-01T00:00:00Z",
    }


def test_the_key_follows_from_file_and_row() -> None:
    one, other = Translation.of(FILE, "INR", HANDBOOK), Translation.of(Path("other.csv"), "INR", HANDBOOK)

    assert one.idempotency_key(HANDBOOK) == "replay:sparkov_150cards:7"
    assert other.idempotency_key(HANDBOOK) == "replay:other:7"


@pytest.mark.parametrize("row", [HANDBOOK, SPARKOV, next(payment_rows(TRANSACTIONS))])
@pytest.mark.parametrize("currency", ["INR", "USD", "EUR", "BHD"])
def test_the_api_accepts_what_is_made(row: PaymentRow, currency: str) -> None:
    translation = Translation.of(FILE, currency, row)

    AccountIn.model_validate(translation.account())
    PaymentIn.model_validate(translation.payment(row))


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(AmountError):
        Translation.of(FILE, "ZZZ", HANDBOOK)
