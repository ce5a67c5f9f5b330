"""Servers and processes of the suite's own, each behind a proxy or under a handle by which it is hurt.

PostgreSQL, Valkey, and RabbitMQ where it is installed; two web processes, relay, delivery worker and seal.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from sentinel.ops import state
from sentinel.ops.children import answers_ready, child_environment, manage
from sentinel.ops.embedded import postgres, valkey
from sentinel.ops.embedded.processes import Child, free_port, signal_group, spawn
from sentinel.ops.queues import DELIVERIES
from sentinel.ops.services import Services
from tests.faults.brokers import Broker, rabbitmq, valkey_broker
from tests.faults.proxy import Proxy
from tests.faults.sabotage import VARIABLE

START_SECONDS = 180
DISK_MIB, DISK_MIB_ROUND = 600, 500  # a broker whose disk is nearly full takes no messages
# What takes a day and a minute at a bank takes seconds here; nothing else is changed.
QUICK = {
    "SENTINEL_WEBHOOK_SCHEDULE_SECONDS": "0,0,1,1,1,2,2,2,3,3,3,3,3,3,3,3,3,3,3,3",
    "SENTINEL_WEBHOOK_TIMEOUT_SECONDS": "1",
    "SENTINEL_WEBHOOK_LEASE_SECONDS": "3",
    "SENTINEL_LOG_LEVEL": "WARNING",
    "SENTINEL_DB_ROLE": "runtime",
    "WEB_CONCURRENCY": "2",
}


class Handle:
    """A child process that is killed, frozen and started again, with all it forked."""

    def __init__(self, child: Child, log: Path) -> None:
        self.child, self._log = child, log
        self.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def start(self) -> None:
        """Comes back when it is ready; starts it again when it ends meanwhile, as a supervisor would."""
        until = time.monotonic() + START_SECONDS
        self._spawn()
        while not self.child.is_ready():
            if not self.is_running:
                time.sleep(0.3)  # what the former one left may not be gone yet
                self._spawn()
            if time.monotonic() > until:
                raise TimeoutError(f"{self.child.name} did not start; see {self._log}")
            time.sleep(0.05)

    def _spawn(self) -> None:
        with self._log.open("ab") as output:
            self._process = spawn(self.child, output)

    def kill(self) -> None:
        for pid in [*descendants(self.pid), self.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(10)

    def freeze(self) -> None:
        for pid in [self.pid, *descendants(self.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in [*descendants(self.pid), self.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def ensure(self) -> None:
        """Starts it when it does not run."""
        if not self.is_running:
            self.start()

    def become(self, child: Child) -> None:
        """Is killed and started again as another one."""
        self.kill()
        self.child = child
        self.start()

    def stop(self) -> None:
        signal_group(self._process, self.child.stop_signal)
        try:
            self._process.wait(self.child.stop_seconds)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass(slots=True)
class Ground:
    """Everything that a fault can reach. `services` are the addresses without proxies."""

    folder: Path
    services: Services
    postgres: Handle
    postgres_data: Path
    superuser_url: str
    valkey: Handle
    broker: Broker
    to_postgres: Proxy
    to_valkey: Proxy
    to_broker: Proxy
    to_web: Proxy
    environment: dict[str, str]
    base_url: str
    has_own_disk: bool
    processes: dict[str, Handle] = field(default_factory=dict)

    @property
    def web(self) -> Handle:
        return self.processes["web"]

    @property
    def database(self) -> str:
        """The name of the product's database."""
        return urlsplit(self.services.database_url).path.removeprefix("/")

    @property
    def model_folder(self) -> Path:
        return self.folder / "models"

    @property
    def proxied_url(self) -> str:
        """The same web processes, over a network that can fail."""
        return f"http://127.0.0.1:{self.to_web.port}"

    def start_processes(self) -> None:
        for child in _children(self.environment, self.base_url):
            self.processes[child.name] = Handle(child, self.folder / f"{child.name}.log")

    def start_again(self, name: str, *, sabotage: str = "") -> None:
        """A process as it should be, or with its clock moved, or with one promise taken away."""
        child = next(each for each in _children(self.environment, self.base_url) if each.name == name)
        if sabotage:
            environment = self.environment | {VARIABLE: sabotage}
            child = replace(child, command=_SABOTAGED[name], environment=environment)
        self.processes[name].become(child)

    def one_web_process(self) -> int:
        return max(descendants(self.web.pid))


@contextmanager
def ground(run: str, seed: int, rounds: int) -> Iterator[Ground]:
    """Lies in the project's own var/ and is wiped at the end. Root gives it a file system that can be filled."""
    folder = state.make_var_folder(state.make_var_folder(state.var_folder()) / f"faults-{run}")
    with ExitStack() as stack:
        stack.callback(_remove, folder)
        if has_own_disk := _mount(folder, DISK_MIB + rounds * DISK_MIB_ROUND):
            stack.callback(_unmount, folder)
        yield stack.enter_context(_started(folder, seed, has_own_disk))


def _mount(folder: Path, size_mib: int) -> bool:
    if os.geteuid() != 0:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m,mode=0711", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def _started(folder: Path, seed: int, has_own_disk: bool) -> Iterator[Ground]:
    with ExitStack() as stack:
        database, data, superuser_url, urls = _postgres(folder)
        stack.callback(database.stop)
        child, redis_url, _ = valkey.server(folder, state.secret(folder, "valkey_password"))
        cache = Handle(child, folder / "valkey.log")
        stack.callback(cache.stop)
        (folder / "broker").mkdir()
        broker = stack.enter_context(_broker(folder / "broker"))
        services = Services(*urls, redis_url, broker.url, {}, True)
        port = free_port()
        ports = *(_port(url) for url in (urls[0], redis_url, broker.url)), port
        proxies = [Proxy(each, seed=seed) for each in ports]
        for proxy in proxies:
            stack.callback(proxy.close)
        environment = child_environment(services, folder) | QUICK | _through(services, proxies)
        environment |= {"SENTINEL_BIND": f"127.0.0.1:{port}", "SENTINEL_REDIS_PREFIX": "faults"}
        found = Ground(
            folder=folder,
            services=services,
            postgres=database,
            postgres_data=data,
            superuser_url=superuser_url,
            valkey=cache,
            broker=broker,
            to_postgres=proxies[0],
            to_valkey=proxies[1],
            to_broker=proxies[2],
            to_web=proxies[3],
            environment=environment,
            base_url=f"http://127.0.0.1:{port}",
            has_own_disk=has_own_disk and data.resolve().is_relative_to(folder.resolve()),
        )
        stack.callback(_kill_all, found.processes)
        yield found


def _kill_all(processes: dict[str, Handle]) -> None:
    for handle in processes.values():
        handle.kill()


def _postgres(folder: Path) -> tuple[Handle, Path, str, tuple[str, str]]:
    secrets = [state.secret(folder, f"{name}_password") for name in ("postgres", "owner", "app")]
    passwords = postgres.Passwords(*secrets)
    cluster = postgres.prepare_cluster(folder, state.ROOT, passwords.superuser, for_tests=False)
    handle = Handle(postgres.server(cluster, passwords.superuser), folder / "postgres.log")
    superuser_url = cluster.url("postgres", passwords.superuser, "postgres")
    postgres.make_roles(superuser_url, passwords)
    runtime = cluster.url(postgres.APP_ROLE, passwords.app)
    return handle, cluster.data, superuser_url, (runtime, cluster.url(postgres.OWNER_ROLE, passwords.owner))


@contextmanager
def _broker(folder: Path) -> Iterator[Broker]:
    from tests.faults.brokers import RABBITMQ

    with (rabbitmq if RABBITMQ.exists() else valkey_broker)(folder) as broker:
        yield broker


def _through(services: Services, proxies: list[Proxy]) -> dict[str, str]:
    to_postgres, to_valkey, to_broker, _ = proxies
    return {
        "DATABASE_URL": _at(services.database_url, to_postgres.port),
        "REDIS_URL": _at(services.redis_url, to_valkey.port),
        "BROKER_URL": _at(services.broker_url, to_broker.port),
    }


def _gunicorn(settings: str) -> list[str]:
    return [sys.executable, "-m", "gunicorn", "-c", f"python:{settings}"]


_SABOTAGED = {
    "web": _gunicorn("tests.faults.sabotaged_gunicorn"),
    "relay": [sys.executable, "-m", "tests.faults.sabotage", "relay"],
}


def _children(environment: dict[str, str], base_url: str) -> list[Child]:
    web = _gunicorn("sentinel.ops.gunicorn_settings")
    celery = [sys.executable, "-m", "celery", "-A", "sentinel.celery", "worker", "-n", "deliveries@%h"]
    celery += ["-Q", DELIVERIES, "--pool", "threads", "--concurrency", "8", "--loglevel", "WARNING"]
    celery += ["--without-gossip", "--without-mingle"]
    return [
        Child("web", web, environment, state.ROOT, is_ready=lambda: answers_ready(base_url)),
        Child("relay", manage("relay"), environment, state.ROOT),
        Child("deliveries", celery, environment, state.ROOT),
        Child("seal", manage("seal_ledger"), environment, state.ROOT),
    ]


def descendants(pid: int) -> list[int]:
    """Children of a process, and theirs."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            if int((path / "stat").read_text().rpartition(") ")[2].split()[1]) == pid:
                found += [int(path.name), *descendants(int(path.name))]
    return found


def _port(url: str) -> int:
    return urlsplit(url).port or 0


def _at(url: str, port: int) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()


def _remove(folder: Path) -> None:
    state.wipe(folder)
    (folder / state.LOCK_NAME).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
