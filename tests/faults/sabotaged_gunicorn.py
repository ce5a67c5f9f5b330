"""Gunicorn's settings for a control: each web process is sabotaged before its first request."""

from typing import Any

from sentinel.ops import gunicorn_settings
from sentinel.ops.gunicorn_settings import *  # noqa: F403 - gunicorn reads the names of this module
from tests.faults.sabotage import apply


def post_worker_init(worker: Any) -> None:  # type: ignore[no-redef]
    gunicorn_settings.post_worker_init(worker)
    apply()
