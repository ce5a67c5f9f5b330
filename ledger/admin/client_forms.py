from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import format_lazy

from ledger.admin.card_numbers import NoCardNumbers
from ledger.admin.words import viewers_zone
from sentinel.api.models import ApiKey, GatewayClient
from sentinel.api.scope_names import SCOPES


class ClientForm(NoCardNumbers, forms.ModelForm[GatewayClient]):
    scopes = forms.MultipleChoiceField(
        required=False,
        choices=[(name, f"{words} ({name})") for name, words in SCOPES.items()],
        widget=forms.CheckboxSelectMultiple,
        label="It may",
    )

    class Meta:
        model = GatewayClient
        fields = ("name", "livemode", "is_active", "rate", "all_accounts", "scopes")

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
