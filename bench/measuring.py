"""One measurement: runs a plan in a process of its own, and counts what everybody's CPU did meanwhile."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import psycopg
from redis import Redis

from bench import meters
from bench.figures import percentile
from bench.plan import Load, Plan
from bench.stack import Server
from sentinel.ops import state
from sentinel.ops.console import Refusal
from sentinel.ops.embedded.processes import die_with_parent
from sentinel.ops.services import Services

_WRITTEN = "SELECT pg_current_wal_insert_lsn() - '0/0', pg_database_size(current_database())"
_PATIENCE_SECONDS = 120  # for starting, and for what is under way at the end


@dataclass(slots=True)
class Costs:
    """CPU seconds of each server and bytes the database wrote meanwhile, and others' share of the machine."""

    cpu_seconds: dict[str, float] = field(default_factory=dict)
    written: dict[str, float] = field(default_factory=dict)
    foreign_share: float = 0.0


class Meters:
    """Reads the CPU of database and cache where they run on this machine, and of the web servers it is told."""

    def __init__(self, services: Services) -> None:
        self._redis = Redis.from_url(services.redis_url)
        self._database_url = services.database_owner_url
        with psycopg.connect(self._database_url) as connection:
            backend = connection.info.backend_pid
            postmaster = meters.parent_pid(backend) if meters.is_local(backend, "postgres") else 0
        self._postmaster = postmaster if meters.is_local(postmaster, "postgres") else None
        self._redis_pid = int(self._redis.info("server")["process_id"])

    def read(self, server: Server) -> dict[str, float]:
        found = {}
        if webs := [one.pid for one in server.behind or (server,) if one.pid]:
            found["web"] = sum(meters.tree_cpu_seconds(pid) for pid in webs)
        if server.behind and server.pid:
            found["nginx"] = meters.tree_cpu_seconds(server.pid)
        if self._postmaster:
            found["postgres"] = meters.tree_cpu_seconds(self._postmaster)
        used = self._redis.info("cpu")
        found["redis"] = float(used["used_cpu_user"]) + float(used["used_cpu_sys"])
        return found

    def read_written(self) -> dict[str, float]:
        """Bytes of write-ahead log so far, and of the database with its indexes."""
        with psycopg.connect(self._database_url) as connection:
            wal, stored = connection.execute(_WRITTEN).fetchone() or (0, 0)
        return {"wal": float(wal), "stored": float(stored)}

    @contextmanager
    def counting(self, server: Server) -> Iterator[Costs]:
        costs, written = Costs(), self.read_written()
        before, busy, own, started = (
            self.read(server),
            meters.machine_busy_seconds(),
            _own_seconds(),
            time.monotonic(),
        )
        yield costs
        elapsed = time.monotonic() - started
        busy, own = meters.machine_busy_seconds() - busy, _own_seconds() - own
        costs.cpu_seconds = {name: seconds - before[name] for name, seconds in self.read(server).items()}
        costs.written = {name: found - written[name] for name, found in self.read_written().items()}
        foreign = busy - own - sum(costs.cpu_seconds.values())
        costs.foreign_share = max(0.0, foreign / (elapsed * (os.cpu_count() or 1)))


def run_load(plan: Plan) -> Load:
    """Errors: Refusal when the process fails. It is ended with whatever ends this one."""
    parent_pid = os.getpid()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=state.ROOT,
        text=True,
        start_new_session=True,  # Ctrl-C reaches only the bench, which ends it
        preexec_fn=lambda: die_with_parent(signal.SIGKILL, parent_pid),
    )
    seconds = plan.warmup_seconds + plan.seconds + _PATIENCE_SECONDS
    try:
        output, _ = process.communicate(json.dumps(asdict(plan)), timeout=seconds)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        raise Refusal(f"The load generator failed with exit code {process.returncode}; see above.")
    return Load.from_json(json.loads(output))


def figures_of(load: Load, costs: Costs | None) -> dict[str, float]:
    """The figures of one round. CPU is per item: per payment, also when a request carries many."""
    figures = {
        "per_second": load.items / load.seconds,
        "p50_ms": percentile(load.latencies_ms, 0.50),
        "p99_ms": percentile(load.latencies_ms, 0.99),
    }
    if costs is not None:
        items = max(1, load.items_in_all)
        spent = {**costs.cpu_seconds, "load": load.cpu_seconds}
        figures |= {f"cpu_us.{name}": seconds / items * 1e6 for name, seconds in spent.items()}
        figures |= {f"{name}_bytes": count / items for name, count in costs.written.items()}
        figures["foreign_share"] = costs.foreign_share
    return figures


def _own_seconds() -> float:
    """Of this process and of the children it has waited for: the load generator."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
