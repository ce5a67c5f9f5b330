"""A process that does the same few things again and again, until it is asked to stop."""

import logging
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from django.db import DatabaseError, InterfaceError, close_old_connections, connections

_SLICE_SECONDS = 0.1
_AWAY_SECONDS = 2.0
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Step:
    """Work that is done every so many seconds, counted from its end."""

    name: str
    every_seconds: float
    work: Callable[[], object]
    next_at: float = 0.0


class Loop:
    """SIGTERM and SIGINT end it after the step that is under way. A step that fails is logged and tried again later;
    while the database is away, connections are made anew.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._is_stopping = False

    def run(self) -> None:
        """Until a signal. Call in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        while not self._is_stopping:
            self._round()
            self._rest()

    def stop(self) -> None:
        self._is_stopping = True

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()

    def _round(self) -> None:
        for step in self._steps:
            if not self._is_stopping and step.next_at <= time.monotonic():
                step.next_at = time.monotonic() + self._do(step)

    def _do(self, step: Step) -> float:
        """How many seconds until the next time."""
        try:
            close_old_connections()
            step.work()
        except (DatabaseError, InterfaceError) as error:
            _logger.warning("%s: the database does not answer as it should: %s", step.name, type(error).__name__)
            connections.close_all()
            return max(step.every_seconds, _AWAY_SECONDS)
        except Exception:
            _logger.exception("%s failed", step.name)
        return step.every_seconds

    def _rest(self) -> None:
        """In slices: a sleep is not ended by a signal."""
        until = min(step.next_at for step in self._steps)
        while not self._is_stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_SECONDS))
