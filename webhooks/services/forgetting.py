from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from webhooks.models import Delivery
from webhooks.models.deliveries import DeliveryState
from webhooks.models.endpoints import EndpointState

_AT_ONCE = 1_000
_RUNS_MAX = 100


def deliveries_forget(*, now: datetime) -> int:
    """Forget ended deliveries of long ago, with their attempts; returns how many. The next run takes what is left.

    One that was made while its endpoint was being deleted never ends.
    """
    is_over = Q(state__in=DeliveryState.values[1:]) | Q(endpoint__state=EndpointState.DELETED)
    old = Delivery.objects.filter(is_over, created_at__lt=now - timedelta(days=settings.DELIVERY_DAYS)).order_by("id")
    forgotten = 0
    for _ in range(_RUNS_MAX):
        ids = list(old.values_list("pk", flat=True)[:_AT_ONCE])
        Delivery.objects.filter(pk__in=ids).delete()
        forgotten += len(ids)
        if len(ids) < _AT_ONCE:
            break
    return forgotten
