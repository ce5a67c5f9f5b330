from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ledger.services import holds, keys, label_imports, sampling
from ledger.services.reconciliation import reconciliations_write_due
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


@shared_task(time_limit=1800)
def label_import_continue(import_id: int) -> str:
    """Checks or adds a file of labels."""
    return label_imports.label_import_work(import_id=import_id, now=timezone.now())


@shared_task
def label_imports_continue() -> None:
    """Wakes up imports whose message or worker was lost. Runs every minute; one that is worked at is left alone."""
    for import_id in label_imports.label_imports_under_way():
        label_import_continue.delay(import_id)


@shared_task
def approved_sample() -> int:
    """Chooses approved payments that somebody looks at. Runs every minute; what one run leaves, the next takes."""
    return sampling.approved_sample(now=timezone.now())


@shared_task
def reconciliation_write() -> int:
    """Writes yesterday's file for the core ledger, where a folder is set. Runs every quarter of an hour."""
    folder = settings.RECONCILIATION_DIR
    return reconciliations_write_due(folder=Path(folder), now=timezone.now()) if folder else 0
