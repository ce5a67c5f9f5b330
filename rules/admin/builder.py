"""The no-code builder of conditions: what it knows of the language, and the check it asks for during edits."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST

from rules.admin.json_text import read_json
from rules.domain.drafts import draft_read
from rules.domain.expressions import COMPARISONS, NEEDS_NOTHING, OPERATORS, Operator
from rules.domain.lists import ItemType, item_types_for
from rules.domain.sentence import is_plural, operator_words
from rules.selectors import list_types, usual_currency
from sentinel.core.catalogue import BY_NAME, FIELDS, Field
from sentinel.core.countries import COUNTRIES
from sentinel.core.errors import FieldError
from sentinel.core.merchant_categories import MERCHANT_CATEGORIES
from sentinel.core.money import EXPONENTS
from sentinel.core.outcomes import Action

CHECK_BYTES_MAX = 500_000  # of the text that the form accepts, every letter may take several bytes
DEFAULT_CURRENCY = BY_NAME["amount"].example.rpartition(" ")[2]


class ConditionsWidget(forms.Textarea):
    """A text area that a script replaces by rows. Without the script it is what it is: JSON to type."""

    class Media:
        css = {"all": ("sentinel/builder/builder.css",)}
        js = (forms.Script("sentinel/builder/builder.js", type="module"),)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        text_area = super().render(name, value, attrs, renderer)
        id_ = (attrs or {}).get("id", name)
        context = {"text_area": text_area, "id": id_, "facts_id": f"{id_}_facts", "builder": builder_facts()}
        return mark_safe(render_to_string("admin/rules/builder.html", context))  # noqa: S308


class BuilderAdmin(admin.ModelAdmin[Any]):
    """Mixed into the admin of rules: answers the builder's checks, and says what is pointless once it is saved."""

    def get_urls(self) -> list[Any]:
        check = require_POST(self.admin_site.admin_view(self.check_view))
        return [path("check/", check, name="rules_rule_check"), *super().get_urls()]

    def check_view(self, request: HttpRequest) -> HttpResponse:
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        return check_answer(request)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        expression = form.cleaned_data.get("expression")
        for warning in draft_read(Action.REVIEW, expression, list_types()).warnings if expression else ():
            self.message_user(request, warning.message, messages.WARNING)


def check_answer(request: HttpRequest) -> JsonResponse:
    """The sentence of {"action", "text"}, with every error and warning at its row. Nothing is saved."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > CHECK_BYTES_MAX:
        return _refused("These conditions are too long to check.", 413)
    match _body(request):
        case {"action": str(action), "text": str(text)} if action in list(Action):
            pass
        case _:
            return _refused('Send {"action": ..., "text": ...}.', 400)
    try:
        reading = draft_read(Action(action), read_json(text), list_types())
    except forms.ValidationError as error:
        return JsonResponse({"sentence": "", "errors": [{"path": "", "words": error.messages[0]}], "warnings": []})
    return JsonResponse(
        {
            "sentence": reading.sentence,
            "errors": [_at_row(error) for error in reading.errors],
            "warnings": [_at_row(warning) for warning in reading.warnings],
        }
    )


def _body(request: HttpRequest) -> object:
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        return None


def _refused(words: str, status: int) -> JsonResponse:
    return JsonResponse({"detail": words}, status=status)


def _at_row(error: FieldError) -> dict[str, str]:
    """The words stand at the row, so the row is not named in them again."""
    place, _, words = error.message.partition(": ")
    return {"path": error.field, "words": words[:1].upper() + words[1:] if words else place}


def builder_facts() -> dict[str, Any]:
    """All the builder knows, as JSON: fields, operators with their words, lists, and what values may be."""
    lists = list_types()
    return {
        "check_url": reverse("admin:rules_rule_check"),
        "currency": usual_currency() or DEFAULT_CURRENCY,
        "fields": [_field_facts(field, lists) for field in FIELDS],
        "operators": {operator.value: _operator_facts(operator) for operator in Operator},
        "countries": COUNTRIES,
        "currencies": sorted(EXPONENTS),
        "categories": MERCHANT_CATEGORIES,
    }


def _field_facts(field: Field, lists: dict[str, ItemType]) -> dict[str, Any]:
    fitting = item_types_for(field)
    return {
        "name": field.name,
        "type": field.type.value,
        "group": field.group,
        "words": field.words,
        "unit": field.unit,
        "example": field.example,
        "missing": field.missing,
        "choices": field.choices,
        "plural": is_plural(field),
        "after_model": field.after_model,
        "operators": OPERATORS[field.type],
        "lists": sorted(name for name, item_type in lists.items() if item_type in fitting),
    }


def _operator_facts(operator: Operator) -> dict[str, Any]:
    """`words` for one thing and for several ("is over", "are over"); `takes` how many values; `kinds` of operand."""
    words = [operator_words(operator, plural=plural) for plural in (False, True)]
    return {"words": words, "takes": _takes(operator), "kinds": _kinds(operator)}


def _takes(operator: Operator) -> str:
    if operator in NEEDS_NOTHING:
        return "nothing"
    if operator is Operator.BETWEEN:
        return "range"
    return "many" if operator in (Operator.IN, Operator.NOT_IN) else "one"


def _kinds(operator: Operator) -> list[str]:
    if operator in NEEDS_NOTHING:
        return []
    if operator in (Operator.IN, Operator.NOT_IN):
        return ["value", "list"]
    return ["value", "other_field"] if operator in COMPARISONS else ["value"]
