"""Which rules were asked together, and since when; what each publication changed; and the way back."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.card_numbers import NoCardNumbers
from ledger.admin.words import badge, moment
from rules.admin.base import ReadOnlyInline
from rules.domain.differences import RuleChange, compare_rulesets
from rules.domain.stages import Stage
from rules.models import RulesetMember, RulesetVersion
from rules.selectors import ruleset_asked, sentence_of
from rules.services.rulesets import ruleset_roll_back


class RulesetMemberInline(ReadOnlyInline):
    model = RulesetMember
    fields = ("version", "stage_", "sentence")
    readonly_fields = fields
    verbose_name_plural = "rules"

    def get_queryset(self, request: HttpRequest) -> QuerySet[RulesetMember]:
        members = super().get_queryset(request).select_related("version__rule", "ruleset")
        return members.order_by("rule__code", "-stage")

    @admin.display(description="stage")
    def stage_(self, member: RulesetMember) -> SafeString:
        share = f" {member.share_percent} %" if member.share_percent else ""
        until = format_html(", break-glass until {}", moment(member.expires_at)) if member.expires_at else ""
        return format_html("{}{}{}", badge(member.stage), share, until)

    @admin.display
    def sentence(self, member: RulesetMember) -> str:
        return sentence_of(member.version.action, member.version.expression)


class RollBackForm(NoCardNumbers, forms.Form):
    note = forms.CharField(
        label="Why", max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text="It is kept for ever."
    )


@admin.register(RulesetVersion)
class RulesetVersionAdmin(ReadOnlyAdmin):
    list_display = ("number", "state", "published_at", "published_by", "note", "rules")
    inlines = (RulesetMemberInline,)
    change_form_template = "admin/rules/rulesetversion/page.html"
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[RulesetVersion]:
        newest = RulesetVersion.objects.order_by("-number").values("number")[:1]
        asked = Count("members", filter=Q(members__stage=Stage.LIVE))
        return RulesetVersion.objects.annotate(rules_count=asked, newest=Subquery(newest)).order_by("-number")

    def get_fieldsets(self, request: HttpRequest, obj: RulesetVersion | None = None) -> Any:
        return ((None, {"fields": ("number", "state", "published_at", "published_by", "note", "changes")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: RulesetVersion | None = None) -> tuple[str, ...]:
        return ("number", "state", "published_at", "published_by", "note", "changes")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        ruleset = self.get_object(request, object_id)
        may = isinstance(ruleset, RulesetVersion) and _is_past(ruleset) and self._may_roll_back(request)
        return super().change_view(request, object_id, form_url, {"may_roll_back": may, "ruleset": ruleset})

    def get_urls(self) -> list[Any]:
        back = self.admin_site.admin_view(self.roll_back_view)
        return [
            path("<int:ruleset_id>/roll-back/", back, name="rules_rulesetversion_roll_back"),
            *super().get_urls(),
        ]

    def audit_subject(self, object_id: str) -> str:
        number = RulesetVersion.objects.filter(pk=object_id).values_list("number", flat=True).first()
        return f"ruleset:{number}"

    def roll_back_view(self, request: HttpRequest, ruleset_id: int) -> HttpResponse:
        """Shows what would change, and asks why."""
        if not self._may_roll_back(request):
            raise PermissionDenied
        ruleset = get_object_or_404(RulesetVersion, pk=ruleset_id)
        form = RollBackForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            made = ruleset_roll_back(
                actor=request.user.get_username(),
                ruleset=ruleset,
                note=form.cleaned_data["note"],
                now=timezone.now(),
            )
            number = made.number if made else ruleset.number
            messages.success(request, f"Ruleset {number} asks what ruleset {ruleset.number} asked.")
            return HttpResponseRedirect(reverse("admin:rules_rulesetversion_changelist"))
        newest = RulesetVersion.objects.first()
        context = {
            **self.admin_site.each_context(request),
            "title": f"Go back to ruleset {ruleset.number}",
            "ruleset": ruleset,
            "newest": newest,
            "changes": compare_rulesets(ruleset_asked(newest), ruleset_asked(ruleset)) if newest else [],
            "form": form,
        }
        return TemplateResponse(request, "admin/rules/rulesetversion/roll_back.html", context)

    def _may_roll_back(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rules.publish_rule")

    @admin.display
    def state(self, ruleset: Any) -> SafeString:
        return badge("past" if _is_past(ruleset) else "live")

    @admin.display(description="live rules")
    def rules(self, ruleset: Any) -> int:
        return int(ruleset.rules_count)

    @admin.display(description="what changed")
    def changes(self, ruleset: RulesetVersion) -> SafeString:
        """Against the ruleset before it."""
        before = RulesetVersion.objects.filter(number__lt=ruleset.number).first()
        found = compare_rulesets(ruleset_asked(before) if before else {}, ruleset_asked(ruleset))
        return changes_shown(found) if found else SafeString("Nothing.")


def changes_shown(changes: list[RuleChange]) -> SafeString:
    rows = ((change.code, change.words, (change.after or change.before).sentence) for change in changes)  # type: ignore[union-attr]
    lines = format_html_join("", '<li><code>{}</code> {}<br><span class="quiet">{}</span></li>', rows)
    return format_html('<ul class="changes">{}</ul>', lines)


def _is_past(ruleset: Any) -> bool:
    return bool(ruleset.number != ruleset.newest)
