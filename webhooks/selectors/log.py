"""The log of deliveries as it is searched, and what its dead letters add up to. Nothing counts all of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from sentinel.core.ids import parse_public_id
from webhooks.models import Delivery, Endpoint
from webhooks.models.deliveries import DeliveryState
from webhooks.models.endpoints import EndpointState

DEAD_COUNTED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Overview:
    """`dead` stops at DEAD_COUNTED_MAX. `waiting_since`: when the oldest was made that is still to be sent."""

    states: dict[str, int]
    failing: int
    dead: int
    waiting_since: datetime | None

    @property
    def is_cut(self) -> bool:
        return self.dead >= DEAD_COUNTED_MAX


def webhooks_overview() -> Overview:
    failing = Count("pk", filter=Q(state=EndpointState.ACTIVE, failing_since__isnull=False))
    rows = list(Endpoint.objects.order_by().values("state").annotate(count=Count("pk"), failing=failing))
    counts = {row["state"]: row["count"] for row in rows}
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING, endpoint__state=EndpointState.ACTIVE)
    return Overview(
        states={state: counts.get(state, 0) for state in ("active", "paused", "disabled")},
        failing=sum(row["failing"] for row in rows),
        dead=Delivery.objects.filter(state=DeliveryState.DEAD).order_by("-id")[:DEAD_COUNTED_MAX].count(),
        waiting_since=waiting.aggregate(oldest=Min("created_at"))["oldest"],
    )


def deliveries_named(deliveries: QuerySet[Delivery], text: str) -> QuerySet[Delivery]:
    """Those that the text names: a delivery, an event, a transaction or an endpoint, by name or bare UUID.

    Each look-up goes by an index. The one of events begins with the endpoint, hence the list of all endpoints.
    """
    for prefix, field in (("dlv", "pk"), ("txn", "transaction_id"), ("we", "endpoint_id"), ("evt", "event_id")):
        if (named := parse_public_id(prefix, text)) is not None:
            return _by(deliveries, field, named)
    try:
        bare = UUID(text)
    except ValueError:
        return deliveries.none()
    kinds = (_by(deliveries, field, bare) for field in ("pk", "transaction_id", "event_id"))
    return next((found for found in kinds if found.exists()), deliveries.none())


def _by(deliveries: QuerySet[Delivery], field: str, value: UUID) -> QuerySet[Delivery]:
    if field == "event_id":
        return deliveries.filter(endpoint_id__in=Endpoint.objects.order_by().values("pk"), event_id=value)
    return deliveries.filter(**{field: value})
