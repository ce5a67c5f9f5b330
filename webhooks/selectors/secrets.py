from datetime import datetime
from uuid import UUID

from django.db.models import Q

from webhooks.models import EndpointSecret


def signing_secrets(endpoint_id: UUID, now: datetime) -> list[bytes]:
    """The encrypted secrets that sign now, the newest first: two while one takes over from the other."""
    valid = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    found = EndpointSecret.objects.filter(valid, endpoint_id=endpoint_id).order_by("-id")
    return [bytes(encrypted) for encrypted in found.values_list("encrypted", flat=True)]
