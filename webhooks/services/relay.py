"""The relay: hands out events and wakes workers, for as long as it runs. Several may run at once."""

import logging
import time
from collections.abc import Callable, Sequence
from threading import Event as Stop
from uuid import UUID

from django.db import connections
from django.utils import timezone

from webhooks.services.fan_out import BATCH, events_fan_out
from webhooks.services.waking import CHUNK, deliveries_wake

IDLE_SECONDS = 0.2
_TROUBLE_SECONDS = 1.0
_SAID_AGAIN_SECONDS = 60.0

Publish = Callable[[Sequence[UUID]], None]
_logger = logging.getLogger(__name__)


class Relay:
    """`run` returns when `stop` is set. Neither a database nor a broker that is away ends it: it waits for them."""

    def __init__(self, publish: Publish, *, sweeps: bool = True) -> None:
        self._publish, self._sweeps = publish, sweeps
        self.stop = Stop()
        self._said_at = float("-inf")

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                is_busy = self.tick()
            except Exception as error:
                self._say(error)
                connections.close_all()
                self.stop.wait(_TROUBLE_SECONDS)
                continue
            if not is_busy:
                self.stop.wait(IDLE_SECONDS)

    def tick(self) -> bool:
        """One look at both; whether there is likely more to do at once."""
        handed_out = events_fan_out(now=timezone.now())
        woken = deliveries_wake(publish=self._publish, now=timezone.now(), sweeps=self._sweeps)
        return handed_out == BATCH or woken >= CHUNK

    def _say(self, error: Exception) -> None:
        """Once a minute, not five times a second."""
        if time.monotonic() - self._said_at > _SAID_AGAIN_SECONDS:
            _logger.warning("the relay waits: %s: %s", type(error).__name__, error)
            self._said_at = time.monotonic()
