"""Gunicorn's settings, at home and in a container: `gunicorn -c python:sentinel.ops.gunicorn_settings`."""

import os
from signal import SIGTERM
from typing import Any

from sentinel.ops.embedded.processes import die_with_parent

wsgi_app = "sentinel.asgi:application"
worker_class = "uvicorn_worker.UvicornWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
bind = os.environ.get("SENTINEL_BIND", "127.0.0.1:8000")
control_socket_disable = True
timeout = 60
graceful_timeout = 5  # a live page holds its connection open for ever
keepalive = 75


def post_fork(server: Any, worker: Any) -> None:
    # This kind of worker does not notice by itself that gunicorn's master was killed.
    die_with_parent(SIGTERM, server.pid)
