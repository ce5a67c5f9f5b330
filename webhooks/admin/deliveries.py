"""The log: what was sent where and what became of it. Read-only; a replay puts deliveries back in the queue."""

from typing import Any
from urllib.parse import urlencode

import orjson
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin, RecordedFilter, choice_filter, mode_filter
from ledger.admin.confirm import TOGETHER_MAX
from ledger.admin.words import badge, moment, zoned
from sentinel.core.ids import parse_public_id
from webhooks.admin.replaying import can_be_replayed, replay_view
from webhooks.admin.words import EVENT_WORDS, endpoint_link, next_words, transaction_short_link
from webhooks.domain.bodies import event_public_id
from webhooks.models import Delivery, Endpoint
from webhooks.models.deliveries import DeliveryState
from webhooks.models.endpoints import EndpointState
from webhooks.selectors.log import deliveries_named

ENDPOINTS_LISTED = 20  # in the filter; others are reached from their own page
ATTEMPTS_SHOWN = 50  # the newest: a delivery that was replayed again and again has more

_NOT_NARROWING = ("p", "o", "all", "e")


class MadeFilter(RecordedFilter):
    title = "made"
    parameter_name = "made"


class EndpointFilter(admin.SimpleListFilter):
    """The newest endpoints, and the one that was asked for."""

    title = "endpoint"
    parameter_name = "endpoint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        listed = list(Endpoint.objects.exclude(state=EndpointState.DELETED).order_by("-id")[:ENDPOINTS_LISTED])
        asked = parse_public_id("we", request.GET.get(self.parameter_name, ""))
        if asked and asked not in {endpoint.pk for endpoint in listed}:
            listed += Endpoint.objects.filter(pk=asked)
        return [(endpoint.public_id, str(endpoint)) for endpoint in listed]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        named = parse_public_id("we", self.value() or "")
        return queryset.filter(endpoint_id=named) if named else queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("made", "event_type", "endpoint_", "state_", "tries", "next", "transaction_")
    list_display_links = ("made",)
    list_select_related = ("endpoint",)
    list_filter = (
        choice_filter("state", "state", {"waiting": "Waiting", "delivered": "Delivered", "dead": "Dead letters"}),
        MadeFilter,
        EndpointFilter,
        choice_filter("event", "event_type", {name: name for name in EVENT_WORDS}),
        mode_filter("endpoint__client__livemode"),
    )
    search_fields = ("id",)
    search_help_text = "A whole evt_…, txn_…, dlv_… or we_… id."
    ordering = ("-id",)
    sortable_by = ()
    actions = ("replay",)
    change_list_template = "admin/webhooks/delivery/list.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        return deliveries_named(queryset, text) if text else queryset, False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """By UUID or by the name the API uses."""
        named = parse_public_id("dlv", object_id)
        return super().get_object(request, str(named) if named else object_id, from_field)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_delivery")

    def get_urls(self) -> list[Any]:
        replay = self.admin_site.admin_view(self.replay_page)
        return [path("replay/", replay, name="webhooks_delivery_replay"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the way to replay what is listed, once a filter or a search has narrowed it."""
        narrowed = _narrowed(request) if self.has_replay_permission(request) else {}
        url = f"{reverse('admin:webhooks_delivery_replay')}?{urlencode(narrowed)}" if narrowed else None
        return super().changelist_view(request, {**(extra_context or {}), "replay_url": url})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        delivery = self.get_object(request, object_id)
        if delivery is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            **_delivery_page(delivery),
            "title": "Delivery",
            "may_replay": self.has_replay_permission(request) and can_be_replayed(delivery),
        }
        return TemplateResponse(request, "admin/webhooks/delivery/page.html", context)

    @admin.action(description="Replay selected deliveries", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse | None:
        chosen = list(queryset.values_list("pk", flat=True)[: TOGETHER_MAX + 1])
        if len(chosen) > TOGETHER_MAX:
            self.message_user(request, f"Choose at most {TOGETHER_MAX} deliveries at a time.", messages.ERROR)
            return None
        url = reverse("admin:webhooks_delivery_replay")
        return HttpResponseRedirect(f"{url}?ids={','.join(pk.hex for pk in chosen)}")

    def replay_page(self, request: HttpRequest) -> HttpResponse:
        """Those in `ids`, or those that the list shows under the same filter and search."""
        if not self.has_replay_permission(request):
            raise PermissionDenied
        if "ids" in request.GET:
            names = request.GET["ids"].split(",")[:TOGETHER_MAX]
            chosen = [named for name in names if (named := parse_public_id("dlv", f"dlv_{name}"))]
            return replay_view(request, Delivery.objects.filter(pk__in=chosen))
        if not _narrowed(request):
            messages.error(request, "Narrow the list by a filter or a search first.")
            return HttpResponseRedirect(reverse("admin:webhooks_delivery_changelist"))
        return replay_view(request, self.get_changelist_instance(request).queryset)

    @admin.display(description=zoned("made"))
    def made(self, delivery: Delivery) -> SafeString:
        return moment(delivery.created_at)

    @admin.display(description="endpoint")
    def endpoint_(self, delivery: Delivery) -> SafeString:
        return endpoint_link(delivery.endpoint)

    @admin.display(description="state")
    def state_(self, delivery: Delivery) -> SafeString:
        return badge(delivery.state)

    @admin.display(description="tries")
    def tries(self, delivery: Delivery) -> int:
        return delivery.attempts_made

    @admin.display(description="next try")
    def next(self, delivery: Delivery) -> str | None:
        return next_words(delivery, timezone.now()) or None

    @admin.display(description="transaction")
    def transaction_(self, delivery: Delivery) -> SafeString:
        return transaction_short_link(delivery.transaction_id)


def _narrowed(request: HttpRequest) -> dict[str, str]:
    """The filters and the search of a list's address, without its page; what is empty narrows nothing."""
    return {name: str(value) for name, value in request.GET.items() if value and name not in _NOT_NARROWING}


def _delivery_page(delivery: Delivery) -> dict[str, Any]:
    attempts = list(delivery.attempts.order_by("-id")[:ATTEMPTS_SHOWN])
    return {
        "delivery": delivery,
        "endpoint": delivery.endpoint,
        "event_name": event_public_id(delivery.event_id),
        "event_words": EVENT_WORDS.get(delivery.event_type, ""),
        "body": _indented(delivery.body),
        "attempts": attempts,
        "last": attempts[0] if attempts else None,
        "is_waiting": delivery.state == DeliveryState.WAITING,
        "now": timezone.now(),
    }


def _indented(body: str) -> str:
    """As people read JSON; as it is when it is none."""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body
