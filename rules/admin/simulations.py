"""Simulations: asked for from a rule's page, watched while they run, read when they are done."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.words import badge, moment
from rules.admin.simulation_words import simulation_words
from rules.errors import SimulationUnderWay
from rules.models import Rule, RuleVersion, Simulation
from rules.selectors import rule_latest_version, sentence_of
from rules.services.simulations import maturity_days, simulation_request, simulation_stop
from sentinel.core.errors import SentinelError

DAYS_CHOICES = (7, 30, 90)
EARLIER_SHOWN = 10


class SimulateForm(forms.Form):
    days = forms.TypedChoiceField(choices=[(days, f"{days} days") for days in DAYS_CHOICES], coerce=int, initial=30)


def rule_simulation_urls() -> list[URLPattern]:
    """What hangs on a rule: for RuleAdmin.get_urls."""
    view = admin.site.admin_view(simulate_view)
    return [path("<int:rule_id>/simulate/", view, name="rules_rule_simulate")]


def simulate_view(request: HttpRequest, rule_id: int) -> HttpResponse:
    """GET asks for the days and shows earlier results; POST begins, with `version` (a number) or the latest one."""
    rule = get_object_or_404(Rule, pk=rule_id)
    if not request.user.has_perm("rules.change_rule"):
        raise PermissionDenied
    version = _version(request, rule)
    form = SimulateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _begin(request, version, form.cleaned_data["days"])
    context = {
        **admin.site.each_context(request),
        "title": f"Simulate {rule.code}",
        "rule": rule,
        "version": version,
        "sentence": sentence_of(version.action, version.expression),
        "form": form,
        "earlier": Simulation.objects.filter(version__rule=rule)
        .select_related("version")
        .defer("result")[:EARLIER_SHOWN],
    }
    return TemplateResponse(request, "admin/rules/simulation/start.html", context)


def _version(request: HttpRequest, rule: Rule) -> RuleVersion:
    number = request.POST.get("version") or request.GET.get("version") or ""
    version = rule.versions.filter(number=int(number)).first() if number.isdecimal() else rule_latest_version(rule)
    if version is None:
        raise Http404("There is no such version.")
    return version


def _begin(request: HttpRequest, version: RuleVersion, days: int) -> HttpResponse:
    try:
        simulation = simulation_request(
            actor=request.user.get_username(), version=version, days=days, now=timezone.now()
        )
    except SimulationUnderWay as error:
        messages.warning(request, error.detail)
        under_way = Simulation.objects.filter(version=version, state__in=Simulation.UNFINISHED).first()
        return HttpResponseRedirect(_page(under_way) if under_way else request.path)
    except SentinelError as error:
        messages.error(request, error.detail)
        return HttpResponseRedirect(request.path)
    return HttpResponseRedirect(_page(simulation))


def _page(simulation: Simulation) -> str:
    return reverse("admin:rules_simulation_change", args=[simulation.pk])


@admin.register(Simulation)
class SimulationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "rule", "version_number", "days", "state_", "requested_by", "hits", "changes_a_day")
    list_filter = ("state",)
    search_fields = ("version__rule__code",)
    search_help_text = "A rule's code."
    list_select_related = ("version__rule",)
    change_form_template = "admin/rules/simulation/page.html"
    fields = ()

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:simulation_id>/progress/", wrap(self.progress_view), name="rules_simulation_progress"),
            path("<int:simulation_id>/stop/", wrap(require_POST(self.stop_view)), name="rules_simulation_stop"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        simulation = self.get_object(request, object_id)
        facts = _facts(request, simulation) if simulation and self.has_view_permission(request) else {}
        return super().change_view(request, object_id, form_url, {"title": "Simulation", **facts})

    def progress_view(self, request: HttpRequest, simulation_id: int) -> HttpResponse:
        """What the waiting page asks for once a second."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        simulation = get_object_or_404(Simulation.objects.defer("result"), pk=simulation_id)
        return JsonResponse(
            {
                "is_finished": simulation.is_finished,
                "percent": round(100 * simulation.share_done),
                "words": progress_words(simulation),
            }
        )

    def stop_view(self, request: HttpRequest, simulation_id: int) -> HttpResponse:
        if not request.user.has_perm("rules.change_rule"):
            raise PermissionDenied
        simulation = get_object_or_404(Simulation.objects.select_related("version__rule"), pk=simulation_id)
        simulation_stop(actor=request.user.get_username(), simulation=simulation, now=timezone.now())
        messages.success(request, "The simulation is being stopped.")
        return HttpResponseRedirect(_page(simulation))

    @admin.display(ordering="version__rule__code")
    def rule(self, simulation: Simulation) -> str:
        return simulation.version.rule.code

    @admin.display(description="version")
    def version_number(self, simulation: Simulation) -> int:
        return simulation.version.number

    @admin.display(description="state")
    def state_(self, simulation: Simulation) -> SafeString:
        return badge(simulation.state)

    @admin.display(empty_value="-")
    def hits(self, simulation: Simulation) -> Any:
        return simulation.result and simulation.result["hits"]["payments"]

    @admin.display(empty_value="-")
    def changes_a_day(self, simulation: Simulation) -> Any:
        return simulation.result and round(simulation.result["changes"]["per_day"], 1)


def progress_words(simulation: Simulation) -> str:
    if simulation.stop_requested and not simulation.is_finished:
        return "Stopping …"
    match simulation.state:
        case Simulation.State.QUEUED:
            return "Waiting for a worker."
        case Simulation.State.RUNNING:
            return f"{simulation.rows_done:,} of about {simulation.rows_estimated:,} payments read."
        case Simulation.State.STOPPED:
            return "Stopped before it was done. Nothing was kept of it."
        case Simulation.State.FAILED:
            return simulation.error
    return "Done."


def _facts(request: HttpRequest, simulation: Simulation) -> dict[str, Any]:
    version = simulation.version
    return {
        "simulation": simulation,
        "version": version,
        "sentence": sentence_of(version.action, version.expression),
        "progress": progress_words(simulation),
        "percent": round(100 * simulation.share_done),
        "may_change": request.user.has_perm("rules.change_rule"),
        "may_see_payments": request.user.has_perm("ledger.view_transaction"),
        "maturity_days": maturity_days(),
        "took": _took(simulation),
        "created": moment(simulation.created_at),
        **(simulation_words(simulation.result) if simulation.result else {}),
    }


def _took(simulation: Simulation) -> str:
    if not simulation.started_at or not simulation.finished_at:
        return ""
    return f"{(simulation.finished_at - simulation.started_at).total_seconds():.1f} s"
