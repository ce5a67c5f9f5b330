"""A real nginx with the project's configuration, on ports of the test's own, before web processes of its own."""

import os
import re
import shutil
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
from tests.servers import service_environment
from tests.tls_servers import Papers

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
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


def configuration(folder: Path, web_ports: list[int], secure_port: int, plain_port: int, told: Papers) -> Path:
    """A copy of nginx/ for one machine: other ports, other certificates, folders that belong to the test."""
    shutil.copytree(ROOT / "nginx", folder / "nginx")
    servers = "".join(f"    server 127.0.0.1:{port} max_fails=2 fail_timeout=5s;\n" for port in web_ports)
    main, snippets = folder / "nginx/nginx.conf", folder / "nginx/snippets"
    change(main, {
        " /tmp/": f" {folder}/",
        "/srv/sentinel": str(folder),
        "listen 8080 default_server": f"listen 127.0.0.1:{plain_port} default_server",
        "listen 8443 ssl": f"listen 127.0.0.1:{secure_port} ssl",
        "worker_processes auto": "worker_processes 1",
        "/dev/stdout": str(folder / "access.log"), "/dev/stderr": str(folder / "error.log"),
    })  # fmt: skip
    change(snippets / "tls.conf", {
        "/run/secrets/nginx.pem": str(told.folder / "server.pem"),
        "/run/secrets/nginx.key": str(told.folder / "server.key"),
    })  # fmt: skip
    upstream = snippets / "upstream.conf"
    kept, count = re.subn(r"    server web-\d:8000[^\n]*\n", "", upstream.read_text())
    assert count == 2
    upstream.write_text(kept.replace("    least_conn;\n", f"    least_conn;\n{servers}"))
    return main


def change(path: Path, words: dict[str, str]) -> None:
    text = path.read_text()
    for old, new in words.items():
        assert old in text, (path, old)
        text = text.replace(old, new)
    path.write_text(text)


@contextmanager
def proxy(folder: Path, web_ports: list[int], told: Papers) -> Iterator[Proxy]:
    """Skips the test where nginx is not installed."""
    if NGINX is None:
        pytest.skip("nginx is not installed.")
    secure_port, plain_port = free_port(), free_port()
    main = configuration(folder, web_ports, secure_port, plain_port, told)
    command = [NGINX, "-c", str(main), "-p", str(folder), "-e", str(folder / "error.log")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False, timeout=20)
    assert checked.returncode == 0, checked.stderr
    # Root's nginx would go on as a user whom pytest's folders are closed to; at a bank it never is root.
    own_user = "user root; " if os.geteuid() == 0 else ""
    server = subprocess.Popen([*command, "-g", f"{own_user}daemon off;"], start_new_session=True)
    try:
        _wait(server, secure_port)
        yield Proxy(secure_port, plain_port, told.authority, folder / "access.log")
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
