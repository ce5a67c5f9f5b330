from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import format_lazy

from ledger.admin.card_numbers import NoCardNumbers
from ledger.admin.words import viewers_zone
from ledger.services.api_keys import OVERLAP
from sentinel.api.models import ApiKey, GatewayClient
from sentinel.api.scope_names import SCOPES
from sentinel.core.networks import NETWORKS_MAX, NetworkError, network_named

_OVERLAPS = {
    "0": "Not at all: it stops now",
    "1": "1 hour",
    "24": "1 day",
    "168": "7 days",
    "720": "30 days",
}


class NetworksField(forms.CharField):
    """A network on each line; the value is their list."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "off"})

    def to_python(self, value: Any) -> Any:
        lines = value.splitlines() if isinstance(value, str) else value or []
        found, wrong = [], []
        for line in filter(None, map(str.strip, lines)):
            try:
                found.append(network_named(line))
            except NetworkError as error:
                wrong.append(str(error))
        if len(found) > NETWORKS_MAX:
            wrong.append(f"At most {NETWORKS_MAX} networks. Write wider ones.")
        if wrong:
            raise ValidationError(wrong)
        return list(dict.fromkeys(found))

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial or []).split() != (data or "").split())


class ClientForm(NoCardNumbers, forms.ModelForm[GatewayClient]):
    scopes = forms.MultipleChoiceField(
        required=False,
        choices=[(name, f"{words} ({name})") for name, words in SCOPES.items()],
        widget=forms.CheckboxSelectMultiple,
        label="It may",
    )
    allowed_networks = NetworksField(
        required=False,
        label="It calls from",
        help_text="One network on each line, such as 203.0.113.0/24, 2001:db8::/32, or a single address. A request"
        " from anywhere else is refused, whatever key or token it brings. Empty: from anywhere.",
    )

    class Meta:
        model = GatewayClient
        fields = ("name", "livemode", "is_active", "rate", "all_accounts", "allowed_networks", "scopes")

    def clean_scopes(self) -> list[str]:
        return sorted(self.cleaned_data["scopes"])

    def told(self) -> dict[str, Any]:
        """What was changed, for the audit."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}


class ApiKeyForm(NoCardNumbers, forms.ModelForm[ApiKey]):
    class Meta:
        model = ApiKey
        fields = ("client", "name", "expires_at")
        help_texts = {
            "name": "Where it is used, such as “checkout, Mumbai”.",
            "expires_at": format_lazy("In {}. Empty: until it is revoked.", viewers_zone),
        }

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise ValidationError("A key expires in the future, or not at all.")
        return expires_at


class RotateForm(forms.Form):
    overlap_hours = forms.ChoiceField(
        label="The key in use works for another",
        choices=list(_OVERLAPS.items()),
        initial=str(int(OVERLAP.total_seconds()) // 3600),
        help_text="Long enough to bring the new key to every place where this one is used.",
    )

    def overlap(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["overlap_hours"]))
