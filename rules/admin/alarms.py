"""Alarms: what a person has to know of soon, until somebody says they have seen it."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from ledger.admin.base import ReadOnlyAdmin
from rules.models import Alarm
from rules.services.alarms import alarm_see


@admin.register(Alarm)
class AlarmAdmin(ReadOnlyAdmin):
    list_display = ("words", "raised_at", "subject", "seen_by", "seen_at")
    list_filter = (("seen_at", admin.EmptyFieldListFilter),)
    actions = ("see",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alarm]:
        """The unseen first."""
        return Alarm.objects.order_by(F("seen_at").desc(nulls_first=True), "-id")

    def has_see_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rules.change_alarm")

    @admin.action(description="I have seen these", permissions=["see"])
    def see(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for alarm in queryset:
            alarm_see(actor=request.user.get_username(), alarm=alarm, now=timezone.now())
