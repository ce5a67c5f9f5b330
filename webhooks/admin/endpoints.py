"""Endpoints: the list with how each fares, the form, the page, and the steps. A secret is shown once."""

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
from django.utils.safestring import SafeString

from ledger.admin.base import PlainTitle, ServiceAdmin, mode_filter
from ledger.admin.words import NOTHING, badge
from sentinel.core.errors import SentinelError
from sentinel.core.ids import parse_public_id
from webhooks.admin.endpoint_form import EndpointForm, NewEndpointForm, written
from webhooks.admin.endpoint_page import endpoint_page
from webhooks.admin.endpoint_steps import STEPS, EndpointStep
from webhooks.admin.words import arrived_words, hears_words, milliseconds, oldest_words
from webhooks.models import Delivery, Endpoint
from webhooks.models.endpoints import EndpointState
from webhooks.selectors.health import endpoint_health
from webhooks.services.endpoints import endpoint_change, endpoint_create


class StateFilter(admin.SimpleListFilter):
    """Those that were deleted are shown to whoever asks for them."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        states = [(state.value, state.label.capitalize()) for state in EndpointState]
        return [*states[:-1], ("failing", "Failing now"), states[-1]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "failing":
            return queryset.filter(state=EndpointState.ACTIVE, failing_since__isnull=False)
        if self.value() in EndpointState.values:
            return queryset.filter(state=self.value())
        return queryset.exclude(state=EndpointState.DELETED)


class WithHealth(PlainTitle):
    """Asks how the endpoints of the page fare, all together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        health = endpoint_health([row.pk for row in self.result_list], timezone.now())
        for row in self.result_list:
            row.health = health[row.pk]


@admin.register(Endpoint)
class EndpointAdmin(ServiceAdmin):
    list_display = ("name", "client", "state_", "hears", "arrived", "slowest", "oldest", "dead")
    list_display_links = ("name",)
    list_select_related = ("client",)
    list_filter = (StateFilter, mode_filter("client__livemode"), ("client", admin.RelatedOnlyFieldListFilter))
    search_fields = ("description__icontains", "url__icontains", "client__name__icontains")
    search_help_text = "Part of a URL, a description or a client's name; or a whole we_… id."
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Any]:
        return WithHealth

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if (endpoint_id := parse_public_id("we", search_term.strip())) is not None:
            return queryset.filter(pk=endpoint_id), False
        return super().get_search_results(request, queryset, search_term)

    def has_delete_permission(self, request: HttpRequest, obj: Endpoint | None = None) -> bool:
        """Deleting is a step: the row stays, and its log with it."""
        return False

    def audit_subject(self, object_id: str) -> str:
        return f"endpoint:{get_object_or_404(Endpoint, pk=object_id).public_id}"

    def get_urls(self) -> list[Any]:
        edit, step = (self.admin_site.admin_view(view) for view in (self.edit_view, self.step_view))
        return [
            path("<uuid:endpoint_id>/edit/", edit, name="webhooks_endpoint_edit"),
            path("<uuid:endpoint_id>/step/<str:name>/", step, name="webhooks_endpoint_step"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        endpoint = self.get_object(request, object_id)
        if endpoint is None:
            raise Http404
        facts = endpoint_page(endpoint, request.user, timezone.now())
        return self._page(request, "page", f"Endpoint {endpoint}", facts)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewEndpointForm(request.POST or None, initial={"client": request.GET.get("client")})
        if form.is_valid():
            try:
                endpoint, secret = endpoint_create(
                    client=form.cleaned_data["client"], terms=form.terms(), actor=_actor(request), now=timezone.now()
                )
            except SentinelError as error:
                show_refusal(error, form)
            else:
                return self._show_secret(request, endpoint, secret)
        back_url = reverse("admin:webhooks_endpoint_changelist")
        return self._page(request, "form", "New endpoint", {"form": form, "back_url": back_url})

    def edit_view(self, request: HttpRequest, endpoint_id: Any) -> HttpResponse:
        endpoint = self._endpoint(request, endpoint_id)
        form = EndpointForm(request.POST or None, initial=written(endpoint))
        if form.is_valid():
            try:
                endpoint_change(endpoint=endpoint, terms=form.terms(), actor=_actor(request), now=timezone.now())
            except SentinelError as error:
                show_refusal(error, form)
            else:
                messages.success(request, "Saved. Later events go by it; what waits is sent to the URL above.")
                return HttpResponseRedirect(_page_of(endpoint))
        facts = {"form": form, "endpoint": endpoint, "back_url": _page_of(endpoint)}
        return self._page(request, "form", f"Change {endpoint}", facts)

    def step_view(self, request: HttpRequest, endpoint_id: Any, name: str) -> HttpResponse:
        """Says what will happen, then does it or says why not."""
        if name not in STEPS:
            raise Http404
        step, endpoint = STEPS[name], self._endpoint(request, endpoint_id)
        form = step.form(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                made = step.act(_actor(request), endpoint, form, timezone.now())
            except SentinelError as error:
                show_refusal(error, form)
            else:
                return self._done(request, endpoint, step, made)
        title = step.title.format(endpoint=endpoint)
        facts = {"form": form, "endpoint": endpoint, "step": step, "back_url": _page_of(endpoint)}
        return self._page(request, "step", title, facts)

    def _endpoint(self, request: HttpRequest, endpoint_id: Any) -> Endpoint:
        """The endpoint, for whoever may change it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(Endpoint.objects.select_related("client"), pk=endpoint_id)

    def _done(self, request: HttpRequest, endpoint: Endpoint, step: EndpointStep, made: Any) -> HttpResponse:
        if isinstance(made, str):
            return self._show_secret(request, endpoint, made)
        messages.success(request, step.done.format(made=made))
        if isinstance(made, Delivery):
            return HttpResponseRedirect(reverse("admin:webhooks_delivery_change", args=[made.pk]))
        return HttpResponseRedirect(_page_of(endpoint))

    def _show_secret(self, request: HttpRequest, endpoint: Endpoint, secret: str) -> HttpResponse:
        facts = {"endpoint": endpoint, "secret": secret, "back_url": _page_of(endpoint)}
        return self._page(request, "secret", "New signing secret", facts)

    def _page(self, request: HttpRequest, name: str, title: str, facts: dict[str, Any]) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "title": title, **facts}
        return TemplateResponse(request, f"admin/webhooks/endpoint/{name}.html", context)

    @admin.display(description="endpoint")
    def name(self, endpoint: Endpoint) -> SafeString | str:
        if not endpoint.description:
            return endpoint.url
        return format_html('{}<small class="under">{}</small>', endpoint.description, endpoint.url)

    @admin.display(description="state")
    def state_(self, endpoint: Endpoint) -> SafeString:
        """Failing: active, and nothing arrives."""
        is_failing = endpoint.state == EndpointState.ACTIVE and endpoint.failing_since
        return badge("failing" if is_failing else endpoint.state)

    @admin.display(description="hears of")
    def hears(self, endpoint: Endpoint) -> SafeString | str:
        words = hears_words(endpoint.event_types)
        if not endpoint.merchant_id:
            return words
        return format_html('{}<small class="under">only {}</small>', words, endpoint.merchant_id)

    @admin.display(description="arrived, 24 h")
    def arrived(self, endpoint: Any) -> str:
        return arrived_words(endpoint.health)

    @admin.display(description="p95, 24 h")
    def slowest(self, endpoint: Any) -> str:
        return milliseconds(endpoint.health.duration_ms_p95)

    @admin.display(description="oldest waits")
    def oldest(self, endpoint: Any) -> str:
        return oldest_words(endpoint.health)

    @admin.display(description="dead letters")
    def dead(self, endpoint: Any) -> SafeString | str:
        if not endpoint.health.dead:
            return NOTHING
        url = reverse("admin:webhooks_delivery_changelist")
        return format_html(
            '<a class="late" href="{}?endpoint={}&amp;state=dead">{}</a>',
            url,
            endpoint.public_id,
            endpoint.health.dead,
        )


def show_refusal(error: SentinelError, form: Any) -> None:
    """A refusal at the field it names, else above the form; what was typed stays."""
    for each in error.errors:
        name = each.field.partition(".")[0]
        # Events of transactions are open to every client: what can be wrong is one of the bank's own.
        name = "bank_events" if name == "event_types" else name
        form.add_error(name if name in form.fields else None, each.message)
    if not error.errors:
        form.add_error(None, error.detail)


def _actor(request: HttpRequest) -> str:
    return request.user.get_username()


def _page_of(endpoint: Endpoint) -> str:
    return reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])
