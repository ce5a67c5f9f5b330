"""Customers and payments of the demo bank as bodies of API requests."""

from typing import Any

from ledger.domain.payments import PaymentRequest
from scoring.demo.people import Customer
from sentinel.core.money import format_amount

# Group in the body -> its field there -> the request's own name.
_GROUPS = {
    "merchant": {
        "id": "merchant_id",
        "name": "merchant_name",
        "category_code": "merchant_category",
        "country": "merchant_country",
    },
    "card": {"token": "card_token", "bin": "card_bin", "last4": "card_last4"},
    "device": {"id": "device_id", "ip": "ip_address", "user_agent": "user_agent"},
    "location": {
        "country": "location_country",
        "city": "location_city",
        "latitude": "latitude",
        "longitude": "longitude",
    },
}
_PLAIN = ("reference", "channel", "counterparty_account_id", "metadata")


def payment_body(request: PaymentRequest, *, with_moment: bool) -> dict[str, Any]:
    """The body of POST /transactions; without a moment it happens when it arrives."""
    body: dict[str, Any] = {
        "account_id": request.account_id,
        "amount": format_amount(request.amount_minor, request.currency),
        "currency": request.currency,
        "transaction_type": request.transaction_type.value,
        **_present({name: name for name in _PLAIN}, request),
    }
    if with_moment:
        body["occurred_at"] = request.occurred_at.isoformat()
    for group, names in _GROUPS.items():
        if found := _present(names, request):
            body[group] = found
    return body


def account_body(customer: Customer) -> dict[str, Any]:
    """The body of PUT /accounts/{account_id}."""
    money = {
        "floor": customer.floor_minor,
        "daily_limit": customer.daily_limit_minor,
        "opening_balance": customer.opening_balance_minor,
    }
    shown = {name: format_amount(minor, customer.currency) for name, minor in money.items() if minor is not None}
    return {
        "currency": customer.currency,
        "home_country": customer.city.country,
        "home_zone": customer.city.zone,
        "name": customer.name,
        "risk": customer.risk,
        **shown,
    }


def _present(names: dict[str, str], request: PaymentRequest) -> dict[str, Any]:
    values = ((name, getattr(request, own)) for name, own in names.items())
    return {name: value for name, value in values if value is not None}
