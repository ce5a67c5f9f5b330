"""Models: what each is, how far it has come, the steps that take it on, and what the gate said. Made by command."""

from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin, choice_filter
from ledger.admin.words import NOTHING, badge, moment, spaced
from scoring.admin.evaluation_page import evaluation_page, verdict_badge
from scoring.admin.model_page import model_page, step_facts
from scoring.admin.model_steps import STEPS
from scoring.admin.model_watch import watch_view
from scoring.admin.model_words import FIGURES, figure_words
from scoring.admin.policies import show_refusal
from scoring.domain.policy import SCORE_WORDS
from scoring.models import ModelEvaluation, ModelVersion
from scoring.selectors.policies import policy_read, release_current
from scoring.selectors.registry import Standing, model_standing, models_described
from sentinel.core.errors import SentinelError

_TEMPLATES = "admin/scoring/modelversion"
_STATES = {state.value: state.value.capitalize() for state in ModelVersion.State}
_FAMILIES = {family.value: family.label.capitalize() for family in ModelVersion.Family}
_KINDS = {kind.value: spaced(kind.value).capitalize() for kind in ModelVersion.Kind}


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = (
        "version",
        "standing",
        "gate",
        "kind_words",
        "learned",
        "recall",
        "average_precision",
        "card_precision",
    )
    list_filter = (
        choice_filter("state", "state", _STATES),
        choice_filter("family", "family", _FAMILIES),
        choice_filter("kind", "kind", _KINDS),
    )
    sortable_by = ()
    search_fields = ("version",)
    change_list_template = f"{_TEMPLATES}/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return models_described()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        model = self._viewed(request, object_id)
        if request.method == "POST":
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            **model_page(model, request.user),
            "title": model.version,
        }
        return TemplateResponse(request, f"{_TEMPLATES}/page.html", context)

    def get_urls(self) -> list[Any]:
        step, evaluation = (self.admin_site.admin_view(view) for view in (self.step_view, self.evaluation_view))
        return [
            path("<int:model_id>/step/<str:name>/", step, name="scoring_model_step"),
            path("<int:model_id>/evaluation/<int:number>/", evaluation, name="scoring_model_evaluation"),
            path(
                "<int:model_id>/watch/",
                self.admin_site.admin_view(partial(watch_view, self)),
                name="scoring_modelversion_watch",
            ),
            *super().get_urls(),
        ]

    def evaluation_view(self, request: HttpRequest, model_id: int, number: int) -> HttpResponse:
        model = self._viewed(request, str(model_id))
        found = ModelEvaluation.objects.select_related("model", "champion")
        evaluation = get_object_or_404(found, pk=number, model=model)
        context = {
            **self.admin_site.each_context(request),
            **evaluation_page(evaluation),
            "title": f"{model.version} beside {evaluation.champion.version}",
        }
        return TemplateResponse(request, f"{_TEMPLATES}/evaluation.html", context)

    def step_view(self, request: HttpRequest, model_id: int, name: str) -> HttpResponse:
        """Says what will happen, asks for what is needed, then does it or says why not."""
        if name not in STEPS:
            raise Http404
        step, model, now = STEPS[name], get_object_or_404(ModelVersion, pk=model_id), timezone.now()
        if not request.user.has_perm(f"scoring.{step.permission}"):
            raise PermissionDenied
        standing = model_standing(model, now)
        shown = {"evaluation": standing.evaluation.pk if standing.evaluation else None}
        form = step.form(request.POST if request.method == "POST" else None, initial=shown)
        if form.is_valid():
            try:
                step.act(request.user.get_username(), model, form, now)
            except SentinelError as error:
                show_refusal(error, form)
            else:
                messages.success(request, step.done)
                return HttpResponseRedirect(_page(model))
        context = {
            **self.admin_site.each_context(request),
            **step_facts(name, model, standing),
            **_threshold(model, standing, now),
            "title": step.title.format(model=model.version),
            "step": step,
            "model": model,
            "form": form,
            "back_url": _page(model),
        }
        return TemplateResponse(request, f"{_TEMPLATES}/step.html", context)

    def audit_subject(self, object_id: str) -> str:
        return f"model {ModelVersion.objects.only('version').get(pk=object_id).version}"

    def _viewed(self, request: HttpRequest, object_id: str) -> ModelVersion:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(ModelVersion, pk=object_id if object_id.isdecimal() else 0)

    @admin.display(description="state")
    def standing(self, model: Any) -> SafeString:
        """Of the champion also since when, and by whom."""
        mark = badge(model.state)
        if model.state != ModelVersion.State.CHAMPION:
            return mark
        lines = (moment(model.promoted_at), model.promoted_by)
        return format_html('{}<span class="quiet">since {}</span><span class="quiet">by {}</span>', mark, *lines)

    @admin.display(description="kind")
    def kind_words(self, model: ModelVersion) -> str:
        return spaced(model.kind)

    @admin.display(description="learned until")
    def learned(self, model: Any) -> SafeString:
        """The last payment, and how many frauds it was told of."""
        if not model.training:
            return SafeString(NOTHING)
        until = f"{datetime.fromisoformat(model.training['end']):%-d %b %Y}"
        frauds = f"from {int(model.learned_frauds):,} frauds" if model.learned_frauds else "without labels"
        return format_html('{}<span class="quiet">{}</span>', until, frauds)

    @admin.display(description="average precision")
    def average_precision(self, model: Any) -> str:
        return _figure(model, "average_precision")

    @admin.display(description="card precision@100")
    def card_precision(self, model: Any) -> str:
        return _figure(model, "card_precision_100")

    @admin.display(description="found at 0.5 %")
    def recall(self, model: Any) -> str:
        return _figure(model, "recall_at_half_percent")

    @admin.display(description="beside the champion")
    def gate(self, model: Any) -> SafeString:
        return badge(verdict_badge(model.gate_passed, model.gate_needs_approval))


def _figure(model: Any, name: str) -> str:
    """A dash where nothing was measured."""
    value = (model.metrics or {}).get(name)
    return NOTHING if value is None else figure_words(value, FIGURES[name][2])


def _threshold(model: ModelVersion, standing: Standing, now: datetime) -> dict[str, Any]:
    """The threshold that the gate proposes, beside the live policy's, and where a policy with it is drafted."""
    evaluation = standing.evaluation
    if evaluation is None or evaluation.proposed_threshold is None:
        return {}
    score = "probability" if model.is_supervised else "percentile"
    live = release_current(now).live
    named = f"review_{score}"
    thresholds = {named: str(evaluation.proposed_threshold)}
    if model.is_supervised:  # a tenth as many reviews go to what the forest alone finds
        thresholds["review_percentile"] = str(model.manifest["forest"]["review_percentile"])
    return {
        "proposed": evaluation.proposed_threshold,
        "score": SCORE_WORDS[score],
        "live_policy": live,
        "live_threshold": getattr(policy_read(live), named),
        "draft_url": f"{reverse('admin:scoring_policyversion_add')}?{urlencode(thresholds)}",
    }


def _page(model: ModelVersion) -> str:
    return reverse("admin:scoring_modelversion_change", args=[model.pk])
