"""Files of labels: uploaded, what the check of one found, and the buttons for what can be done with it."""

import csv
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString
from kombu.exceptions import OperationalError

from ledger.admin.base import ReadOnlyAdmin, choice_filter
from ledger.admin.words import moment, zoned
from ledger.models import LabelImport
from ledger.services.label_imports import UNDER_WAY, label_import_apply, label_import_refuse, label_import_upload
from ledger.tasks import label_import_continue
from sentinel.core.csv_files import without_formula
from sentinel.core.errors import SentinelError

State = LabelImport.State
_FAULTS_SHOWN = 100
# What the numbers of a check are called, in the order they are shown.
_COUNTS = (
    ("new", "New", "labels to record"),
    ("fraud", "Fraud", "of the new"),
    ("legitimate", "Legitimate", "of the new"),
    ("faulty", "Faults", "lines that cannot be recorded"),
)


class UploadForm(forms.Form):
    file = forms.FileField(label="CSV file", help_text="UTF-8, separated by commas or semicolons, also as .csv.gz.")


@admin.register(LabelImport)
class LabelImportAdmin(ReadOnlyAdmin):
    list_display = ("file_name", "state_", "new_", "faulty_", "uploaded_by", "uploaded")
    list_filter = (choice_filter("state", "state", dict(State.choices)),)
    sortable_by = ()
    fields = ()
    change_form_template = "admin/ledger/labelimport/page.html"
    change_list_template = "admin/ledger/labelimport/list.html"

    def get_urls(self) -> list[Any]:
        def wrapped(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("upload/", wrapped(self.upload_view), name="ledger_labelimport_upload"),
            path("<int:import_id>/act/<str:step>/", wrapped(self.act_view), name="ledger_labelimport_act"),
            path("<int:import_id>/faults.csv", wrapped(self.faults_view), name="ledger_labelimport_faults"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever adds labels looks after their files."""
        return may_import(request) or super().has_view_permission(request, obj)

    def audit_subject(self, object_id: str) -> str:
        return f"label_import:{object_id}"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        facts = _page(found, request) if found and self.has_view_permission(request) else {}
        return super().change_view(request, object_id, form_url, {"title": "Label import", **facts})

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Takes a file to be checked; the import's own page shows what came of it."""
        if not may_import(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if form.is_valid() and (made := _upload(request, form)) is not None:
            return redirect("admin:ledger_labelimport_change", made)
        context = {**self.admin_site.each_context(request), "title": "Import labels", "form": form}
        return TemplateResponse(request, "admin/ledger/labelimport/upload.html", context)

    def act_view(self, request: HttpRequest, import_id: int, step: str) -> HttpResponse:
        """One button of the page."""
        if request.method != "POST" or step not in ("apply", "refuse"):
            raise Http404
        if not may_import(request):
            raise PermissionDenied
        found, actor, now = self._import(request, import_id), request.user.get_username(), timezone.now()
        try:
            if step == "refuse":
                label_import_refuse(actor=actor, label_import=found, now=now)
            else:
                leaves_out = "leave_out_faulty" in request.POST
                label_import_apply(actor=actor, label_import=found, leave_out_faulty=leaves_out, now=now)
                _begin_work(request, found.pk)
        except SentinelError as error:
            messages.error(request, error.detail)
        return redirect("admin:ledger_labelimport_change", import_id)

    def faults_view(self, request: HttpRequest, import_id: int) -> HttpResponse:
        """What cannot be recorded, as far as it is kept. The lines are not repeated: who uploaded them has them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self._import(request, import_id)
        headers = {"Content-Disposition": f'attachment; filename="faults-{found.pk}.csv"'}
        response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8", headers=headers)
        writer = csv.writer(response)
        writer.writerow(("line", "column", "what"))
        writer.writerows((each["line"], each["column"], without_formula(each["words"])) for each in found.faults)
        return response

    def _import(self, request: HttpRequest, import_id: int) -> LabelImport:
        found: LabelImport | None = self.get_queryset(request).filter(pk=import_id).first()
        if found is None:
            raise Http404
        return found

    @admin.display(description="state")
    def state_(self, found: LabelImport) -> str:
        return found.get_state_display()

    @admin.display(description="new labels")
    def new_(self, found: LabelImport) -> str:
        return _count(found, "new")

    @admin.display(description="faults")
    def faulty_(self, found: LabelImport) -> str:
        return _count(found, "faulty")

    @admin.display(description=zoned("uploaded"))
    def uploaded(self, found: LabelImport) -> SafeString:
        return moment(found.uploaded_at)


def may_import(request: HttpRequest) -> bool:
    return request.user.has_perm("ledger.add_label")


def _upload(request: HttpRequest, form: UploadForm) -> int | None:
    file = form.cleaned_data["file"]
    try:
        made = label_import_upload(
            actor=request.user.get_username(), file_name=file.name, content=file.chunks(), now=timezone.now()
        )
    except SentinelError as error:
        form.add_error("file", error.detail)
        return None
    _begin_work(request, made.pk)
    return made.pk


def _begin_work(request: HttpRequest, import_id: int) -> None:
    """Tells a worker. When the message gets lost, the clock of the workers finds the import within a minute."""
    try:
        label_import_continue.delay(import_id)
    except OperationalError:
        messages.warning(request, "The workers cannot be reached just now. This goes on as soon as they can.")


def _count(found: LabelImport, name: str) -> str:
    return f"{found.counts[name]:,}" if name in found.counts else "-"


def _page(found: LabelImport, request: HttpRequest) -> dict[str, Any]:
    is_checked = found.state == State.CHECKED
    return {
        "label_import": found,
        "state": found.get_state_display(),
        "is_under_way": found.state in UNDER_WAY,
        "counts": [(words, f"{found.counts[name]:,}", hint) for name, words, hint in _COUNTS if found.counts],
        "new": _count(found, "new"),
        "faulty": _count(found, "faulty"),
        "faults": found.faults[:_FAULTS_SHOWN] if found.counts else [],
        "faults_more": max(0, found.counts.get("faulty", 0) - _FAULTS_SHOWN),
        "may_apply": is_checked and bool(found.counts.get("new")) and may_import(request),
        "may_refuse": is_checked and may_import(request),
    }
