"""The page before a replay: how many, of which kinds, and what is left out."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from sentinel.core.errors import SentinelError
from sentinel.core.ids import parse_public_id
from webhooks.models import Delivery
from webhooks.models.deliveries import DeliveryState
from webhooks.models.endpoints import EndpointState
from webhooks.services.recovery import REPLAYED_MAX, deliveries_replay, delivery_replay

_HEARING = (EndpointState.ACTIVE, EndpointState.PAUSED)


def can_be_replayed(delivery: Delivery) -> bool:
    """One that waits is sent anyway; one of an endpoint that is off would not be sent."""
    return delivery.state != DeliveryState.WAITING and delivery.endpoint.state in _HEARING


def replay_view(request: HttpRequest, chosen: QuerySet[Delivery]) -> HttpResponse:
    """Asks, then replays the oldest REPLAYED_MAX of them."""
    ended = chosen.exclude(state=DeliveryState.WAITING).filter(endpoint__state__in=_HEARING)
    found = list(ended.order_by("id").values_list("pk", flat=True)[: REPLAYED_MAX + 1])
    ids = found[:REPLAYED_MAX]
    back_url = _back_url(request)
    if request.method == "POST" and ids:
        _replay(request, Delivery.objects.filter(pk__in=ids))
        return HttpResponseRedirect(back_url)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Replay {len(ids):,} {'delivery' if len(ids) == 1 else 'deliveries'}?",
        "count": len(ids),
        "groups": _groups(ids),
        "is_cut": len(found) > REPLAYED_MAX,
        "replay_max": REPLAYED_MAX,
        "back_url": back_url,
    }
    return TemplateResponse(request, "admin/webhooks/delivery/replay.html", context)


def _replay(request: HttpRequest, deliveries: QuerySet[Delivery]) -> None:
    actor, now = request.user.get_username(), timezone.now()
    chosen = list(deliveries.select_related("endpoint")[:2])
    try:
        if len(chosen) == 1:
            delivery_replay(delivery=chosen[0], actor=actor, now=now)
            count = 1
        else:
            count = deliveries_replay(deliveries=deliveries, actor=actor, now=now)
    except SentinelError as error:
        messages.error(request, f"Nothing was replayed: {error.detail}")
    else:
        words = "1 delivery is" if count == 1 else f"{count:,} deliveries are"
        messages.success(request, f"{words} back in the queue, due now.")


def _groups(ids: list[Any]) -> list[dict[str, Any]]:
    """How many there are of each endpoint and state."""
    rows = Delivery.objects.filter(pk__in=ids).order_by("endpoint_id", "state").values("endpoint_id", "state")
    named = {each.endpoint_id: each.endpoint for each in _one_of_each(ids)}
    return [{**row, "endpoint": named[row["endpoint_id"]]} for row in rows.annotate(count=Count("pk"))]


def _one_of_each(ids: list[Any]) -> QuerySet[Delivery]:
    found = Delivery.objects.filter(pk__in=ids).select_related("endpoint__client")
    return found.order_by("endpoint_id", "id").distinct("endpoint_id")


def _back_url(request: HttpRequest) -> str:
    """The page of the one, else the list as it was."""
    names = request.GET.get("ids", "")
    if (one := parse_public_id("dlv", f"dlv_{names}")) is not None:
        return reverse("admin:webhooks_delivery_change", args=[one])
    return _log() if names else f"{_log()}?{request.GET.urlencode()}"


def _log() -> str:
    return reverse("admin:webhooks_delivery_changelist")
