"""The forms of an account: money is typed as decimals of the account's currency, never in minor units."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ledger.admin.card_numbers import NoCardNumbers
from ledger.domain.masks import mask_name
from ledger.domain.payments import AccountStatus
from ledger.models import Account
from ledger.services.accounts import AccountTerms, account_id_check
from sentinel.core.countries import COUNTRIES
from sentinel.core.errors import InvalidRequest
from sentinel.core.money import EXPONENTS, AmountError, format_amount, parse_amount
from sentinel.core.zones import zone_exists


class AccountForm(NoCardNumbers, forms.ModelForm[Account]):
    """An account that is there. A new status needs a reason."""

    daily_limit = forms.CharField(
        required=False, max_length=20, help_text="Largest sum paid out in one day at home. Empty: no limit."
    )
    floor = forms.CharField(
        required=False, max_length=20, help_text="The least that may be available; negative for a credit line."
    )
    status_reason = forms.CharField(
        required=False, max_length=200, help_text="Needed when the status changes; kept with the audit."
    )

    class Meta:
        model = Account
        fields = ("name", "home_country", "home_zone", "risk", "status")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = self.instance
        if not account._state.adding and hasattr(account, "balance"):
            limit = account.daily_limit_minor
            self.initial["daily_limit"] = "" if limit is None else format_amount(limit, account.currency)
            if "name" in self.fields:
                self.initial["name"] = ""
                self.fields["name"].help_text = f"Empty: stays {mask_name(account.name) or 'without one'}."
            self.initial["floor"] = format_amount(account.balance.floor_minor, account.currency)

    def clean_name(self) -> str:
        """Nobody has to know the name to change what stands beside it."""
        return str(self.cleaned_data["name"]) or str(self.instance.name)

    def clean_home_country(self) -> str:
        country = self.cleaned_data["home_country"].upper()
        if country not in COUNTRIES:
            raise ValidationError("This is not a country code of ISO 3166-1, such as IN.")
        return str(country)

    def clean_home_zone(self) -> str:
        zone = str(self.cleaned_data["home_zone"])
        if not zone_exists(zone):
            raise ValidationError("This is not a time zone, such as Asia/Kolkata.")
        return zone

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["daily_limit_minor"] = self._minor("daily_limit")
        cleaned["floor_minor"] = self._minor("floor", may_be_negative=True) or 0
        if "status" in self.changed_data and not cleaned.get("status_reason"):
            self.add_error("status_reason", "Say why the status changes.")
        return cleaned

    def currency(self) -> str:
        return self.instance.currency

    def _minor(self, name: str, *, may_be_negative: bool = False) -> int | None:
        """The typed amount in minor units, None where nothing was typed; what is wrong goes to the field."""
        text = self.cleaned_data.get(name, "").strip().replace(",", "")
        if not text or not self.currency():
            return None
        try:
            minor = parse_amount(text, self.currency())
        except AmountError as error:
            self.add_error(name, str(error))
            return None
        if minor < 0 and not may_be_negative:
            self.add_error(name, "This amount cannot be negative.")
        return minor


class NewAccountForm(AccountForm):
    """An account to be made: currency, mode and the money brought along are said here and never again."""

    currency_code = forms.ChoiceField(
        label="Currency", choices=[("", "Choose")] + [(code, code) for code in sorted(EXPONENTS)]
    )
    opening_balance = forms.CharField(required=False, max_length=20, help_text="Money the customer brings along.")

    class Meta(AccountForm.Meta):
        fields = ("id", "livemode", "name", "home_country", "home_zone", "risk")  # type: ignore[assignment]
        labels = {"livemode": "Live"}
        help_texts = {
            "id": "The bank's own name of the account, such as acc_alice. It never changes.",
            "livemode": "Off for an account of test clients. Cannot be changed later.",
        }

    def clean_id(self) -> str:
        try:
            account_id_check(self.cleaned_data["id"])
        except InvalidRequest as error:
            raise ValidationError(error.detail) from None
        return str(self.cleaned_data["id"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["opening_minor"] = self._minor("opening_balance")
        return cleaned

    def currency(self) -> str:
        return str(self.cleaned_data.get("currency_code", ""))

    def terms(self) -> AccountTerms:
        told = self.cleaned_data
        return AccountTerms(
            currency=told["currency_code"],
            home_country=told["home_country"],
            home_zone=told["home_zone"],
            name=told["name"],
            risk=told["risk"],
            floor_minor=told["floor_minor"],
            daily_limit_minor=told["daily_limit_minor"],
            opening_balance_minor=told["opening_minor"],
        )


def status_changed(form: AccountForm) -> AccountStatus | None:
    """The status that was chosen, when it is another one."""
    return AccountStatus(form.cleaned_data["status"]) if "status" in form.changed_data else None
