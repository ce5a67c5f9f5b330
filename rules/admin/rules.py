"""Rules: what each says, how far it has come, and the steps that take it on. Every change is a service call."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin.base import ServiceAdmin
from ledger.admin.words import badge
from rules.admin.builder import BuilderAdmin
from rules.admin.explanations import rule_explain_urls
from rules.admin.files import export_view, files_view, import_view
from rules.admin.health import (
    MarkFilter,
    RuleList,
    cost_shown,
    fires_shown,
    marks_shown,
    precision_shown,
)
from rules.admin.rule_form import RuleForm
from rules.admin.rule_page import rule_page
from rules.admin.simulations import rule_simulation_urls
from rules.admin.steps import STEPS, members_now, open_request
from rules.models import Rule, Simulation
from rules.selectors import alarms_unseen, rules_with_standing, sentence_of, standing_of
from rules.services.rules import rule_save
from rules.services.snoozes import snooze_end
from sentinel.core.errors import SentinelError


class StandingFilter(admin.SimpleListFilter):
    title = "standing"
    parameter_name = "standing"
    filters = {
        "live": ("Live", {"live_number__isnull": False}),
        "trial": ("In shadow or canary", {"trial_number__isnull": False}),
        "awaiting": ("Awaiting approval", {"is_asked_for": True}),
        "out": ("Not asked", {"live_number__isnull": True, "trial_number__isnull": True}),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, words) for name, (words, _) in self.filters.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.filters.get(self.value() or "")
        return queryset.filter(**chosen[1]) if chosen else queryset


@admin.register(Rule)
class RuleAdmin(BuilderAdmin, ServiceAdmin):
    form = RuleForm
    list_display = ("code", "sentence", "action_", "standing", "marks", "fires", "precision", "cost")
    list_filter = (StandingFilter, MarkFilter)
    change_list_template = "admin/rules/rule/list.html"
    search_fields = ("code", "name")
    search_help_text = "Part of a code or a name."
    change_form_template = "admin/rules/rule/page.html"
    sortable_by = ("code", "fires", "precision", "cost")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rule]:
        return rules_with_standing().select_related("health__duplicate_of").order_by("code")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RuleList]:
        return RuleList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        alarms = alarms_unseen() if request.user.has_perm("rules.view_alarm") else None
        return super().changelist_view(request, {**(extra_context or {}), "alarms": alarms})

    def get_readonly_fields(self, request: HttpRequest, obj: Rule | None = None) -> tuple[str, ...]:
        return ("code",) if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Rule | None = None) -> Any:
        naming = (None, {"fields": ("code", "name", "description")})
        saying = ("What it does", {"fields": ("action", "reason_code", "reason_words", "expression")})
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return (saying, naming) if may_edit and obj else (naming, saying) if may_edit else (naming,)

    def has_delete_permission(self, request: HttpRequest, obj: Rule | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        rule_save(actor=request.user.get_username(), rule=obj, draft=form.draft, now=timezone.now())

    def response_add(self, request: HttpRequest, obj: Rule, post_url_continue: str | None = None) -> HttpResponse:
        return self._after_save(request, obj)

    def response_change(self, request: HttpRequest, obj: Rule) -> HttpResponse:
        return self._after_save(request, obj)

    def _after_save(self, request: HttpRequest, rule: Rule) -> HttpResponse:
        """Back to the rule, where the next step waits."""
        standing = standing_of(rules_with_standing().get(pk=rule.pk))
        decides = "" if standing.latest == standing.live else " This version decides nothing yet."
        messages.success(request, f"Saved as version {standing.latest}.{decides}")
        return HttpResponseRedirect(reverse("admin:rules_rule_change", args=[rule.pk]))

    def audit_subject(self, object_id: str) -> str:
        return f"rule:{Rule.objects.filter(pk=object_id).values_list('code', flat=True).first()}"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        rule = self.get_object(request, object_id)
        facts = rule_page(rule, request.user) if isinstance(rule, Rule) and self.has_view_permission(request) else {}
        return super().change_view(request, object_id, form_url, facts)

    def get_urls(self) -> list[Any]:
        step = self.admin_site.admin_view(self.step_view)
        end = self.admin_site.admin_view(self.snooze_end_view)
        return [
            path("files/", self.admin_site.admin_view(files_view), name="rules_files"),
            path("files/export/", self.admin_site.admin_view(export_view), name="rules_files_export"),
            path("files/import/", self.admin_site.admin_view(import_view), name="rules_files_import"),
            path("<int:rule_id>/step/<str:name>/", step, name="rules_rule_step"),
            path("<int:rule_id>/snooze/<int:snooze_id>/end/", end, name="rules_snooze_end"),
            *rule_simulation_urls(),
            *rule_explain_urls(),
            *super().get_urls(),
        ]

    def step_view(self, request: HttpRequest, rule_id: int, name: str) -> HttpResponse:
        """Says what will happen, asks for what is needed, then does it or says why not."""
        if name not in STEPS:
            raise Http404
        step, rule = STEPS[name], get_object_or_404(Rule, pk=rule_id)
        if not request.user.has_perm(f"rules.{step.permission}"):
            raise PermissionDenied
        form = step.form(request.POST if request.method == "POST" else None, initial=request.GET.dict())
        back_url = reverse("admin:rules_rule_change", args=[rule.pk])
        if form.is_valid():
            try:
                step.act(request.user.get_username(), rule, form, timezone.now())
            except SentinelError as error:
                _show(error, form)
            else:
                messages.success(request, step.done)
                return HttpResponseRedirect(back_url)
        asked, members = open_request(rule), members_now(rule)
        context = {
            **self.admin_site.each_context(request),
            "title": step.title.format(rule=rule.name),
            "step": step,
            "rule": rule,
            "form": form,
            "back_url": back_url,
            "asked": asked if name in ("approve", "approve-retirement", "refuse", "withdraw") else None,
            "asked_sentence": sentence_of(asked.version.action, asked.version.expression) if asked else "",
            "simulation": _simulation_of(asked or (members[0] if name == "move" and members else None)),
            "moved": members[0] if name == "move" and members else None,
        }
        return TemplateResponse(request, "admin/rules/rule/step.html", context)

    def snooze_end_view(self, request: HttpRequest, rule_id: int, snooze_id: int) -> HttpResponse:
        if not request.user.has_perm("rules.add_rulesnooze"):
            raise PermissionDenied
        rule = get_object_or_404(Rule, pk=rule_id)
        if request.method == "POST":
            snooze = get_object_or_404(rule.snoozes, pk=snooze_id)
            snooze_end(actor=request.user.get_username(), snooze=snooze, now=timezone.now())
            messages.success(request, f"{rule.name} is asked again for {snooze.account_id}.")
        return HttpResponseRedirect(reverse("admin:rules_rule_change", args=[rule.pk]))

    @admin.display
    def sentence(self, rule: Any) -> str:
        return sentence_of(rule.latest_action, rule.latest_expression) if rule.latest_action else "No conditions yet."

    @admin.display(description="action")
    def action_(self, rule: Any) -> SafeString:
        return badge(rule.latest_action)

    @admin.display(description="where it is")
    def standing(self, rule: Any) -> SafeString:
        """How far the latest version has come; and what decides now, where that is another one."""
        standing = standing_of(rule)
        point = badge(standing.point.value)
        is_plain = standing.live is not None and standing.live == standing.latest and not standing.trial
        words = f"version {standing.live}" if is_plain else standing.words
        return format_html('{}<br><span class="quiet">{}</span>', point, words)

    @admin.display(description="hits a day", ordering=F("health__hits_per_day").asc(nulls_first=True))
    def fires(self, rule: Any) -> SafeString:
        return fires_shown(rule)

    @admin.display(ordering=F("health__precision").asc(nulls_first=True))
    def precision(self, rule: Any) -> SafeString:
        return precision_shown(rule)

    @admin.display(ordering=F("health__cost_us").asc(nulls_first=True))
    def cost(self, rule: Any) -> str:
        return cost_shown(rule)

    @admin.display(description="look at")
    def marks(self, rule: Any) -> SafeString:
        return marks_shown(rule)


def _simulation_of(about: Any) -> Simulation | None:
    """The latest result for the version that a request or a member is about."""
    if about is None:
        return None
    done = Simulation.objects.filter(version=about.version, state=Simulation.State.DONE)
    return done.defer("result").first()


def _show(error: SentinelError, form: Any) -> None:
    """A refusal at the field it names, else above the form; what was typed stays."""
    for each in error.errors:
        form.add_error(each.field if each.field in form.fields else None, each.message)
    if not error.errors:
        form.add_error(None, f"{error.detail}.".replace("..", "."))
