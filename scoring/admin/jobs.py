"""Scored files: uploaded, looked at before anything is scored, followed while they are, and what came out."""

import csv
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.safestring import SafeString
from kombu.exceptions import OperationalError

from ledger.admin.base import ReadOnlyAdmin, choice_filter
from ledger.admin.words import moment, zoned
from scoring.admin.job_forms import ReadingForm, UploadForm, constants_usual
from scoring.admin.job_page import job_page
from scoring.domain.jobs.readings import Reading
from scoring.models import ScoreJob
from scoring.services.jobs import steering
from scoring.services.jobs.fetching import results_blocks
from scoring.services.jobs.uploading import job_upload
from scoring.tasks import job_continue
from sentinel.api.streaming import csv_stream
from sentinel.core.csv_files import without_formula
from sentinel.core.errors import SentinelError

State = ScoreJob.State
_STEPS = {
    "start": steering.job_start,
    "pause": steering.job_pause,
    "continue": steering.job_continue,
    "cancel": steering.job_cancel,
}


@admin.register(ScoreJob)
class ScoreJobAdmin(ReadOnlyAdmin):
    list_display = ("file_name", "state_", "rows_", "made_by", "uploaded")
    list_filter = (choice_filter("state", "state", dict(State.choices)),)
    sortable_by = ()
    fields = ()
    change_form_template = "admin/scoring/scorejob/page.html"
    change_list_template = "admin/scoring/scorejob/list.html"

    def get_urls(self) -> list[Any]:
        def wrapped(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("upload/", wrapped(self.upload_view), name="scoring_scorejob_upload"),
            path("<uuid:job_id>/read/", wrapped(self.read_view), name="scoring_scorejob_read"),
            path("<uuid:job_id>/act/<str:step>/", wrapped(self.act_view), name="scoring_scorejob_act"),
            path("<uuid:job_id>/progress/", wrapped(self.progress_view), name="scoring_scorejob_progress"),
            path("<uuid:job_id>/results.csv", wrapped(self.results_view), name="scoring_scorejob_results"),
            path("<uuid:job_id>/faults.csv", wrapped(self.faults_view), name="scoring_scorejob_faults"),
            *super().get_urls(),
        ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever has files scored looks after them."""
        return may_score(request) or super().has_view_permission(request, obj)

    def audit_subject(self, object_id: str) -> str:
        return f"job_{object_id.replace('-', '')}"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        facts = _facts(found, request) if found and self.has_view_permission(request) else {}
        return super().change_view(request, object_id, form_url, {"title": "Scored file", **facts})

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Takes a file to be checked; the job's own page shows what came of it."""
        if not may_score(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if form.is_valid() and (made := _upload(request, form)) is not None:
            return redirect("admin:scoring_scorejob_change", made.pk)
        context = {**self.admin_site.each_context(request), "title": "Score a file", "form": form}
        return TemplateResponse(request, "admin/scoring/scorejob/upload.html", context)

    def read_view(self, request: HttpRequest, job_id: Any) -> HttpResponse:
        """The columns, as somebody says they are to be read."""
        found = self._to_change(request, job_id)
        form = ReadingForm(request.POST, header=found.header, reading=Reading.of_json(found.reading))
        try:
            if form.is_valid():
                actor = request.user.get_username()
                steering.job_read_as(actor=actor, job=found, reading=form.reading(), now=timezone.now())
                _begin_work(request, found)
            else:
                messages.error(request, " ".join(str(each) for own in form.errors.values() for each in own))
        except SentinelError as error:
            messages.error(request, error.detail)
        return redirect("admin:scoring_scorejob_change", job_id)

    def act_view(self, request: HttpRequest, job_id: Any, step: str) -> HttpResponse:
        """One button of the page."""
        if step not in _STEPS:
            raise Http404
        found = self._to_change(request, job_id)
        try:
            _STEPS[step](actor=request.user.get_username(), job=found, now=timezone.now())
            if step in ("start", "continue"):
                _begin_work(request, found)
        except SentinelError as error:
            messages.error(request, error.detail)
        return redirect("admin:scoring_scorejob_change", job_id)

    def progress_view(self, request: HttpRequest, job_id: Any) -> HttpResponse:
        """The part of the page that moves; the whole of it once the job is in another state."""
        found = self._job(request, job_id)
        if found.state != request.GET.get("state"):
            return HttpResponse(headers={"HX-Refresh": "true"})
        facts = job_page(found, now=timezone.now(), may_change=False)
        return TemplateResponse(request, "admin/scoring/scorejob/progress.html", facts)

    def results_view(self, request: HttpRequest, job_id: Any) -> HttpResponseBase:
        found = self._job(request, job_id)
        try:
            return csv_stream(results_blocks(found, may_explain=True), f"{found.public_id}.csv")
        except SentinelError:
            raise Http404 from None

    def faults_view(self, request: HttpRequest, job_id: Any) -> HttpResponse:
        """What the check found, as far as it is kept. The rows are not repeated: who uploaded them has them."""
        found = self._job(request, job_id)
        headers = {"Content-Disposition": f'attachment; filename="faults-{found.public_id}.csv"'}
        response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8", headers=headers)
        writer = csv.writer(response)
        writer.writerow(("line", "column", "what"))
        faults = found.checked.get("faults", ())
        writer.writerows((each["line"], each["column"], without_formula(each["words"])) for each in faults)
        return response

    def _job(self, request: HttpRequest, job_id: Any) -> ScoreJob:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found: ScoreJob | None = self.get_queryset(request).filter(pk=job_id).first()
        if found is None:
            raise Http404
        return found

    def _to_change(self, request: HttpRequest, job_id: Any) -> ScoreJob:
        if request.method != "POST":
            raise Http404
        if not may_score(request):
            raise PermissionDenied
        return self._job(request, job_id)

    @admin.display(description="state")
    def state_(self, found: ScoreJob) -> str:
        return found.get_state_display()

    @admin.display(description="rows")
    def rows_(self, found: ScoreJob) -> str:
        return "-" if found.rows is None else f"{found.rows:,}"

    @admin.display(description=zoned("uploaded"))
    def uploaded(self, found: ScoreJob) -> SafeString:
        return moment(found.created_at)


def may_score(request: HttpRequest) -> bool:
    return request.user.has_perm("scoring.add_scorejob")


def _facts(found: ScoreJob, request: HttpRequest) -> dict[str, Any]:
    facts = job_page(found, now=timezone.now(), may_change=may_score(request))
    if facts["may_read"]:
        facts["reading_form"] = ReadingForm(None, header=found.header, reading=Reading.of_json(found.reading))
    return facts


def _upload(request: HttpRequest, form: UploadForm) -> ScoreJob | None:
    file = form.cleaned_data["file"]
    try:
        made = job_upload(
            actor=request.user.get_username(),
            client=None,
            file_name=file.name,
            content=file.chunks(),
            constants=constants_usual(),
            now=timezone.now(),
        )
    except SentinelError as error:
        form.add_error("file", error.detail)
        return None
    _begin_work(request, made)
    return made


def _begin_work(request: HttpRequest, job: ScoreJob) -> None:
    """Tells a worker. When the message gets lost, the clock of the workers finds the job within half a minute."""
    try:
        job_continue.delay(str(job.pk))
    except OperationalError:
        messages.warning(request, "The workers cannot be reached just now. This goes on as soon as they can.")
