"""Calls of clients, and warnings of processes: filtered, searched, never changed."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.domain.ids import moment_of
from dashboard.models import ApiCall, KeptWarning
from ledger.admin.audit import FromFilter, TextFilter, UntilFilter
from ledger.admin.base import ReadOnlyAdmin, RecordedFilter, choice_filter, first_id_since
from ledger.admin.words import badge, code, moment, zoned
from sentinel.ops.request_ids import call_id


class StatusFilter(admin.SimpleListFilter):
    title = parameter_name = "status"
    _STATUSES = {"2": "2xx", "3": "3xx", "4": "4xx: refused", "5": "5xx: failed"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self._STATUSES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in self._STATUSES:
            return queryset
        first = int(str(self.value())) * 100
        # Said twice for what was refused: there is an index of those.
        refused = Q(status__gte=400) if first >= 400 else Q()
        return queryset.filter(refused, status__gte=first, status__lt=first + 100)


# Which of these says of what time calls are wanted.
_TIMES = ("recorded", "from", "until", "q")


def lately(request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Of the last day unless another time was asked for: no index finds what is rare among all calls of a month."""
    if any(request.GET.get(name) for name in _TIMES):
        return queryset
    return queryset.filter(id__gte=first_id_since(hours=24))


class RouteFilter(TextFilter):
    title, parameter_name, lookup = "route, or how it begins (last day unless told)", "route_is", "route__startswith"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = super().queryset(request, queryset)
        return lately(request, found) if self.value() else found


class SlowerFilter(TextFilter):
    title, parameter_name, input_type = "slower than ms (last day unless told)", "slower", "number"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        text = (self.value() or "").strip()
        if not (text.isascii() and text.isdecimal() and len(text) < 9):
            return queryset
        return lately(request, queryset.filter(latency_ms__gt=int(text)))


class LoggerFilter(TextFilter):
    title, parameter_name, lookup = "logger, or how it begins", "logger_is", "logger__startswith"


@admin.register(ApiCall)
class ApiCallAdmin(ReadOnlyAdmin):
    list_display = ("at", "client", "method", "route", "status_", "code_", "took", "request_")
    list_select_related = ("client",)
    list_filter = (
        RecordedFilter,
        StatusFilter,
        ("client", admin.RelatedOnlyFieldListFilter),
        RouteFilter,
        SlowerFilter,
        FromFilter,
        UntilFilter,
    )
    search_fields = ("request_id__exact",)
    search_help_text = "A request's id, as X-Request-ID told it, or the code of a refusal."
    sortable_by = ()
    fields = ("at", "client", "method", "route", "status_", "code_", "took", "request_")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return ApiCall.objects.order_by("-id")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        if own := call_id(term):
            return queryset.filter(pk=own), False
        if not term or "\0" in term:
            return queryset, False
        return queryset.filter(Q(request_id=term) & ~Q(request_id="") | Q(code=term, status__gte=400)), False

    @admin.display(description=zoned("at"))
    def at(self, call: ApiCall) -> SafeString:
        return moment(moment_of(call.id))

    @admin.display(description="status")
    def status_(self, call: ApiCall) -> SafeString:
        return badge(str(call.status)) if call.status >= 400 else format_html("{}", call.status)

    @admin.display(description="code")
    def code_(self, call: ApiCall) -> SafeString:
        return code(call.code)

    @admin.display(description="took")
    def took(self, call: ApiCall) -> str:
        return f"{call.latency_ms:,.1f} ms"

    @admin.display(description="request")
    def request_(self, call: ApiCall) -> SafeString:
        return code(call.request_name)


@admin.register(KeptWarning)
class KeptWarningAdmin(ReadOnlyAdmin):
    list_display = ("at", "level_", "message", "logger", "occurrences", "process", "request_id")
    list_display_links = ("message",)
    list_filter = (
        RecordedFilter,
        choice_filter("level", "level", {name: name for name in ("warning", "error", "critical")}),
        LoggerFilter,
        FromFilter,
        UntilFilter,
    )
    search_fields = ("message", "request_id__exact")
    search_help_text = "A part of the message, or a request's id."
    sortable_by = ()
    fields = ("at", "level_", "logger", "message", "occurrences", "process", "request_id")
    readonly_fields = fields

    @admin.display(description=zoned("at"))
    def at(self, warning: KeptWarning) -> SafeString:
        return moment(moment_of(warning.id))

    @admin.display(description="level")
    def level_(self, warning: KeptWarning) -> SafeString:
        return badge(warning.level)
