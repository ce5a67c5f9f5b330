"""Schedules of background work: seen, paused and started again. What is run, and with what, a release decides."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask

admin.site.unregister(PeriodicTask)


@admin.register(PeriodicTask)
class ScheduleAdmin(PeriodicTaskAdmin):  # type: ignore[misc]
    """The library's page lets everybody who may look pause and run, and whoever may change run any task."""

    form = forms.ModelForm
    change_form_template = "admin/change_form.html"  # the library's has a script that our policy blocks
    actions = ("enable_tasks", "disable_tasks")
    fieldsets = None
    fields: ClassVar = ("name", "task", "interval", "crontab", "enabled", "last_run_at", "total_run_count")
    readonly_fields: ClassVar = tuple(name for name in fields if name != "enabled")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request)
        return found if self.has_change_permission(request) else {}
