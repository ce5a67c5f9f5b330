import os
from typing import Any

from celery import Celery, Task
from celery.result import AsyncResult

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
