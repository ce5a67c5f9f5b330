"""What every decision uses and that changes seldom: live ruleset, policy, champion. Kept in memory per process.

Each payment reads the configuration's epoch with its other Redis reads; when it has moved, or cannot be read, the
process looks again in PostgreSQL. Looking again happens beside the payments that are under way, never between them.
"""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime

from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from rules.domain.compiler import CompiledRuleset
from rules.selectors import ruleset_load_live
from scoring.domain.policy import Policy
from scoring.selectors.models import champion_load
from scoring.selectors.policies import policy_load_live
from scoring.serving.champion import Champion
from scoring.serving.errors import ArtefactError

# Without an epoch to go by, memory is trusted for this long.
BLIND_TRUST_SECONDS = 2.0
# With an unchanged one for this long: whoever published may not have reached Redis.
TRUST_SECONDS = 30.0

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Configuration:
    ruleset_version: int
    ruleset: CompiledRuleset
    policy: Policy
    champion: Champion | None
    reload_at: datetime | None = None  # when an item of a list expires


@dataclass(slots=True)
class _Memory:
    configuration: Configuration | None = None
    epoch: bytes | None = None
    loaded_at_seconds: float = 0.0


_memory = _Memory()
_locks: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}


async def configuration_current(epoch: bytes | None) -> Configuration:
    """The configuration of an epoch as just read from Redis; None when Redis has none or cannot be read."""
    if (known := _known(epoch)) is not None:
        return known
    lock = _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with lock:
        if (known := _known(epoch)) is None:
            known = await sync_to_async(_load_and_hang_up, thread_sensitive=False)()
            _memory.configuration, _memory.epoch, _memory.loaded_at_seconds = known, epoch, time.monotonic()
        return known


def configuration_load() -> Configuration:
    ruleset = ruleset_load_live(now=timezone.now())
    return Configuration(
        ruleset.version, ruleset.compiled, policy_load_live(), _champion_or_none(), ruleset.reload_at
    )


def _load_and_hang_up() -> Configuration:
    """In a thread of its own, whose database connection nobody else would close."""
    try:
        return configuration_load()
    finally:
        connections.close_all()


def configuration_forget() -> None:
    """Make the next payment look again. For tests, and after commands that change the configuration in-process."""
    _memory.configuration = None


def _known(epoch: bytes | None) -> Configuration | None:
    known = _memory.configuration
    if known is None or (known.reload_at is not None and known.reload_at <= timezone.now()):
        return None
    age_seconds = time.monotonic() - _memory.loaded_at_seconds
    if epoch is None or epoch != _memory.epoch:
        return known if epoch is None and age_seconds < BLIND_TRUST_SECONDS else None
    return known if age_seconds < TRUST_SECONDS else None


def _champion_or_none() -> Champion | None:
    """A model that cannot be trusted is no model: payments go on with rules only, and say so."""
    try:
        return champion_load(_memory.configuration.champion if _memory.configuration else None)
    except ArtefactError as error:
        _logger.error("the champion cannot be used: %s", error)
        return None
