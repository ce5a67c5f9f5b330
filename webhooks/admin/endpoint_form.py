"""The form of an endpoint. What cannot be used is said by the service; here only lines become names and values."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ledger.admin.card_numbers import NoCardNumbers
from sentinel.api.models import GatewayClient
from webhooks.domain.event_types import BANK_EVENTS, TRANSACTION_EVENTS
from webhooks.models import Endpoint
from webhooks.services.endpoints import CONCURRENCY_MAX, EndpointTerms


def _events(label: str, events: dict[str, str], help_text: str) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=[(name, f"{name}: {words}") for name, words in events.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=help_text,
    )


class EndpointForm(NoCardNumbers, forms.Form):
    url = forms.CharField(
        label="URL",
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        help_text="Begins with https://, and leads to a public host.",
    )
    description = forms.CharField(max_length=200, required=False, help_text="What it is, such as “orders, Mumbai”.")
    payment_events = _events("About transactions", TRANSACTION_EVENTS, "None ticked here or below: all of these.")
    bank_events = _events(
        "About the bank's own system", BANK_EVENTS, "Only for live clients with the scope alerts:read."
    )
    merchant_id = forms.CharField(
        label="Only this merchant",
        max_length=100,
        required=False,
        help_text="A merchant's id: the endpoint hears of its payments and of no others. Empty: of all payments.",
    )
    headers = forms.CharField(
        label="Headers",
        required=False,
        max_length=6_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "monospace"}),
        help_text="Sent with each delivery, one a line, as in “Authorization: Bearer …”.",
    )
    concurrency_max = forms.IntegerField(
        label="At once",
        min_value=1,
        max_value=CONCURRENCY_MAX,
        initial=8,
        help_text=f"Deliveries under way at once, from 1 to {CONCURRENCY_MAX}.",
    )

    def clean_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["headers"].splitlines(), start=1):
            if not line.strip():
                continue
            name, colon, value = (part.strip() for part in line.partition(":"))
            if not colon or not name:
                raise ValidationError(f"Line {number} is no header. Write a name, a colon and a value.")
            if name.lower() in {each.lower() for each in headers}:
                raise ValidationError(f"{name} is there twice.")
            headers[name] = value
        return headers

    def terms(self) -> EndpointTerms:
        told = self.cleaned_data
        return EndpointTerms(
            url=told["url"],
            description=told["description"],
            event_types=[*told["payment_events"], *told["bank_events"]],
            merchant_id=told["merchant_id"],
            headers=told["headers"],
            concurrency_max=told["concurrency_max"],
        )


class NewEndpointForm(EndpointForm):
    """Whose endpoint it is, is said here and never again."""

    client = forms.ModelChoiceField(
        GatewayClient.objects.filter(is_active=True).order_by("name"),
        help_text="It hears of this client's payments. Cannot be changed later.",
    )
    field_order = ("client",)


def written(endpoint: Endpoint) -> dict[str, Any]:
    """The form's values for an endpoint that is there."""
    return {
        "url": endpoint.url,
        "description": endpoint.description,
        "payment_events": [name for name in endpoint.event_types if name in TRANSACTION_EVENTS],
        "bank_events": [name for name in endpoint.event_types if name in BANK_EVENTS],
        "merchant_id": endpoint.merchant_id,
        "headers": "\n".join(f"{name}: {value}" for name, value in endpoint.headers.items()),
        "concurrency_max": endpoint.concurrency_max,
    }
