"""When each API key was last used, and from where: noted in memory, and written beside the requests.

At most once a minute per key, whichever process comes first. A process that is killed, or cannot reach the database,
loses what it has not written: no request waits for it.
"""

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock, Timer
from typing import NamedTuple

from django.db import connections, transaction
from django.db.models import Q

from sentinel.api.models import ApiKey
from sentinel.core.networks import address_read

EVERY_SECONDS = 60.0
GATHER_SECONDS = 1.0  # uses of several keys are written together

_logger = logging.getLogger(__name__)


class Use(NamedTuple):
    used_at: datetime
    address: str


class KeyUses:
    """Of one process. Keys are known by their prefix; only those of valid keys are noted, so they are few."""

    def __init__(self) -> None:
        self._quiet_until_seconds: dict[str, float] = {}
        self._noted: dict[str, Use] = {}
        self._one_at_a_time = Lock()

    def note(self, prefix: str, address: str) -> None:
        now_seconds = time.monotonic()
        if now_seconds < self._quiet_until_seconds.get(prefix, 0.0):
            return
        with self._one_at_a_time:
            self._quiet_until_seconds[prefix] = now_seconds + EVERY_SECONDS
            is_first = not self._noted
            self._noted[prefix] = Use(datetime.now(UTC), address)
        if is_first:
            self._write_soon()

    def write(self) -> None:
        """Writes what was noted, in the thread that calls; its database connections are closed afterwards."""
        with self._one_at_a_time:
            noted, self._noted = self._noted, {}
        try:
            uses_write(noted)
        except Exception as error:
            _logger.warning("the last use of %s API keys is not written: %s", len(noted), error)
        finally:
            connections.close_all()

    def _write_soon(self) -> None:
        timer = Timer(GATHER_SECONDS, self.write)
        timer.daemon = True
        timer.start()


@transaction.atomic
def uses_write(uses: Mapping[str, Use]) -> int:
    """Note uses of keys, unless another process did within the minute. Returns of how many."""
    written = 0
    for prefix, use in sorted(uses.items()):  # in one order everywhere, so that no two processes wait in a circle
        is_due = Q(last_used_at=None) | Q(last_used_at__lt=use.used_at - timedelta(seconds=EVERY_SECONDS))
        address = address_read(use.address)
        written += ApiKey.objects.filter(is_due, prefix=prefix).update(
            last_used_at=use.used_at, last_used_from=str(address) if address else None
        )
    return written


key_uses = KeyUses()
