"""Warnings on their way to where people search them: gathered while a process works, stored by a thread of their own.

Nobody waits for it. When more come than can be stored, or the database is away, they are counted and given up: each
of them stands in the log as well.
"""

import logging
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from sentinel.core.masking import masked, on_one_line
from sentinel.ops import metrics
from sentinel.ops.machine import host_name
from sentinel.ops.request_ids import request_id_now

WAITING_MAX = 1000
ROWS_MAX = 100  # different ones of one moment
MESSAGE_MAX = 1000
STORE_EVERY_SECONDS = 5.0
_FINISH_SECONDS = 4.0


class GatheredWarning(NamedTuple):
    """Several that say the same are one. `request_id` is that of the first."""

    at_ns: int
    level: str
    logger: str
    message: str
    request_id: str
    occurrences: int


Store = Callable[[Sequence[GatheredWarning]], None]
_store: Store | None = None


def store_warnings_with(store: Store) -> None:
    """What writes them down. It may raise when it cannot."""
    global _store
    _store = store


class WarningKeeper(logging.Handler):
    """One per process; a process that was forked begins with a thread of its own."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._waiting: deque[tuple[int, logging.LogRecord, str]] = deque()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if threading.current_thread() is self._thread:  # what the storing itself complains of
            return
        metrics.LOG_RECORDS.labels(record.levelname.lower()).inc()
        if len(self._waiting) >= WAITING_MAX:
            metrics.NOT_KEPT.labels("warnings").inc()
            return
        self._waiting.append((time.time_ns(), record, request_id_now.get()))
        if self._thread is None or not self._thread.is_alive():
            self._wake = threading.Event()
            self._thread = threading.Thread(target=self._run, name="kept-warnings", daemon=True)
            self._thread.start()

    def finish(self) -> None:
        """Store what waits, and end the thread."""
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_FINISH_SECONDS)

    def _run(self) -> None:
        is_over = False
        while not is_over:
            is_over = self._wake.wait(STORE_EVERY_SECONDS)
            self._store_waiting()

    def _store_waiting(self) -> None:
        gathered = gather([self._waiting.popleft() for _ in range(len(self._waiting))])
        if not gathered or _store is None:
            return
        kept = gathered[:ROWS_MAX]
        try:
            _store(kept)
        except Exception:  # not to the log: it would come back here
            kept = []
        if lost := sum(each.occurrences for each in gathered[len(kept) :]):
            metrics.NOT_KEPT.labels("warnings").inc(lost)


def gather(records: Sequence[tuple[int, logging.LogRecord, str]]) -> list[GatheredWarning]:
    """One of each kind, in the order in which they came first."""
    first: dict[tuple[str, str, str], tuple[int, str]] = {}
    counts: Counter[tuple[str, str, str]] = Counter()
    for at_ns, record, request_id in records:
        key = record.levelname.lower(), record.name[:100], _message(record)
        first.setdefault(key, (at_ns, request_id))
        counts[key] += 1
    return [GatheredWarning(at_ns, *key, request_id, counts[key]) for key, (at_ns, request_id) in first.items()]


def _message(record: logging.LogRecord) -> str:
    text = record.msg if isinstance(record.msg, str) else repr(record.msg)
    with suppress(TypeError, ValueError):
        text = record.getMessage()
    if record.exc_info and record.exc_info[1]:
        text = f"{text}: {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
    return on_one_line(masked(text))[:MESSAGE_MAX]


def process_name() -> str:
    return f"{host_name()}:{os.getpid()}"


_keeper = WarningKeeper()


def keep_warnings() -> None:
    """From now on, of this process. A second time changes nothing."""
    if _keeper not in logging.getLogger().handlers:
        logging.getLogger().addHandler(_keeper)


def warnings_finish() -> None:
    """Before a process ends."""
    logging.getLogger().removeHandler(_keeper)
    _keeper.finish()
