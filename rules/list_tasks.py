from celery import shared_task
from django.utils import timezone

from rules.services import lists
from rules.services.list_import_work import list_import_work, list_imports_under_way


@shared_task(time_limit=1800)
def list_import_continue(import_id: int) -> str:
    """Checks or adds what was uploaded, from where the last worker left it."""
    return list_import_work(import_id)


@shared_task
def list_imports_continue() -> None:
    """Wakes up imports whose message or worker was lost. Runs every minute; one that is worked at is left alone."""
    for import_id in list_imports_under_way():
        list_import_continue.delay(import_id)


@shared_task
def list_items_expire() -> int:
    """Ends items whose time has come. Runs every minute; what one run leaves, the next takes."""
    return lists.list_items_expire(now=timezone.now())
