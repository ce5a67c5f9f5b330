"""Lists: what they are kept for, new items, files in and out. The items have a page of their own."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin.base import ServiceAdmin
from rules.admin.account_panel import add_account_to_list_view
from rules.admin.list_export import items_response
from rules.admin.list_forms import ListForm, ListItemForm, UploadForm
from rules.admin.list_imports import begin_work
from rules.admin.payment_panel import add_to_list_view
from rules.domain.lists import EXAMPLES, ItemType
from rules.errors import AlreadyListed, AlreadyProposed
from rules.models import List, ListItem, ListProposal
from rules.services.list_imports import list_import_upload
from rules.services.lists import NewItem, list_item_submit, list_save
from sentinel.core.errors import SentinelError

_WAITING = Count("proposals", filter=Q(proposals__state=ListProposal.State.PROPOSED))


class NewItemInline(admin.TabularInline):  # type: ignore[type-arg]
    """Adds items. Those there are have a page of their own, since a list may be long."""

    model = ListItem
    form = ListItemForm
    extra = 1
    max_num = 20
    verbose_name_plural = "add items"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ListItem]:
        return super().get_queryset(request).none()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(List)
class ListAdmin(ServiceAdmin):
    form = ListForm
    list_display = ("name", "item_type", "purpose_", "items_link", "waiting", "description")
    search_fields = ("name", "description")
    inlines = (NewItemInline,)
    change_form_template = "admin/rules/list/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[List]:
        found: QuerySet[List] = super().get_queryset(request)
        return found.annotate(waiting_count=_WAITING)

    def get_fields(self, request: HttpRequest, obj: List | None = None) -> tuple[str, ...]:
        """What stays as it was made is in the page's head."""
        return ("description",) if obj else ("name", "item_type", "purpose", "description")

    def get_inlines(self, request: HttpRequest, obj: List | None) -> Any:
        return self.inlines if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: List | None = None) -> bool:
        return False

    def audit_subject(self, object_id: str) -> str:
        found = List.objects.filter(pk=object_id).first()
        return f"list:{found.name}" if found else object_id

    def get_urls(self) -> list[Any]:
        pages = [
            path("<int:list_id>/import/", self.admin_site.admin_view(self.import_view), name="rules_list_import"),
            path("<int:list_id>/export.csv", self.admin_site.admin_view(self.export_view), name="rules_list_export"),
            path(
                "from-payment/<uuid:payment_id>/",
                self.admin_site.admin_view(add_to_list_view),
                name="rules_list_from_payment",
            ),
            path(
                "from-account/",
                self.admin_site.admin_view(add_account_to_list_view),
                name="rules_list_from_account",
            ),
        ]
        return [*pages, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: List, form: Any, change: bool) -> None:
        list_save(actor=request.user.get_username(), item_list=obj, now=timezone.now())

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for item in formset.save(commit=False):
            try:
                made = list_item_submit(
                    actor=request.user.get_username(),
                    item_list=form.instance,
                    wanted=NewItem(item.value, item.reason, item.expires_at),
                    now=timezone.now(),
                )
            except (AlreadyListed, AlreadyProposed) as error:
                self.message_user(request, error.detail, messages.WARNING)
            else:
                if isinstance(made, ListProposal):
                    self.message_user(request, f"{made.value} waits for a second person to approve it.")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        count = f"{found.item_count:,}" if found else ""
        return super().change_view(request, object_id, form_url, {"item_count": count})

    def import_view(self, request: HttpRequest, list_id: int) -> HttpResponse:
        """Takes a file to be checked; the import's own page shows what came of it."""
        item_list = self._list(list_id)
        if not request.user.has_perm("rules.add_listitem"):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if form.is_valid() and (made := self._upload(request, item_list, form)) is not None:
            return redirect("admin:rules_listimport_change", made)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Import into {item_list.name}",
            "item_list": item_list,
            "form": form,
            "examples": EXAMPLES[ItemType(item_list.item_type)],
        }
        return TemplateResponse(request, "admin/rules/list/import.html", context)

    def _upload(self, request: HttpRequest, item_list: List, form: UploadForm) -> int | None:
        file = form.cleaned_data["file"]
        try:
            made = list_import_upload(
                actor=request.user.get_username(),
                item_list=item_list,
                file_name=file.name,
                content=file.chunks(),
                reason=form.cleaned_data["reason"],
                expires_at=form.cleaned_data["until"],
                now=timezone.now(),
            )
        except SentinelError as error:
            form.add_error("file", error.detail)
            return None
        begin_work(request, made.pk)
        return made.pk

    def export_view(self, request: HttpRequest, list_id: int) -> HttpResponseBase:
        if not request.user.has_perm("rules.view_listitem"):
            raise PermissionDenied
        return items_response(self._list(list_id), now=timezone.now())

    def _list(self, list_id: int) -> List:
        found = List.objects.filter(pk=list_id).first()
        if found is None:
            raise Http404
        return found

    def response_change(self, request: HttpRequest, obj: List) -> HttpResponse:
        """Back to the list, where what was added can be seen and more can be added."""
        super().response_change(request, obj)
        return HttpResponseRedirect(reverse("admin:rules_list_change", args=[obj.pk]))

    @admin.display(description="kept to", ordering="purpose")
    def purpose_(self, item_list: List) -> str:
        return item_list.get_purpose_display().partition(" (")[0]

    @admin.display(description="items", ordering="item_count")
    def items_link(self, item_list: List) -> SafeString:
        url = reverse("admin:rules_listitem_changelist")
        count = f"{item_list.item_count:,}"
        return format_html('<a href="{}?list__id__exact={}&amp;state=valid">{}</a>', url, item_list.pk, count)

    @admin.display(description="waiting", ordering="waiting_count")
    def waiting(self, item_list: Any) -> SafeString | str:
        if not item_list.waiting_count:
            return "-"
        url = reverse("admin:rules_listproposal_changelist")
        return format_html(
            '<a href="{}?list__id__exact={}&amp;state=proposed">{}</a>', url, item_list.pk, item_list.waiting_count
        )
