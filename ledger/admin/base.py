"""What the ledger's admins share: read-only pages, lists over tables that are never counted, refusals as messages."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst

from sentinel.core.errors import SentinelError
from sentinel.core.ids import first_uuid7_at

PAGE_SIZE = 50
ROWS_MAX = 1_000  # how far a list can be leafed through; older rows are found by filter or search


class BoundedPaginator(Paginator[Any]):
    """Counts to ROWS_MAX and no further, so that a page costs the same however many rows there are."""

    @cached_property
    def count(self) -> int:
        objects: Any = self.object_list
        return int(objects[:ROWS_MAX].count())

    @property
    def is_cut(self) -> bool:
        return self.count >= ROWS_MAX


class PlainTitle(ChangeList):
    """A list named by what is in it, not "Select … to view"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = capfirst(str(self.opts.verbose_name_plural))


class ServiceAdmin(admin.ModelAdmin[Any]):
    """Changes are service calls, which refuse in words and write the audit; Django's own log would only repeat it."""

    list_per_page = PAGE_SIZE
    list_max_show_all = PAGE_SIZE
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions: Sequence[Any] | None = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PlainTitle

    def get_actions(self, request: HttpRequest) -> Any:
        """Those of the class; "delete selected" would go round the services."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Nothing was written when a service refuses: its database transaction is rolled back with the form's."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except SentinelError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """One button: what is saved here is not made by the dozen."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What was done to the object: the audit, searched for it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        name = unquote(object_id)
        if self.get_object(request, name) is None:
            raise Http404
        query = urlencode({"q": self.audit_subject(name)})
        return redirect(f"{reverse('admin:ledger_auditentry_changelist')}?{query}")

    def audit_subject(self, object_id: str) -> str:
        return object_id

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        return None


class ReadOnlyAdmin(ServiceAdmin):
    """Shown to whoever may view it; nobody adds, changes or deletes through the Admin."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RecordedFilter(admin.SimpleListFilter):
    """When a row was recorded, read off its UUIDv7: only the partitions of that time are looked at."""

    title = "recorded"
    parameter_name = "recorded"
    id_field = "id"
    spans = {"hour": ("Last hour", 1), "day": ("Last 24 hours", 24), "week": ("Last 7 days", 168)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, words) for name, (words, _) in self.spans.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in self.spans:
            return queryset
        return queryset.filter(**{f"{self.id_field}__gte": first_id_since(hours=self.spans[str(self.value())][1])})


def first_id_since(*, hours: int) -> Any:
    """The lowest id that a row recorded within the last hours can have."""
    return first_uuid7_at(int((timezone.now() - timedelta(hours=hours)).timestamp() * 1000))


def choice_filter(title_: str, field: str, choices: dict[str, str]) -> type[admin.SimpleListFilter]:
    """A filter over words known beforehand: asking the table for its distinct values would read all of it."""

    class ChoiceFilter(admin.SimpleListFilter):
        title = title_
        parameter_name = field.rpartition("__")[2]

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return list(choices.items())

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() in choices else queryset

    return ChoiceFilter


def mode_filter(field: str = "livemode") -> type[admin.SimpleListFilter]:
    """Live or test money."""

    class ModeFilter(admin.SimpleListFilter):
        title = "mode"
        parameter_name = "mode"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [("live", "Live"), ("test", "Test")]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value() == "live"}) if self.value() else queryset

    return ModeFilter
