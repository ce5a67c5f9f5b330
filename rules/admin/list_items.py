"""The items of lists, over tables of any length: found by the beginning of their value, ended by an action."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from ledger.admin.base import ReadOnlyAdmin, choice_filter
from ledger.admin.words import moment, zoned
from rules.domain.lists import Source
from rules.models import ListItem
from rules.services.lists import list_item_remove

SOON_DAYS = 7


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("valid", "Valid"),
            ("soon", f"Ends within {SOON_DAYS} days"),
            ("expired", "Expired"),
            ("ended", "Expired or removed"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        on_list = Q(removed_at__isnull=True)
        match self.value():
            case "valid":
                return queryset.filter(on_list, Q(expires_at__isnull=True) | Q(expires_at__gt=now))
            case "soon":
                soon = now + timedelta(days=SOON_DAYS)
                return queryset.filter(on_list, expires_at__gt=now, expires_at__lte=soon)
            case "expired":
                return queryset.filter(expires_at__lte=now)
            case "ended":
                return queryset.filter(~on_list | Q(expires_at__lte=now))
        return queryset


@admin.register(ListItem)
class ListItemAdmin(ReadOnlyAdmin):
    list_display = ("value", "list", "reason", "source", "owner_", "added", "ends")
    list_filter = (
        StateFilter,
        choice_filter("source", "source", {source.value: capfirst(source.words) for source in Source}),
        "list",
    )
    list_select_related = ("list",)
    search_fields = ("value__startswith",)
    search_help_text = "A value, or how it begins."
    fields = (
        *("value", "list", "reason", "source", "owner", "approved_by"),
        *("created_at", "expires_at", "removed_at", "removed_by"),
    )
    sortable_by = ()
    actions = ("remove",)

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rules.delete_listitem")

    def audit_subject(self, object_id: str) -> str:
        found = ListItem.objects.select_related("list").filter(pk=object_id).first()
        return f"list:{found.list.name}" if found else object_id

    @admin.action(description="Remove selected items from their list", permissions=["remove"])
    def remove(self, request: HttpRequest, queryset: QuerySet[ListItem]) -> None:
        for item in queryset.select_related("list"):
            list_item_remove(actor=request.user.get_username(), item=item, now=timezone.now())

    @admin.display(description="added by")
    def owner_(self, item: ListItem) -> str:
        return f"{item.owner}, approved by {item.approved_by}" if item.approved_by else item.owner

    @admin.display(description=zoned("added"))
    def added(self, item: ListItem) -> SafeString:
        return moment(item.created_at)

    @admin.display(description=zoned("ends"))
    def ends(self, item: ListItem) -> SafeString | str:
        if item.removed_at and item.removed_at != item.expires_at:
            return format_html(
                '<span class="badge">removed</span> {} by {}', moment(item.removed_at), item.removed_by
            )
        if item.expires_at is None:
            return "when it is removed"
        if item.expires_at <= timezone.now():
            return format_html('<span class="badge">expired</span> {}', moment(item.expires_at))
        return moment(item.expires_at)
