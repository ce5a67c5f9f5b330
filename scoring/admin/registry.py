"""The registry of models, to look at. Models are made and promoted by command."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from scoring.models import ModelVersion


@admin.register(ModelVersion)
class ModelVersionAdmin(admin.ModelAdmin[ModelVersion]):
    list_display = ("version", "state", "kind", "recall_at_half_percent", "average_precision", "created_at")
    list_filter = ("state", "kind")
    fields = (
        ("version", "state"),
        ("kind", "catalogue_version"),
        "measured",
        "created_at",
        ("promoted_at", "promoted_by"),
        "sha256",
    )
    readonly_fields = ("measured",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="recall at 0.5 % reviewed")
    def recall_at_half_percent(self, model: ModelVersion) -> str:
        return _figure(model.metrics.get("recall_at_half_percent"))

    @admin.display(description="average precision")
    def average_precision(self, model: ModelVersion) -> str:
        return _figure(model.metrics.get("average_precision"))

    @admin.display(description="measured on later payments")
    def measured(self, model: ModelVersion) -> SafeString:
        lines = ((name.replace("_", " "), _figure(value)) for name, value in model.metrics.items())
        return format_html_join("", "<div>{}: <strong>{}</strong></div>", lines)


def _figure(value: float | int | None) -> str:
    """Three decimals for a share, a count as it is, a dash where nothing was measured."""
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"
