"""Imports: what the check of a file found, and the buttons for what can be done with it."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString
from kombu.exceptions import OperationalError

from ledger.admin.base import ReadOnlyAdmin, choice_filter
from ledger.admin.words import moment, zoned
from rules.admin.list_export import faults_response
from rules.list_tasks import list_import_continue
from rules.models import ListImport, ListItem
from rules.services.list_import_undo import list_import_undo, list_import_undo_approve, list_import_undo_refuse
from rules.services.list_imports import UNDER_WAY, list_import_apply, list_import_refuse, list_import_stop
from sentinel.core.errors import SentinelError

State = ListImport.State

_SAMPLE = 10
_SAMPLE_WITHIN = 5_000  # the first lines: the page is looked at again and again, and the file may be long
# What the numbers of a check are called, in the order they are shown.
_COUNTS = (
    ("new", "New", "not on the list"),
    ("known", "There already", "stay as they are"),
    ("renewed", "Renewed", "among the new: were on the list and expired"),
    ("repeated", "Repeated", "stand in the file more than once"),
    ("invalid", "Left out", "cannot be added"),
)


def begin_work(request: HttpRequest, import_id: int) -> None:
    """Tells a worker. When the message gets lost, the clock of the workers finds the import within a minute."""
    try:
        list_import_continue.delay(import_id)
    except OperationalError:
        messages.warning(request, "The workers cannot be reached just now. This goes on as soon as they can.")


@admin.register(ListImport)
class ListImportAdmin(ReadOnlyAdmin):
    list_display = ("file_name", "list", "state_", "new_", "uploaded_by", "uploaded", "approved_by")
    list_filter = (choice_filter("state", "state", dict(State.choices)), "list")
    list_select_related = ("list",)
    sortable_by = ()
    fields = ()
    change_form_template = "admin/rules/listimport/page.html"

    def get_urls(self) -> list[Any]:
        act = self.admin_site.admin_view(self.act_view)
        faults = self.admin_site.admin_view(self.faults_view)
        return [
            path("<int:import_id>/act/<str:step>/", act, name="rules_listimport_act"),
            path("<int:import_id>/faults.csv", faults, name="rules_listimport_faults"),
            *super().get_urls(),
        ]

    def audit_subject(self, object_id: str) -> str:
        found = ListImport.objects.select_related("list").filter(pk=object_id).first()
        return f"list:{found.list.name}" if found else object_id

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        facts = _page(found, request) if found and self.has_view_permission(request) else {}
        return super().change_view(request, object_id, form_url, {"title": "Import", **facts})

    def act_view(self, request: HttpRequest, import_id: int, step: str) -> HttpResponse:
        """One button of the page."""
        found = self._import(import_id)
        if request.method != "POST" or step not in _ACTS:
            raise Http404
        if not may(request, step, found):
            raise PermissionDenied
        try:
            _ACTS[step](request, found)
        except SentinelError as error:
            messages.error(request, error.detail)
        return redirect("admin:rules_listimport_change", import_id)

    def faults_view(self, request: HttpRequest, import_id: int) -> HttpResponseBase:
        found = self._import(import_id)
        if not self.has_view_permission(request):
            raise PermissionDenied
        return faults_response(found)

    def _import(self, import_id: int) -> ListImport:
        found = ListImport.objects.select_related("list").filter(pk=import_id).first()
        if found is None:
            raise Http404
        return found

    @admin.display(description="state", ordering="state")
    def state_(self, found: ListImport) -> str:
        return found.get_state_display()

    @admin.display(description="new items")
    def new_(self, found: ListImport) -> str:
        return f"{found.counts['new']:,}" if "new" in found.counts else "-"

    @admin.display(description=zoned("uploaded"))
    def uploaded(self, found: ListImport) -> SafeString:
        return moment(found.uploaded_at)


def _apply(request: HttpRequest, found: ListImport) -> None:
    state = list_import_apply(actor=request.user.get_username(), list_import=found, now=timezone.now())
    if state == State.AWAITING_APPROVAL:
        words = "Nothing was added: so much was imported within a day that a second person has to approve this."
        messages.warning(request, words)
    else:
        begin_work(request, found.pk)


def _stop(request: HttpRequest, found: ListImport) -> None:
    list_import_stop(actor=request.user.get_username(), list_import=found, now=timezone.now())


def _refuse(request: HttpRequest, found: ListImport) -> None:
    note = request.POST.get("note", "")[:500]
    list_import_refuse(actor=request.user.get_username(), list_import=found, note=note, now=timezone.now())


def _undo(request: HttpRequest, found: ListImport) -> None:
    note, actor = request.POST.get("note", "")[:500], request.user.get_username()
    if list_import_undo(actor=actor, list_import=found, note=note, now=timezone.now()) == State.UNDOING:
        begin_work(request, found.pk)


def _approve_undo(request: HttpRequest, found: ListImport) -> None:
    list_import_undo_approve(actor=request.user.get_username(), list_import=found, now=timezone.now())
    begin_work(request, found.pk)


def _refuse_undo(request: HttpRequest, found: ListImport) -> None:
    list_import_undo_refuse(actor=request.user.get_username(), list_import=found, now=timezone.now())


_ACTS: dict[str, Callable[[HttpRequest, ListImport], None]] = {
    "apply": _apply,
    "stop": _stop,
    "refuse": _refuse,
    "undo": _undo,
    "approve-undo": _approve_undo,
    "refuse-undo": _refuse_undo,
}


def may(request: HttpRequest, step: str, found: ListImport) -> bool:
    """Whoever adds items stops and refuses imports too, whoever ends items undoes them; approving has its own."""
    if step in ("undo", "refuse-undo"):
        return request.user.has_perm("rules.delete_listitem")
    if step == "approve-undo":
        return request.user.has_perm("rules.approve_listitem")
    needs_approver = step == "apply" and found.needs_approval and not found.approved_by
    return request.user.has_perm("rules.approve_listitem" if needs_approver else "rules.add_listitem")


def _page(found: ListImport, request: HttpRequest) -> dict[str, Any]:
    counts = found.counts
    total = counts.get("lines") if found.state == State.APPLYING else None
    return {
        "list_import": found,
        "state": found.get_state_display(),
        "new": f"{counts.get('new', 0):,}",
        "lines_done": f"{found.lines_done:,}",
        "added": f"{counts.get('added', 0):,}",
        "is_under_way": found.state in UNDER_WAY,
        "total": total,
        "counts": [(words, f"{counts[name]:,}", hint) for name, words, hint in _COUNTS if name in counts],
        "left_out_more": max(0, counts.get("invalid", 0) - len(found.errors)),
        "has_faults": found.faults.exists(),
        "sample": _sample(found),
        "may_apply": _can_apply(found) and may(request, "apply", found),
        "is_own": found.needs_approval and not found.approved_by and found.uploaded_by == request.user.get_username(),
        "may_stop": found.state == State.APPLYING and may(request, "stop", found),
        "may_undo": found.state in (State.APPLIED, State.REFUSED)
        and bool(found.revisions)
        and may(request, "undo", found),
        "may_approve_undo": found.state == State.UNDO_ASKED
        and may(request, "approve-undo", found)
        and found.undo_asked_by != request.user.get_username(),
        "may_refuse_undo": found.state == State.UNDO_ASKED and may(request, "refuse-undo", found),
        "undone": f"{counts.get('undone', 0):,}",
        "may_refuse": found.state in (State.CHECKED, State.AWAITING_APPROVAL, State.STOPPED)
        and may(request, "refuse", found),
    }


def _can_apply(found: ListImport) -> bool:
    is_ready = found.state in (State.CHECKED, State.AWAITING_APPROVAL, State.STOPPED)
    return is_ready and bool(found.counts.get("new"))


def _sample(found: ListImport) -> list[Any]:
    """Some lines that would be added."""
    if found.state not in (State.CHECKED, State.AWAITING_APPROVAL):
        return []
    same = ListItem.objects.filter(list=found.list_id, value=OuterRef("value"), removed_at__isnull=True)
    valid = same.exclude(expires_at__lte=timezone.now())
    return list(found.lines.filter(~Exists(valid), line__lte=_SAMPLE_WITHIN).order_by("line")[:_SAMPLE])
