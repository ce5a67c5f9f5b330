"""The web processes listen when they are ready, share their address with each other, and with nobody else."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from sentinel.ops.embedded.processes import free_port
from sentinel.ops.state import ROOT

# An application that takes its time before it is ready, and tells which process answers.
SLOW = """
import asyncio, os, time

time.sleep(1)


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await asyncio.sleep(1)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""
PATIENCE_SECONDS = 60


@contextmanager
def gunicorn(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    (folder / "slow.py").write_text(SLOW)
    told = {"SENTINEL_BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "2", "SENTINEL_DEVELOPMENT": "true"}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:sentinel.ops.gunicorn_settings"]
    server = subprocess.Popen(
        [*command, "--pythonpath", str(folder), "slow:application"],
        cwd=ROOT, env=os.environ | told, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield server
    finally:
        server.terminate()
        server.communicate(timeout=30)


def first_connection(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)
    raise TimeoutError


def test_who_gets_through_is_answered_at_once_and_by_each_of_the_processes(tmp_path):
    port = free_port()
    with gunicorn(tmp_path, port):
        first_connection(port)
        begun = time.monotonic()
        seen = {httpx.get(f"http://127.0.0.1:{port}/").text}
        answered_after = time.monotonic() - begun
        while len(seen) < 2:
            seen.add(httpx.get(f"http://127.0.0.1:{port}/").text)
            assert time.monotonic() < begun + PATIENCE_SECONDS

    assert answered_after < 0.9


def test_the_address_of_somebody_else_is_refused(tmp_path):
    port = free_port()
    with gunicorn(tmp_path, port):
        first_connection(port)
        with gunicorn(tmp_path, port) as second:
            _, words = second.communicate(timeout=PATIENCE_SECONDS)

    assert second.returncode == 1
    assert f"Cannot listen at 127.0.0.1:{port}: Address already in use." in words
