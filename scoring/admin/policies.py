"""Policies: what each version says, how far it has come, and the steps that take it on; and what decided when."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.words import badge
from rules.admin.steps import ReasonForm
from scoring.admin.policy_form import Draft, PolicyForm, with_more_rows
from scoring.admin.policy_page import policy_page
from scoring.admin.policy_steps import STEPS
from scoring.domain.policy import THRESHOLDS
from scoring.domain.policy_json import policy_from
from scoring.domain.policy_words import policy_sentence
from scoring.models import PolicyRelease, PolicyVersion
from scoring.selectors.policies import (
    policies_with_standing,
    policy_point,
    policy_request_open,
    release_current,
)
from scoring.services.policies import DEFAULT_THRESHOLDS, policy_draft, policy_roll_back
from sentinel.core.errors import SentinelError

_STEP_TEMPLATE = "admin/scoring/policyversion/step.html"


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    form = PolicyForm
    sortable_by = ()
    change_list_template = "admin/scoring/policyversion/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyVersion]:
        return policies_with_standing()

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """What decides now is read once for all rows."""
        release = release_current(timezone.now())

        @admin.display(description="where it is")
        def point(version: Any) -> SafeString:
            return badge(policy_point(version, release).value)

        return ("number", "sentence", point, "author", "created_at", "note")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scoring.add_policyversion")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"release": release_current(timezone.now())})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Drafts a version. Starts from the one named by `from`, else from the live one, with the thresholds that the
        address names: those that somebody proposes.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        wants_rows = "more" in request.POST
        data = with_more_rows(request.POST) if wants_rows else request.POST
        draft = Draft(data if request.method == "POST" else None, _starting_from(request))
        if request.method == "POST" and not wants_rows and draft.is_valid():
            version = policy_draft(
                actor=request.user.get_username(),
                thresholds=draft.thresholds,
                note=draft.form.cleaned_data["note"],
                now=timezone.now(),
            )
            messages.success(request, f"Saved as version {version.number}. It decides nothing yet.")
            return HttpResponseRedirect(_page(version))
        context = {
            **self.admin_site.each_context(request),
            "title": "New policy",
            "draft": draft,
            "form": draft.form,
            "is_refused": request.method == "POST" and not wants_rows,
        }
        return TemplateResponse(request, "admin/scoring/policyversion/draft.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        version = self.get_object(request, object_id)
        if version is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            **policy_page(version, request.user, request.GET.get("with", "")),
            "title": f"Policy {version.number}",
            "may_write": self.has_add_permission(request),
        }
        return TemplateResponse(request, "admin/scoring/policyversion/page.html", context)

    def get_urls(self) -> list[Any]:
        step = self.admin_site.admin_view(self.step_view)
        return [path("<int:number>/step/<str:name>/", step, name="scoring_policy_step"), *super().get_urls()]

    def step_view(self, request: HttpRequest, number: int, name: str) -> HttpResponse:
        """Says what will happen, asks for what is needed, then does it or says why not."""
        if name not in STEPS:
            raise Http404
        step, version = STEPS[name], get_object_or_404(PolicyVersion, pk=number)
        if not request.user.has_perm(f"scoring.{step.permission}"):
            raise PermissionDenied
        form = step.form(request.POST if request.method == "POST" else None, initial=request.GET.dict())
        if form.is_valid():
            try:
                step.act(request.user.get_username(), version, form, timezone.now())
            except SentinelError as error:
                show_refusal(error, form)
            else:
                messages.success(request, step.done)
                return HttpResponseRedirect(_page(version))
        asked = policy_request_open(version) if name in ("approve", "refuse", "withdraw") else None
        context = {
            **self.admin_site.each_context(request),
            "title": step.title.format(policy=f"policy {version.number}"),
            "step": step,
            "version": version,
            "form": form,
            "back_url": _page(version),
            "asked": asked,
            "asked_sentence": self.sentence(version),
        }
        return TemplateResponse(request, _STEP_TEMPLATE, context)

    def audit_subject(self, object_id: str) -> str:
        return f"policy {object_id}"

    @admin.display(description="what it says")
    def sentence(self, version: PolicyVersion) -> str:
        return policy_sentence(policy_from(version.number, version.thresholds))


@admin.register(PolicyRelease)
class PolicyReleaseAdmin(ReadOnlyAdmin):
    """What decided from when on, and the way back."""

    list_display = ("number", "state", "words", "published_at", "published_by", "note")
    fields = ("number", "state", "words", "published_at", "published_by", "note", "restores")
    readonly_fields = ("state", "words")
    sortable_by = ()
    change_form_template = "admin/scoring/policyrelease/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyRelease]:
        newest = PolicyRelease.objects.order_by("-number").values("number")[:1]
        return PolicyRelease.objects.annotate(newest=Subquery(newest)).order_by("-number")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        release = self.get_object(request, object_id)
        may = isinstance(release, PolicyRelease) and _is_past(release) and _may_publish(request)
        return super().change_view(request, object_id, form_url, {"may_roll_back": may, "release": release})

    def get_urls(self) -> list[Any]:
        back = self.admin_site.admin_view(self.roll_back_view)
        return [path("<int:number>/roll-back/", back, name="scoring_policy_roll_back"), *super().get_urls()]

    def roll_back_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """Says what would decide again, and asks why."""
        if not _may_publish(request):
            raise PermissionDenied
        release = get_object_or_404(PolicyRelease, pk=number)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        list_url = reverse("admin:scoring_policyrelease_changelist")
        if form.is_valid():
            made = policy_roll_back(
                actor=request.user.get_username(),
                release=release,
                note=form.cleaned_data["note"],
                now=timezone.now(),
            )
            messages.success(request, f"Release {made.number if made else number}: {release.release.words}.")
            return HttpResponseRedirect(list_url)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Go back to release {number}",
            "step": _back_step(release),
            "form": form,
            "back_url": list_url,
        }
        return TemplateResponse(request, _STEP_TEMPLATE, context)

    def audit_subject(self, object_id: str) -> str:
        return f"policy release {object_id}"

    @admin.display
    def state(self, release: PolicyRelease) -> SafeString:
        return badge("past" if _is_past(release) else "live")

    @admin.display(description="what decided")
    def words(self, release: PolicyRelease) -> str:
        return release.release.words


def _back_step(release: PolicyRelease) -> dict[str, Any]:
    return {
        "explanation": f"Under a new number this decides again: {release.release.words}. Every version in it was"
        " approved then. Going back raises an alarm that everybody sees.",
        "button": f"Go back to release {release.number}",
        "is_dangerous": True,
    }


def _starting_from(request: HttpRequest) -> dict[str, Any]:
    told = request.GET.get("from", "")
    number = int(told) if told.isdecimal() else release_current(timezone.now()).live
    version = PolicyVersion.objects.filter(number=number or 0).first()
    proposed = {name: request.GET[name] for name in THRESHOLDS if request.GET.get(name)}
    return dict(version.thresholds if version else DEFAULT_THRESHOLDS) | proposed


def _page(version: PolicyVersion) -> str:
    return reverse("admin:scoring_policyversion_change", args=[version.number])


def _is_past(release: Any) -> bool:
    return bool(release.number != release.newest)


def _may_publish(request: HttpRequest) -> bool:
    return request.user.has_perm("scoring.publish_policy")


def show_refusal(error: SentinelError, form: Any) -> None:
    """A refusal at the field it names, else above the form; what was typed stays."""
    for each in error.errors:
        form.add_error(each.field if each.field in form.fields else None, each.message)
    if not error.errors:
        form.add_error(None, f"{error.detail}.".replace("..", "."))
