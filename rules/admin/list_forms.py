"""Forms of lists and their items."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import format_lazy

from ledger.admin.card_numbers import NoCardNumbers
from ledger.admin.words import viewers_zone
from rules.domain.lists import REASON_LENGTH_MAX, ItemType, normalise_item
from rules.errors import InvalidListItem
from rules.models import List, ListItem

DAYS = {
    "1": "for a day",
    "7": "for a week",
    "30": "for 30 days",
    "90": "for 90 days",
    "365": "for a year",
    "": "until it is removed",
}


class ListForm(NoCardNumbers, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = List
        fields = ("name", "item_type", "purpose", "description")
        widgets: ClassVar = {"description": forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"})}


class ListItemForm(NoCardNumbers, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ListItem
        fields = ("value", "reason", "expires_at")
        help_texts: ClassVar = {"expires_at": format_lazy("In {}. Empty: until it is removed.", viewers_zone)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("value", "reason"):  # in a table the heading is not their label
            self.fields[name].widget.attrs["aria-label"] = name.capitalize()
        parts = getattr(self.fields["expires_at"].widget, "widgets", ())
        for part, words in zip(parts, ("Expires at: date", "Expires at: time"), strict=False):
            part.attrs["aria-label"] = words

    def clean_value(self) -> str:
        try:
            return normalise_item(self.cleaned_data["value"], ItemType(self.instance.list.item_type))
        except InvalidListItem as error:
            raise ValidationError(error.detail) from None

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= timezone.now():
            raise ValidationError("Choose a moment in the future, or leave it empty.")
        return expires_at


class UploadForm(NoCardNumbers, forms.Form):
    file = forms.FileField(
        label="CSV file",
        help_text="One item a line: value, then a reason and an end if you like. "
        "UTF-8, separated by commas or semicolons, with or without a header.",
    )
    reason = forms.CharField(max_length=REASON_LENGTH_MAX, help_text="For lines that give none.")
    until = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="For lines that give none: the items end as this day begins (UTC). Empty: they stay.",
    )

    def clean_until(self) -> datetime | None:
        until = self.cleaned_data["until"]
        if until is None:
            return None
        moment = datetime.combine(until, time(), UTC)
        if moment <= timezone.now():
            raise ValidationError("Choose a day in the future, or leave it empty.")
        return moment


class FromPaymentForm(NoCardNumbers, forms.Form):
    """Something of a payment, on a list that fits: `groups` are the choices."""

    target = forms.ChoiceField(label="What, and on which list")
    reason = forms.CharField(max_length=REASON_LENGTH_MAX)
    days = forms.ChoiceField(label="How long", choices=list(DAYS.items()), required=False, initial="30")

    def __init__(self, groups: list[tuple[str, list[tuple[str, str]]]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["target"].choices = [("", "Choose…"), *groups]  # type: ignore[attr-defined]

    def expires_at(self, now: datetime) -> datetime | None:
        days = self.cleaned_data["days"]
        return now + timedelta(days=int(days)) if days else None
