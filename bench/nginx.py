"""`bench nginx`: what nginx with TLS costs a payment, and what two and four web processes behind it bring.

The project's own configuration, before web processes of a container's kind: each a gunicorn of its own.
"""

import argparse
import socket
import subprocess
from contextlib import suppress

from bench.own_service import finish_own, runner_of
from bench.run import Results
from bench.scenarios import BEHIND_NGINX
from bench.seeding import seed
from bench.stack import PROXY, PROXY_OF_FOUR, PROXY_OF_TWO, WEB, Server, Stack
from sentinel.ops.console import Refusal, say, step
from sentinel.ops.embedded.processes import Child, free_port
from sentinel.ops.state import ROOT
from sentinel.ops.supervisor import StopRequested
from tests.nginx_copy import NGINX, NginxCopy

HOST = "localhost"
_WEBS = (WEB, "web-2", "web-3", "web-4")
_PROXIES = {PROXY: 1, PROXY_OF_TWO: 2, PROXY_OF_FOUR: 4}


def measure(stack: Stack, options: argparse.Namespace, *, run: str) -> int:
    """The exit code. Whatever was measured is reported, however it ends."""
    if NGINX is None:
        raise Refusal("nginx is not installed. On Debian: apt-get install nginx.")
    seeded, results = seed(run=run, accounts=options.accounts), Results()
    for name in _WEBS:
        stack.start_server(name, 1)
    _make_certificate(stack)
    for name, count in _PROXIES.items():
        _start_proxy(stack, name, _WEBS[:count])
    runner = runner_of(stack, seeded, options, results, run)
    runner.scenarios = BEHIND_NGINX
    try:
        for number in range(1, options.rounds + 1):
            runner.round(tuple(BEHIND_NGINX), f"round {number}/{options.rounds}")
    except (StopRequested, KeyboardInterrupt):
        say("\nStopped. What was measured until then:")
        finish_own(stack, options, results)
        return 130
    return finish_own(stack, options, results)


def _make_certificate(stack: Stack) -> None:
    """As docs/deployment.md makes it: the kind of key decides what a handshake costs."""
    command = [str(ROOT / "docker/certificates.sh"), HOST, str(stack.folder / "papers")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def _start_proxy(stack: Stack, name: str, webs: tuple[str, ...]) -> None:
    folder, papers = stack.folder / name, stack.folder / "papers"
    folder.mkdir()
    behind = tuple(stack.servers[web] for web in webs)
    addresses = [f"{web.host}:{web.port}" for web in behind]
    copy = NginxCopy(folder, addresses, free_port(), free_port(), papers / "nginx.pem", papers / "nginx.key")
    copy.write()
    with step(name):
        stack.supervisor.start(
            Child(name, copy.command_to_serve(), folder=folder, is_ready=lambda: _answers(copy.secure_port))
        )
    pid = stack.supervisor.running[-1].process.pid
    stack.servers[name] = Server(HOST, copy.secure_port, pid, str(papers / "ca.pem"), behind)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
