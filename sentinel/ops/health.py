"""Probes: small questions to what this process depends on. Each app registers its own in `ready()`."""

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Lock

from django.db import connections

logger = logging.getLogger(__name__)

PROBE_SECONDS = 1.0
FRESH_SECONDS = 1.0  # within it a second asker gets the same answer: probes cost queries and need no log-in
PROBE_THREADS = 16


@dataclass(frozen=True)
class Probe:
    """`function` returns a short detail that anyone may read, or raises. A critical one decides readiness."""

    name: str
    function: Callable[[], str]
    critical: bool
    advice: str = ""


@dataclass(frozen=True)
class ProbeResult:
    name: str
    is_well: bool
    is_critical: bool
    detail: str
    latency_ms: float


class ProbeBoard:
    """The registered probes, run side by side, each within the time limit."""

    def __init__(self, *, timeout_seconds: float = PROBE_SECONDS, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._timeout_seconds, self._fresh_seconds = timeout_seconds, fresh_seconds
        self._probes: dict[str, Probe] = {}
        self._unfinished: dict[str, Future[ProbeResult]] = {}
        self._results: list[ProbeResult] = []
        self._results_at = float("-inf")
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(PROBE_THREADS, thread_name_prefix="probe")

    def register(self, name: str, function: Callable[[], str], *, critical: bool, advice: str = "") -> None:
        """Registers a probe; the same name replaces the earlier one."""
        self._probes[name] = Probe(name, function, critical, advice)

    @property
    def probes(self) -> list[Probe]:
        return list(self._probes.values())

    def run(self) -> list[ProbeResult]:
        with self._lock:
            if time.monotonic() - self._results_at >= self._fresh_seconds:
                self._results = self._ask(self._probes.values())
                self._results_at = time.monotonic()
            return self._results

    def _ask(self, probes: Iterable[Probe]) -> list[ProbeResult]:
        asked = {probe: self._future(probe) for probe in probes}
        wait(asked.values(), timeout=self._timeout_seconds)
        return [self._result(probe, future) for probe, future in asked.items()]

    def _future(self, probe: Probe) -> Future[ProbeResult]:
        # One that still hangs is not asked again, or hanging probes would use up every thread.
        hanging = self._unfinished.pop(probe.name, None)
        return hanging if hanging and not hanging.done() else self._threads.submit(run_probe, probe)

    def _result(self, probe: Probe, future: Future[ProbeResult]) -> ProbeResult:
        if future.done():
            return future.result()
        self._unfinished[probe.name] = future
        words = f"no answer within {self._timeout_seconds:g} s"
        return ProbeResult(probe.name, False, probe.critical, words, self._timeout_seconds * 1000)


def run_probe(probe: Probe) -> ProbeResult:
    started = time.monotonic()
    try:
        detail, is_well = probe.function(), True
    except Exception as error:
        # The answer is public, and an error's words may hold addresses and names: those go to the log.
        logger.warning("Probe %s failed: %s", probe.name, error)
        detail, is_well = type(error).__name__, False
    finally:
        connections.close_all()  # this thread's own; with a pool they go back to it
    latency_ms = round((time.monotonic() - started) * 1000, 1)
    return ProbeResult(probe.name, is_well, probe.critical, detail, latency_ms)


board = ProbeBoard()


def register_probe(name: str, function: Callable[[], str], *, critical: bool, advice: str) -> None:
    """`advice` is what an operator does when it is not well; `manage.py doctor` says it."""
    board.register(name, function, critical=critical, advice=advice)


def run_probes() -> list[ProbeResult]:
    """Every probe's result, at most `FRESH_SECONDS` old. Blocks up to `PROBE_SECONDS`."""
    return board.run()


def is_ready(results: Iterable[ProbeResult]) -> bool:
    return all(result.is_well for result in results if result.is_critical)


def degraded(results: Iterable[ProbeResult]) -> list[str]:
    """What is not well though decisions go on without it."""
    return [result.name for result in results if not result.is_well and not result.is_critical]
