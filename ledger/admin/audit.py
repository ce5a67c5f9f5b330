"""The audit: who did what to what, when; filtered, and as a file."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin, RecordedFilter
from ledger.admin.csv_response import ROWS_PER_PAGE, Rows, csv_response
from ledger.admin.words import code, indented, moment, short, transaction_link, zoned
from ledger.domain.masks import mask_name
from ledger.models import AuditEntry
from ledger.services.audit import audit_record
from sentinel.core.csv_files import safe_row
from sentinel.core.ids import first_uuid7_at, parse_public_id

_COLUMNS = ("id", "recorded_at", "actor", "action", "subject", "details")


class TextFilter(admin.SimpleListFilter):
    """A filter that somebody types into."""

    template = "admin/text_filter.html"
    lookup = ""
    input_type = "text"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]

    def choices(self, changelist: Any) -> Any:
        """One, for the template: what else the address says, which has to be kept."""
        others = [
            (name, value) for name, value in changelist.get_filters_params().items() if name != self.parameter_name
        ]
        yield {"others": others, "value": self.value() or "", "name": self.parameter_name, "type": self.input_type}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        text = (self.value() or "").strip()
        return queryset.filter(**{self.lookup: text}) if text else queryset


class PersonFilter(TextFilter):
    title = parameter_name = "person"
    lookup = "actor"


class ActionFilter(TextFilter):
    title, parameter_name, lookup = "action, or how it begins", "action_is", "action__startswith"


class SubjectFilter(TextFilter):
    title = parameter_name = "subject"
    lookup = "subject"


class DayFilter(TextFilter):
    """A day in UTC; the ids tell when a row was recorded."""

    input_type = "date"
    days_on = 0

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        text = (self.value() or "").strip()
        if not text:
            return queryset
        try:
            day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=self.days_on)
            bound = first_uuid7_at(int(day.timestamp() * 1000))
        except (ValueError, OverflowError):
            messages.error(request, f"{self.title}: write a day such as 2026-01-31.")
            return queryset.none()
        return queryset.filter(**{self.lookup: bound})


class FromFilter(DayFilter):
    title, parameter_name, lookup = "from (UTC)", "from", "id__gte"


class UntilFilter(DayFilter):
    """Including that day."""

    title, parameter_name, lookup, days_on = "until (UTC)", "until", "id__lt", 1


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("recorded", "actor", "action", "subject_", "said")
    list_filter = (RecordedFilter, PersonFilter, ActionFilter, SubjectFilter, FromFilter, UntilFilter)
    search_fields = ("subject__exact", "actor__exact", "action__startswith")
    search_help_text = "A subject such as txn_… or an account, a person, or how an action begins."
    sortable_by = ()
    fields = ("recorded", "actor", "action", "subject_", "content")
    readonly_fields = fields
    change_list_template = "admin/ledger/auditentry/list.html"

    def get_urls(self) -> list[Any]:
        export = self.admin_site.admin_view(self.export_view)
        return [path("export/", export, name="ledger_auditentry_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = {**(extra_context or {}), "may_export": _may_export(request), "query": request.GET.urlencode()}
        return super().changelist_view(request, context)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """What the list would show with the same address, all of it. That somebody took it is told in the audit."""
        if not (self.has_view_permission(request) and _may_export(request)):
            raise PermissionDenied
        chosen = self.get_changelist_instance(request).get_queryset(request).order_by("-id")
        details = {"filters": request.GET.urlencode()[:500]}
        actor, now = request.user.get_username(), timezone.now()
        own = audit_record(actor=actor, action="audit.exported", subject="audit", details=details, now=now)
        return csv_response("audit.csv", _COLUMNS, _reader(chosen.exclude(pk=own.pk)))

    @admin.display(description=zoned("recorded"))
    def recorded(self, entry: AuditEntry) -> SafeString:
        return moment(entry.recorded_at)

    @admin.display(description="subject")
    def subject_(self, entry: AuditEntry) -> SafeString:
        transaction_id = parse_public_id("txn", entry.subject)
        return transaction_link(transaction_id) if transaction_id else code(entry.subject)

    @admin.display(description="details")
    def said(self, entry: AuditEntry) -> str:
        """The details on one line."""
        return short(details_shown(entry))

    @admin.display(description="details")
    def content(self, entry: AuditEntry) -> SafeString:
        return indented(details_shown(entry))


def details_shown(entry: AuditEntry) -> dict[str, Any]:
    """Without the names of customers, which a change of an account tells."""
    details: dict[str, Any] = entry.details
    if not entry.action.startswith("account.") or "name" not in details:
        return details
    told = details["name"]
    return {**details, "name": [mask_name(str(each)) for each in told] if isinstance(told, list) else mask_name(told)}


def _may_export(request: HttpRequest) -> bool:
    return request.user.has_perm("ledger.export_auditentry")


def _reader(chosen: QuerySet[Any]) -> Any:
    def read(last: tuple[str, ...] | None) -> Rows:
        after = chosen.filter(pk__lt=last[0]) if last else chosen
        return [_row(entry) for entry in after[:ROWS_PER_PAGE]]

    return read


def _row(entry: AuditEntry) -> tuple[str, ...]:
    details = orjson.dumps(details_shown(entry)).decode()
    return safe_row(str(entry.pk), entry.recorded_at.isoformat(), entry.actor, entry.action, entry.subject, details)
