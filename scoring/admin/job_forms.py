"""The forms of a scored file: which file, and what its columns say."""

from collections.abc import Sequence

from django import forms
from django.conf import settings

from scoring.domain.jobs.fields import CONSTANTS, FIELDS
from scoring.domain.jobs.readings import Reading, reading_guess
from scoring.domain.jobs.shapes import NATIVE, SHAPE_WORDS

_NOTHING = ("", "-")


class UploadForm(forms.Form):
    file = forms.FileField(label="CSV file", help_text="UTF-8, separated by commas or semicolons, also as .csv.gz.")


class ReadingForm(forms.Form):
    """What each column says, and what all rows say that have no column for it."""

    def __init__(self, data: object, *, header: Sequence[str], reading: Reading) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.header = list(header)
        self._add_shape(reading)
        said_by = {column: name for name, column in reading.columns.items()}
        guessed = said_by or {column: name for name, column in reading_guess(header, {}).columns.items()}
        for place, column in enumerate(self.header):
            self.fields[f"column_{place}"] = forms.ChoiceField(
                label=column or f"column {place + 1}",
                choices=[_NOTHING, *FIELDS.items()],
                required=False,
                initial=guessed.get(column, ""),
            )
        for name, choices in CONSTANTS.items():
            self.fields[name] = forms.ChoiceField(
                label=FIELDS[name].partition(" (")[0],
                choices=[_NOTHING, *((each, each) for each in sorted(choices))],
                required=False,
                initial=reading.constants.get(name, ""),
            )

    def _add_shape(self, reading: Reading) -> None:
        """Offered where the file has the columns of a known shape."""
        shape = reading.shape if reading.shape != NATIVE else reading_guess(self.header, {}).shape
        if shape != NATIVE:
            choices = [(shape, f"as {SHAPE_WORDS[shape]}"), (NATIVE, "by its columns, as said below")]
            self.fields["shape"] = forms.ChoiceField(label="Read the file", choices=choices, initial=reading.shape)

    @property
    def columns(self) -> list[forms.BoundField]:
        return [self[f"column_{place}"] for place in range(len(self.header))]

    @property
    def constants(self) -> list[forms.BoundField]:
        return [self[name] for name in CONSTANTS]

    def reading(self) -> Reading:
        """Of a valid form."""
        told = self.cleaned_data
        constants = {name: told[name] for name in CONSTANTS if told[name]}
        if told.get("shape", NATIVE) != NATIVE:
            return Reading(told["shape"], {}, constants)
        pairs = [(told[f"column_{place}"], column) for place, column in enumerate(self.header)]
        return Reading(NATIVE, {name: column for name, column in pairs if name}, constants)

    def clean(self) -> dict[str, object]:
        told = super().clean() or {}
        chosen = [told.get(f"column_{place}") for place in range(len(self.header))]
        for name in {name for name in chosen if name and chosen.count(name) > 1}:
            raise forms.ValidationError(f"Two columns say {FIELDS[str(name)]}.")
        return told


def constants_usual() -> dict[str, str]:
    return {"currency": settings.REPORTING_CURRENCY, "transaction_type": "purchase"}
