"""Rows of a file as requests of the API. The same row always makes the same request and the same idempotency key."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scoring.domain.payment_files import PaymentRow, accounts_opened_at
from scoring.replay.schedule import DueLabel
from sentinel.core.countries import COUNTRIES
from sentinel.core.money import exponent, format_amount

# Credit enough that funds never decide: a replay is about scores and rules. In whole units of the currency.
CREDIT_LINE = 1_000_000
# The files' clocks are the customers' own.
HOME_ZONE = "UTC"
HOME_COUNTRIES = {"INR": "IN", "USD": "US", "EUR": "DE", "GBP": "GB", "JPY": "JP"}

_NAME_MAX = 40
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Translation:
    """`name` keeps the accounts and keys of different files apart. `opened_at` is given to every account."""

    name: str
    currency: str
    opened_at: datetime

    @classmethod
    def of(cls, path: Path, currency: str, first: PaymentRow) -> "Translation":
        """Errors: AmountError for an unknown currency."""
        exponent(currency)
        return cls(_file_name(path), currency, accounts_opened_at(first))

    @property
    def home_country(self) -> str:
        country = HOME_COUNTRIES.get(self.currency, self.currency[:2])
        # A currency of several countries, such as XOF, names none of them.
        return country if country in COUNTRIES else "US"

    def account_id(self, row: PaymentRow) -> str:
        return f"acc_{self.name}_{row.customer_id}"

    def account(self) -> dict[str, Any]:
        """The body of PUT /accounts/{id}."""
        return {
            "currency": self.currency,
            "home_country": self.home_country,
            "home_zone": HOME_ZONE,
            "floor": format_amount(-CREDIT_LINE * 10 ** exponent(self.currency), self.currency),
            "opened_at": _moment(self.opened_at),
        }

    def idempotency_key(self, row: PaymentRow) -> str:
        return f"replay:{self.name}:{row.transaction_id}"

    def payment(self, row: PaymentRow) -> dict[str, Any]:
        """The body of POST /transactions."""
        body: dict[str, Any] = {
            "account_id": self.account_id(row),
            "amount": row.amount,
            "currency": self.currency,
            "transaction_type": "purchase",
            "reference": row.transaction_id,
            "occurred_at": _moment(row.occurred_at),
            "channel": row.channel,
            "merchant": _merchant(row),
        }
        if row.latitude is not None and row.longitude is not None:
            body["location"] = {
                "country": self.home_country,
                "latitude": row.latitude,
                "longitude": row.longitude,
            }
        return body

    def label_key(self, label: DueLabel) -> str:
        return f"replay:{self.name}:label:{label.transaction_id}"

    def label(self, label: DueLabel, payment_id: str) -> dict[str, Any]:
        """The body of POST /labels."""
        return {
            "transaction_id": payment_id,
            "label": "fraud",
            "source": "chargeback",
            "observed_at": _moment(label.known_at),
        }


def _merchant(row: PaymentRow) -> dict[str, Any]:
    merchant = {"id": f"m_{_NOT_IN_NAMES.sub('-', row.merchant_id).strip('-')}"}
    if row.category_code is not None:
        merchant |= {"name": row.merchant_id, "category_code": row.category_code}
    return merchant


def _file_name(path: Path) -> str:
    name = path.name.removesuffix(".gz").removesuffix(".csv").removesuffix("_transactions")
    return _NOT_IN_NAMES.sub("_", name).strip("_")[:_NAME_MAX]


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
