"""Rules, lists and settings as a file: taken out, and brought in after a look at what would change."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from rules.domain.config_file import SIZE_MAX
from rules.services.config_file import config_compare, config_export, config_import
from rules.services.config_plan import SETTINGS, UNCHANGED, Plan
from sentinel.core.errors import SentinelError

ERRORS_SHOWN = 50


class ExportForm(forms.Form):
    drafts = forms.BooleanField(
        label="Every rule, also what nobody approved yet",
        required=False,
        help_text="Else each rule is in the file as it decides, or as it was approved last.",
    )
    items = forms.BooleanField(
        label="Also what is on the lists",
        required=False,
        help_text="Cards, accounts and devices are personal data: keep the file accordingly.",
    )


class UploadForm(forms.Form):
    file = forms.FileField(label="The file")

    def clean_file(self) -> str:
        """Its text."""
        file = self.cleaned_data["file"]
        if file.size > 4 * SIZE_MAX:
            raise forms.ValidationError("The file is too large to be one that was exported here.")
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError("The file is not text in UTF-8. Choose one that was exported here.") from None


class ApplyForm(forms.Form):
    text = forms.CharField(strip=False, max_length=SIZE_MAX, widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)


@require_GET
def files_view(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("rules.view_rule"):
        raise PermissionDenied
    return _page(request)


@require_POST
def export_view(request: HttpRequest) -> HttpResponse:
    form = ExportForm(request.POST)
    with_items = form.is_valid() and form.cleaned_data["items"]
    if not request.user.has_perm("rules.view_rule") or (with_items and not _may_see_items(request)):
        raise PermissionDenied
    now = timezone.now()
    text = config_export(
        actor=request.user.get_username(), with_drafts=form.cleaned_data["drafts"], with_items=with_items, now=now
    )
    name = f"sentinelstream-rules-{now:%Y-%m-%d}.json"
    return HttpResponse(
        text,
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@require_POST
def import_view(request: HttpRequest) -> HttpResponse:
    """A file that is sent is compared; a comparison that is sent back is applied."""
    if not _may_import(request):
        raise PermissionDenied
    if "digest" in request.POST:
        return _apply(request, ApplyForm(request.POST))
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, upload=form)
    return _compare(request, form.cleaned_data["file"])


def _compare(request: HttpRequest, text: str) -> HttpResponse:
    try:
        plan = config_compare(text=text, now=timezone.now())
    except SentinelError as error:
        return _page(request, refused=error)
    apply_form = ApplyForm(initial={"text": text, "digest": plan.digest})
    return _page(request, plan=plan, apply_form=apply_form, not_yours=_not_theirs(request, plan))


def _apply(request: HttpRequest, form: ApplyForm) -> HttpResponse:
    if not form.is_valid():
        return _page(request)
    actor, text = request.user.get_username(), form.cleaned_data["text"]
    if '"items"' in text and not request.user.has_perm("rules.add_listitem"):
        raise PermissionDenied
    now = timezone.now()
    try:
        if _not_theirs(request, config_compare(text=text, now=now)):
            raise PermissionDenied
        plan = config_import(actor=actor, text=text, digest=form.cleaned_data["digest"], now=now)
    except SentinelError as error:
        return _page(request, refused=error)
    done = f"Imported: {plan.changes} rules, lists and settings. They decide nothing until a colleague approves them."
    messages.success(request, done)
    return HttpResponseRedirect(reverse("admin:rules_rule_changelist"))


def _page(request: HttpRequest, *, refused: SentinelError | None = None, **values: Any) -> HttpResponse:
    """`refused`: what is wrong with the file, place by place."""
    export_form = ExportForm()
    if not _may_see_items(request):
        del export_form.fields["items"]
    wrong = [each.message for each in refused.errors] or [refused.detail] if refused else []
    context = {
        **admin.site.each_context(request),
        "title": "Export and import",
        "export_form": export_form,
        "upload": UploadForm(),
        "may_import": _may_import(request),
        "wrong": wrong[:ERRORS_SHOWN],
        "wrong_more": len(wrong[ERRORS_SHOWN:]),
        **values,
    }
    return TemplateResponse(request, "admin/rules/rule/files.html", context, status=422 if refused else 200)


def _not_theirs(request: HttpRequest, plan: Plan) -> list[str]:
    """The settings in a file that this person may not write."""
    allowed = {each.words: request.user.has_perm(each.permission) for each in SETTINGS.values()}
    return [change.name for change in plan.settings if change.kind != UNCHANGED and not allowed[change.name]]


def _may_see_items(request: HttpRequest) -> bool:
    return request.user.has_perm("rules.view_listitem")


def _may_import(request: HttpRequest) -> bool:
    return request.user.has_perms(["rules.add_rule", "rules.change_rule"])
