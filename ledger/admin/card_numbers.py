from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ledger.services.card_numbers import CARD_NUMBER_WORDS
from sentinel.core.card_numbers import contains_card_number


class NoCardNumbers(forms.BaseForm):
    """A form in none of whose texts a full card number may stand. Goes before the class of the form."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name, value in list(self.cleaned_data.items()):
            if isinstance(value, str) and contains_card_number(value):
                self.add_error(name, ValidationError(CARD_NUMBER_WORDS, code="card_number"))
        return cleaned
