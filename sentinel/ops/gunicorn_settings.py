"""Gunicorn's settings, at home and in a container: `gunicorn -c python:sentinel.ops.gunicorn_settings`."""

import os
import shutil
import socket
import sys
import tempfile
from signal import SIGTERM
from typing import Any

from sentinel.env import env_bool, env_choice
from sentinel.ops.embedded.processes import die_with_parent

wsgi_app = "sentinel.asgi:application"
worker_class = "uvicorn_worker.UvicornWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
bind = os.environ.get("SENTINEL_BIND", "127.0.0.1:8000")
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a sign of life waits for no disk
# Each process listens for itself, once its application has started. gunicorn's own socket would take connections
# before, and a payment that nginx sends there would wait until everything is imported.
reuse_port = True
timeout = 60
graceful_timeout = 5  # a live page holds its connection open for ever
keepalive = 75  # longer than nginx keeps a connection: who hangs up first never meets a request on its way
_log_format = env_choice(
    "SENTINEL_LOG_FORMAT", "plain" if env_bool("SENTINEL_DEVELOPMENT", False) else "json", "json", "plain"
)
# Its own lines look like all others.
logconfig_dict = {
    "formatters": {"generic": {"()": "sentinel.ops.log_format.formatter", "log_format": _log_format}},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["error_console"], "propagate": False}},
}


def on_starting(server: Any) -> None:
    """Processes count into files beside each other. A folder for each start: what an earlier one counted is over."""
    for address in server.address:
        _refuse_taken(address)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="sentinel-metrics-")


def post_fork(server: Any, worker: Any) -> None:
    # This kind of worker does not notice by itself that gunicorn's master was killed.
    die_with_parent(SIGTERM, server.pid)
    for early in worker.sockets:
        early.close()
    worker.sockets = []


def post_worker_init(worker: Any) -> None:
    """Bound, and refusing: uvicorn listens when the application has started."""
    worker.sockets = [_bound(address) for address in worker.cfg.address]


def _refuse_taken(address: tuple[str, int]) -> None:
    """Our own processes share the address with each other, and with nobody else."""
    try:
        _bound(address, is_shared=False).close()
    except OSError as error:
        sys.exit(f"Cannot listen at {address[0]}:{address[1]}: {error.strerror}.")


def _bound(address: tuple[str, int], *, is_shared: bool = True) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, is_shared)
    bound.bind(address)
    return bound


def child_exit(server: Any, worker: Any) -> None:
    """What a process counted stays counted; what it had under way is over."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
