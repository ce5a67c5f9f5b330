"""The service as it runs: gunicorn with several processes, on the test database."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
from django.conf import settings
from django.db import connection

START_TIMEOUT_SECONDS = 60


@contextmanager
def web_processes(count: int, port: int = 0, /, **environment: str) -> Iterator[str]:
    """The base URL of a service with `count` web processes, stopped at the end of the block. `port`: 0 for any."""
    port = port or free_port()
    command = [sys.executable, "-m", "gunicorn", "sentinel.asgi:application", "-w", str(count)]
    command += ["-k", "uvicorn_worker.UvicornWorker", "-b", f"127.0.0.1:{port}", "--no-control-socket"]
    command += ["--log-level", "warning"]
    server = subprocess.Popen(command, env=os.environ | service_environment() | environment)
    try:
        base_url = f"http://127.0.0.1:{port}"
        _wait_until_alive(server, base_url)
        yield base_url
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


@contextmanager
def celery_worker(queue: str) -> Iterator[None]:
    """A worker on the test database that takes the messages of one queue, stopped at the end of the block."""
    command = [sys.executable, "-m", "celery", "-A", "sentinel", "worker", "-Q", queue, "-P", "solo"]
    worker = subprocess.Popen([*command, "--loglevel", "warning"], env=os.environ | service_environment())
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)


def static_collected(folder: Path) -> dict[str, str]:
    """The environment of a service with its static files, which whole pages need."""
    told = {"SENTINEL_VAR_DIR": str(folder)}
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"]
    root = Path(__file__).parents[1]
    subprocess.run(command, cwd=root, env=os.environ | service_environment() | told, check=True)
    return told


def service_environment() -> dict[str, str]:
    database = connection.settings_dict
    user, password = settings.RUNTIME_DATABASE_USER, settings.RUNTIME_DATABASE_PASSWORD
    place = f"{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
    return {
        "DATABASE_URL": f"postgresql://{quote(str(user))}:{quote(str(password))}@{place}",
        "SENTINEL_DB_ROLE": "runtime",
        "SENTINEL_DB_POOL": "true",
        "SENTINEL_REDIS_PREFIX": settings.REDIS_KEY_PREFIX,
        "SENTINEL_DEVELOPMENT": "true",
        "SENTINEL_SECRET_KEY": settings.SECRET_KEY,
    }


def _wait_until_alive(server: subprocess.Popen[bytes], base_url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended while starting"
        try:
            if httpx.get(f"{base_url}/livez", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("the server did not start")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
