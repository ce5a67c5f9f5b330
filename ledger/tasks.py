from celery import shared_task
from django.utils import timezone

from ledger.services import holds, keys
from sentinel.api.services import revoked_tokens_prune


@shared_task
def holds_expire() -> int:
    """Ends holds nobody decided in time. Runs every minute; what one run leaves, the next takes."""
    return holds.holds_expire(now=timezone.now())


@shared_task
def keys_forget() -> int:
    """Forgets idempotency keys older than the published number of days. Runs every hour."""
    return keys.keys_forget(now=timezone.now())


@shared_task
def tokens_prune() -> int:
    """Forgets revoked tokens that have expired by themselves. Runs every hour."""
    return revoked_tokens_prune(now=timezone.now())
