"""A real nginx with the project's configuration, on ports of the test's own, before web processes of its own."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from sentinel.ops.embedded.processes import free_port
from sentinel.ops.state import ROOT
from tests.nginx_copy import NGINX, NginxCopy
from tests.servers import service_environment
from tests.tls_servers import Papers

START_SECONDS = 60


@dataclass
class Web:
    """One gunicorn with one web process, as a container of docker-compose.yml runs it."""

    port: int
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        told = {"SENTINEL_BIND": f"127.0.0.1:{self.port}", "WEB_CONCURRENCY": "1", "FORWARDED_ALLOW_IPS": "127.0.0.1"}
        command = [sys.executable, "-m", "gunicorn", "-c", "python:sentinel.ops.gunicorn_settings"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command, env=os.environ | service_environment() | self.environment | told,
                cwd=ROOT, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            with suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{self.port}/livez", timeout=2).status_code == 200:
                    return
            time.sleep(0.1)
        raise TimeoutError(self.log.read_text())

    def stop(self) -> int:
        """As an engine stops a container: SIGTERM, then ten seconds to end. The exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def kill(self) -> None:
        """kill -9, of the master and its web process."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(frozen=True)
class Proxy:
    secure_port: int
    plain_port: int
    authority: str
    log: Path

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.secure_port}"

    @property
    def plain_url(self) -> str:
        return f"http://127.0.0.1:{self.plain_port}"

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)


@contextmanager
def proxy(folder: Path, web_ports: list[int], told: Papers) -> Iterator[Proxy]:
    """Skips the test where nginx is not installed."""
    if NGINX is None:
        pytest.skip("nginx is not installed.")
    webs = [f"127.0.0.1:{port}" for port in web_ports]
    papers = (told.folder / "server.pem", told.folder / "server.key")
    copy = NginxCopy(folder, webs, free_port(), free_port(), *papers)
    copy.write()
    checked = subprocess.run([*copy.command(), "-t"], capture_output=True, text=True, check=False, timeout=20)
    assert checked.returncode == 0, checked.stderr
    server = subprocess.Popen(copy.command_to_serve(), start_new_session=True)
    try:
        _wait(server, copy.secure_port)
        yield Proxy(copy.secure_port, copy.plain_port, told.authority, copy.log)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, "nginx ended while starting"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError("nginx did not start")
