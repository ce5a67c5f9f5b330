"""Figures, requests by the minute and alarms of the system: looked at and filtered. Limits are changed."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from dashboard.domain.system_figures import FIGURES
from dashboard.models import FigureLimit, Reading, RequestMinute, SystemAlarm
from dashboard.selectors.monitoring import limits_now
from dashboard.services.figure_limits import MINUTES_MAX, figure_limit_forget, figure_limit_set
from ledger.admin.audit import TextFilter
from ledger.admin.base import ReadOnlyAdmin, RecordedFilter, ServiceAdmin, choice_filter
from ledger.admin.words import NOTHING, badge, duration, moment, zoned


class RouteFilter(TextFilter):
    title, parameter_name, lookup = "route, or how it begins", "route_is", "route__startswith"


class MinuteFilter(admin.SimpleListFilter):
    """Rows of minutes, which have no ids that tell their moment."""

    title = parameter_name = "minute"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, words) for name, (words, _) in RecordedFilter.spans.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in RecordedFilter.spans:
            return queryset
        hours = RecordedFilter.spans[str(self.value())][1]
        return queryset.filter(minute__gte=timezone.now() - timedelta(hours=hours))


@admin.register(RequestMinute)
class RequestMinuteAdmin(ReadOnlyAdmin):
    list_display = ("at", "method", "route", "status", "requests", "process")
    list_filter = (MinuteFilter, choice_filter("status", "status_class", {"2": "2xx", "3": "3xx", "4": "4xx",
                   "5": "5xx"}), RouteFilter)  # fmt: skip
    search_fields = ("process__exact", "route__exact")
    search_help_text = "A whole process or route."
    sortable_by = ()
    fields = ("at", "method", "route", "status", "requests", "process")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return RequestMinute.objects.order_by("-pk")

    @admin.display(description=zoned("minute"))
    def at(self, row: RequestMinute) -> SafeString:
        return moment(row.minute)

    @admin.display(description="status")
    def status(self, row: RequestMinute) -> str:
        return f"{row.status_class}xx"


@admin.register(Reading)
class ReadingAdmin(ReadOnlyAdmin):
    list_display = ("at", "words", "subject", "told")
    list_filter = (
        MinuteFilter,
        choice_filter("figure", "figure", {name: figure.words for name, figure in FIGURES.items()}),
    )
    search_fields = ("subject__exact",)
    search_help_text = "A whole name of a machine, queue or service."
    sortable_by = ()
    fields = ("at", "words", "subject", "told")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return Reading.objects.order_by("-pk")

    @admin.display(description=zoned("minute"))
    def at(self, row: Reading) -> SafeString:
        return moment(row.minute)

    @admin.display(description="figure")
    def words(self, row: Reading) -> str:
        return FIGURES[row.figure].words if row.figure in FIGURES else row.figure

    @admin.display(description="value")
    def told(self, row: Reading) -> str:
        return _told(row.figure, row.value)


@admin.register(SystemAlarm)
class SystemAlarmAdmin(ReadOnlyAdmin):
    list_display = ("words", "state", "opened", "lasted", "worst_", "limit_")
    list_filter = (
        ("closed_at", admin.EmptyFieldListFilter),
        choice_filter("figure", "figure", {name: figure.words for name, figure in FIGURES.items()}),
        RecordedFilter,
    )
    search_fields = ("subject__exact",)
    search_help_text = "A whole name of a machine, queue or service."
    sortable_by = ()
    fields = ("words", "subject", "state", "opened", "closed", "lasted", "worst_", "last_", "limit_")
    readonly_fields = fields

    @admin.display(description="state")
    def state(self, alarm: SystemAlarm) -> SafeString:
        return badge("closed" if alarm.closed_at else "failing")

    @admin.display(description=zoned("opened"))
    def opened(self, alarm: SystemAlarm) -> SafeString:
        return moment(alarm.opened_at)

    @admin.display(description=zoned("closed"))
    def closed(self, alarm: SystemAlarm) -> SafeString:
        return moment(alarm.closed_at) if alarm.closed_at else SafeString(NOTHING)

    @admin.display(description="lasted")
    def lasted(self, alarm: SystemAlarm) -> str:
        return duration(((alarm.closed_at or timezone.now()) - alarm.opened_at).total_seconds())

    @admin.display(description="worst")
    def worst_(self, alarm: SystemAlarm) -> str:
        return _told(alarm.figure, alarm.worst)

    @admin.display(description="last")
    def last_(self, alarm: SystemAlarm) -> str:
        return _told(alarm.figure, alarm.last)

    @admin.display(description="limit then")
    def limit_(self, alarm: SystemAlarm) -> str:
        return _told(alarm.figure, alarm.limit)


class FigureLimitForm(forms.ModelForm):  # type: ignore[type-arg]
    figure = forms.ChoiceField(choices=[(name, figure.words) for name, figure in FIGURES.items()])
    limit = forms.FloatField(
        required=False, min_value=0, help_text="In the figure's unit. Nothing: the figure alarms nobody."
    )
    minutes = forms.IntegerField(
        min_value=1, max_value=MINUTES_MAX, help_text="For so long it is past the limit before an alarm opens."
    )

    class Meta:
        model = FigureLimit
        fields = ("figure", "limit", "minutes")


@admin.register(FigureLimit)
class FigureLimitAdmin(ServiceAdmin):
    """Limits that somebody has set. Deleting one lets that of the settings hold again."""

    form = FigureLimitForm
    list_display = ("words", "limit_", "minutes", "changed_by", "changed")
    sortable_by = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("figure",) if obj is not None else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What holds now, of the figure that the status page names."""
        name = request.GET.get("figure", "")
        if name not in FIGURES:
            return {}
        limit = limits_now()[name]
        return {"figure": name, "limit": limit.value, "minutes": limit.minutes}

    def save_model(self, request: HttpRequest, obj: FigureLimit, form: Any, change: bool) -> None:
        actor, now = request.user.get_username(), timezone.now()
        figure_limit_set(actor=actor, figure=obj.figure, limit=obj.limit, minutes=obj.minutes, now=now)

    def delete_model(self, request: HttpRequest, obj: FigureLimit) -> None:
        figure_limit_forget(actor=request.user.get_username(), limit=obj, now=timezone.now())

    def audit_subject(self, object_id: str) -> str:
        return f"limit {object_id}"

    @admin.display(description="figure")
    def words(self, row: FigureLimit) -> str:
        return FIGURES[row.figure].words if row.figure in FIGURES else row.figure

    @admin.display(description="limit")
    def limit_(self, row: FigureLimit) -> str:
        return "no alarm" if row.limit is None else _told(row.figure, row.limit)

    @admin.display(description=zoned("changed"))
    def changed(self, row: FigureLimit) -> SafeString:
        return moment(row.changed_at)


def _told(figure: str, value: float) -> str:
    return FIGURES[figure].told(value) if figure in FIGURES else f"{value:g}"
