"""A row is as strict as a body of the API, and makes the same request."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from scoring.api.schemas import PaymentIn, payment_request
from scoring.domain.jobs.rows import RowRefused, request_of
from sentinel.api.problems import invalid_fields
from sentinel.core.errors import InvalidRequest
from tests.scoring.jobs.files import NOW

FULL = {
    "transaction_id": "T-1",
    "account_id": "acc_1",
    "amount": "5400.00",
    "currency": "INR",
    "transaction_type": "purchase",
    "occurred_at": "2026-01-31T12:00:00+05:30",
    "channel": "pos",
    "merchant_id": "m_17",
    "merchant_name": "Corner Books",
    "merchant_category": "5732",
    "merchant_country": "IN",
    "card_token": "tok_1",
    "card_bin": "411111",
    "card_last4": "1111",
    "device_id": "d",
    "ip_address": "203.0.113.9",
    "user_agent": "x",
    "location_country": "FR",
    "location_city": "Paris",
    "latitude": "48.85",
    "longitude": "2.35",
}
# Where the API has what a row says.
PLACES = {
    "transaction_id": "reference",
    "merchant_id": "merchant.id",
    "merchant_name": "merchant.name",
    "merchant_category": "merchant.category_code",
    "merchant_country": "merchant.country",
    "card_token": "card.token",
    "card_bin": "card.bin",
    "card_last4": "card.last4",
    "device_id": "device.id",
    "ip_address": "device.ip",
    "user_agent": "device.user_agent",
    "location_country": "location.country",
    "location_city": "location.city",
    "latitude": "location.latitude",
    "longitude": "location.longitude",
}


def body(told):
    """The same as a body of the API."""
    made: dict[str, Any] = {}
    for name, text in told.items():
        value = float(text) if name in ("latitude", "longitude") else text
        outer, _, inner = PLACES.get(name, name).partition(".")
        if inner:
            made.setdefault(outer, {})[inner] = value
        else:
            made[outer] = value
    return made


def by_api(told):
    try:
        return payment_request(PaymentIn.model_validate(body(told)), now=NOW)
    except ValidationError as error:
        return [each.field for each in invalid_fields(error).errors]
    except InvalidRequest as error:
        return [each.field for each in error.errors]


def by_row(told):
    try:
        return request_of(told, now=NOW)
    except RowRefused as refused:
        # A purchase without a merchant lacks all of it, in the API.
        named = {**PLACES, "merchant_id": "merchant"} if "merchant_id" not in told else PLACES
        return [named.get(each.field, each.field) for each in refused.errors]


def without(*names):
    return {name: text for name, text in FULL.items() if name not in names}


TRANSFER = {
    **without("merchant_id", "merchant_name", "merchant_category", "merchant_country"),
    "transaction_type": "transfer",
}


@pytest.mark.parametrize(
    "told",
    [
        FULL,
        without("transaction_id", "occurred_at", "channel", "latitude", "longitude"),
        {**TRANSFER, "counterparty_account_id": "acc_2"},
        {**TRANSFER, "transaction_type": "withdrawal"},
        {**FULL, "ip_address": "2001:DB8::1"},
    ],
)
def test_a_row_makes_the_request_that_the_api_makes(told):
    assert by_row(told) == by_api(told)
    assert not isinstance(by_row(told), list)


@pytest.mark.parametrize(
    "told",
    [
        without("amount"),
        without("account_id", "currency"),
        {**FULL, "amount": "-1.00"},
        {**FULL, "amount": "1e3"},
        {**FULL, "amount": "0.00"},
        {**FULL, "amount": "1.005"},
        {**FULL, "amount": "5400,00"},
        {**FULL, "currency": "inr"},
        {**FULL, "transaction_type": "refund"},
        {**FULL, "occurred_at": "yesterday"},
        {**FULL, "occurred_at": "1850-01-01T00:00:00Z"},
        {**FULL, "occurred_at": (NOW + timedelta(minutes=6)).isoformat()},
        {**FULL, "account_id": "=1+1"},
        {**FULL, "account_id": "a" * 65},
        {**FULL, "merchant_category": "57"},
        {**FULL, "merchant_country": "XX"},
        {**FULL, "ip_address": "nowhere"},
        {**FULL, "latitude": "91"},
        without("latitude"),
        without("longitude"),
        without("merchant_id", "merchant_name", "merchant_category", "merchant_country") | {"latitude": "1"},
        TRANSFER,
        {**FULL, "counterparty_account_id": "acc_2"},
        {**TRANSFER, "counterparty_account_id": "acc_1"},
    ],
)
def test_a_row_is_refused_for_what_the_api_refuses(told):
    assert by_row(told) == by_api(told)
    assert isinstance(by_row(told), list)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-31 12:00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00:00+05:30", datetime(2026, 1, 31, 6, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_without_a_zone_is_utc_and_a_date_is_its_beginning(written, moment):
    assert request_of({**FULL, "occurred_at": written}, now=NOW).occurred_at == moment


def test_a_row_that_does_not_say_when_happened_now():
    told = without("occurred_at")

    assert request_of(told, now=NOW) == replace(request_of(FULL, now=NOW), occurred_at=NOW)


@pytest.mark.parametrize(("latitude", "words"), [("north", "Write a number such as 48.85."), ("nan", "90")])
def test_a_place_is_a_number(latitude, words):
    with pytest.raises(RowRefused) as refused:
        request_of({**FULL, "latitude": latitude}, now=NOW)

    assert [(each.field, words in each.message) for each in refused.value.errors] == [("latitude", True)]
