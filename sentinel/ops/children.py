"""The product's own processes: how each is started and told to be ready."""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from signal import SIGKILL

from sentinel.env import env_int
from sentinel.ops import queues, state
from sentinel.ops.console import Refusal
from sentinel.ops.embedded.processes import Child, free_port
from sentinel.ops.services import Services

PREFERRED_PORT = 8000
READY_SECONDS = 120
# Never through a proxy: whatever is asked here runs on this machine.
loopback = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def child_environment(services: Services, folder: Path) -> dict[str, str]:
    return {
        "SENTINEL_DEVELOPMENT": "true",
        "SENTINEL_SECRET_KEY": state.secret(folder, "secret_key"),
        **os.environ,
        **services.environment(),
        "SENTINEL_VAR_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "sentinel.settings",
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def manage(*words: str) -> list[str]:
    return [sys.executable, str(state.ROOT / "manage.py"), *words]


def background_children(environment: dict[str, str]) -> list[Child]:
    celery = [sys.executable, "-m", "celery", "-A", "sentinel.celery"]
    quick = ["--without-gossip", "--without-mingle"]  # one worker has no neighbours to ask
    of_tasks = ["-n", "tasks@%h", "-Q", queues.TASKS, "--concurrency", "2", "--loglevel", "INFO"]
    of_deliveries = ["-n", "deliveries@%h", "-Q", queues.DELIVERIES, "--pool", "threads", "--loglevel", "WARNING"]
    threads = str(env_int("SENTINEL_DELIVERY_THREADS", 16, minimum=1))
    worker = [*celery, "worker", *of_tasks, *quick]
    deliverer = [*celery, "worker", *of_deliveries, "--concurrency", threads, *quick]
    beat = [*celery, "beat", "--loglevel", "INFO", "--pidfile="]
    return [
        # An orphan is killed at once: Celery's own processes follow it, and an unfinished task is delivered again.
        Child("worker", worker, environment, state.ROOT, death_signal=SIGKILL, stop_seconds=5, echo=True),
        Child("deliveries", deliverer, environment, state.ROOT, death_signal=SIGKILL, stop_seconds=5, echo=True),
        Child("relay", manage("relay"), environment, state.ROOT, echo=True),
        Child("verdicts", manage("apply_verdicts"), environment, state.ROOT, echo=True),
        Child("seal", manage("seal_ledger"), environment, state.ROOT, echo=True),
        Child("beat", beat, environment, state.ROOT, death_signal=SIGKILL, echo=True),
    ]


def web_child(environment: dict[str, str], port: int, base_url: str) -> Child:
    command = [sys.executable, "-m", "gunicorn", "-c", "python:sentinel.ops.gunicorn_settings"]
    return Child(
        "web", command, {**environment, "SENTINEL_BIND": f"127.0.0.1:{port}"}, state.ROOT,
        is_ready=lambda: answers_ready(base_url), ready_seconds=READY_SECONDS, echo=True,
    )  # fmt: skip


def traffic_child(environment: dict[str, str], base_url: str, rate: float) -> Child:
    command = manage("traffic", "--rate", f"{rate:g}")
    return Child("traffic", command, {**environment, "SENTINEL_BASE_URL": base_url}, state.ROOT, echo=True)


def web_port(asked: int | None) -> int:
    if asked is None:
        return free_port(PREFERRED_PORT)
    if free_port(asked) != asked:
        raise Refusal(f"Port {asked} is taken. Choose another, or leave --port out.")
    return asked


def answers_ready(base_url: str) -> bool:
    try:
        with loopback.open(f"{base_url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
