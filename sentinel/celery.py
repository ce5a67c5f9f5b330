import logging.config
import os
import sys
from typing import Any

from celery import Celery, Task
from celery.result import AsyncResult
from celery.signals import beat_init, setup_logging, worker_init, worker_process_init, worker_ready
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from sentinel.ops.kept_warnings import keep_warnings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentinel.settings")

# How long whoever starts a task waits for the broker's word that it keeps the message.
CONFIRM_SECONDS = 5


class BoundedTask(Task):  # type: ignore[type-arg]
    """A broker that hangs keeps nobody waiting for ever."""

    abstract = True

    def apply_async(self, *args: Any, **options: Any) -> AsyncResult[Any]:
        bounds = {"timeout": CONFIRM_SECONDS, "confirm_timeout": CONFIRM_SECONDS}
        return super().apply_async(*args, **{**bounds, **options})


app = Celery("sentinel", task_cls=BoundedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="list_tasks")


@setup_logging.connect(weak=False)
def log_as_everybody(loglevel: int | str | None = None, **_: Any) -> None:
    """In the place of Celery's own lines. Its --loglevel goes for what it says itself."""
    logging.config.dictConfig(settings.LOGGING)
    if loglevel:
        logging.getLogger("celery").setLevel(loglevel)


@worker_ready.connect(weak=False)
@worker_process_init.connect(weak=False)
def warnings_of_worker(**_: Any) -> None:
    """Of the main process, and of each that it forks."""
    keep_warnings()


@worker_init.connect(weak=False)
@beat_init.connect(weak=False)
def refuse_unfit(**_: Any) -> None:
    from sentinel import checks

    try:
        checks.refuse_unfit()
    except ImproperlyConfigured as error:  # Celery notes what a receiver raises, and goes on
        sys.exit(f"{error}")
