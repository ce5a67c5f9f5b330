"""What every decision uses and that changes seldom: live ruleset, policy, champion. Kept in memory per process.

Each payment reads the configuration's epoch with its other Redis reads; when it has moved, or cannot be read, the
process looks again in PostgreSQL. Looking again happens beside the payments that are under way, never between them.
Payments wait for it, but not for long: while a list of a million items is loaded they go on with what was known.
"""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from ledger.services.failures import kind_and_place
from rules.domain.compiler import CompiledRuleset
from rules.lists_in_memory import lists_forget
from rules.selectors import LiveRuleset, ruleset_load_live
from scoring.domain.family_names import CARD_NAME, MOBILE_NAME
from scoring.domain.policy import Canary, Policy
from scoring.selectors.models import champion_load
from scoring.selectors.policies import policies_load
from scoring.serving.champion import Champion
from scoring.serving.errors import ArtefactError
from sentinel.core.errors import Unavailable

# How long payments wait for a look, counted from its start; then they use what was known before.
PATIENCE_SECONDS = 1.0
# Without an epoch to go by, memory is trusted for this long.
BLIND_TRUST_SECONDS = 2.0
# With an unchanged one for this long: whoever published may not have reached Redis.
TRUST_SECONDS = 30.0
# From half of that time on it is looked at again beside the payments, so that they seldom wait for it.
_LOOK_AHEAD = 0.5

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Configuration:
    ruleset_version: int
    ruleset: CompiledRuleset
    policy: Policy
    champion: Champion | None
    reload_at: datetime | None = None  # when a snooze or a break-glass ends
    canary: Canary | None = None
    mobile_champion: Champion | None = None  # scores mobile money, and decides no payment

    def policy_for(self, account_id: str) -> Policy:
        """The canary's for the accounts of its share."""
        return self.canary.policy if self.canary and self.canary.holds(account_id) else self.policy


@dataclass(slots=True)
class _Memory:
    configuration: Configuration | None = None
    epoch: bytes | None = None
    loaded_at_seconds: float = 0.0
    looking_since_seconds: float | None = None
    live: LiveRuleset | None = None


_memory = _Memory()
_locks: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}


async def configuration_current(epoch: bytes | None) -> Configuration:
    """The configuration of an epoch as just read from Redis; None when Redis has none or cannot be read."""
    if (known := _known(epoch)) is not None:
        if _memory.looking_since_seconds is None and _known(epoch, _LOOK_AHEAD) is None:
            asyncio.ensure_future(_look_again(epoch, _LOOK_AHEAD)).add_done_callback(_say_what_went_wrong)
        return known
    looking = asyncio.ensure_future(_look_again(epoch))
    if (known := _memory.configuration) is not None:
        await asyncio.wait({looking}, timeout=_patience_seconds())
        if not looking.done():
            looking.add_done_callback(_say_what_went_wrong)
            return known
    return await looking


async def _look_again(epoch: bytes | None, share: float = 1.0) -> Configuration:
    lock = _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with lock:
        if (known := _known(epoch, share)) is None:
            _memory.looking_since_seconds = time.monotonic()
            try:
                known = await sync_to_async(_load_and_hang_up, thread_sensitive=False)()
            finally:
                _memory.looking_since_seconds = None
            _memory.configuration, _memory.epoch, _memory.loaded_at_seconds = known, epoch, time.monotonic()
        return known


def _patience_seconds() -> float:
    since = _memory.looking_since_seconds
    return PATIENCE_SECONDS if since is None else max(0.0, since + PATIENCE_SECONDS - time.monotonic())


def _say_what_went_wrong(looking: "asyncio.Task[Configuration]") -> None:
    if not looking.cancelled() and isinstance(error := looking.exception(), Exception):
        _logger.warning("the configuration could not be loaded: %s", kind_and_place(error))


def configuration_load() -> Configuration:
    now, known = timezone.now(), _memory.configuration
    _memory.live = ruleset = ruleset_load_live(now, _memory.live)
    policies = policies_load(now=now)
    return Configuration(
        ruleset.version,
        ruleset.compiled,
        policies.live,
        _champion_or_none(CARD_NAME, known.champion if known else None),
        min(filter(None, (ruleset.reload_at, policies.reload_at)), default=None),
        policies.canary,
        _champion_or_none(MOBILE_NAME, known.mobile_champion if known else None),
    )


def _load_and_hang_up() -> Configuration:
    """In a thread of its own, whose database connection nobody else would close.

    Errors: Unavailable when the database cannot be reached, so that callers come again instead of giving up.
    """
    try:
        return configuration_load()
    except (OperationalError, InterfaceError) as error:
        raise Unavailable(retry_after_seconds=1) from error
    finally:
        connections.close_all()


def configuration_forget() -> None:
    """Make the next payment look again. For tests, and after commands that change the configuration in-process."""
    _memory.configuration = _memory.live = None
    lists_forget()


def _known(epoch: bytes | None, share: float = 1.0) -> Configuration | None:
    """What can be trusted, for no more than a share of the time that it may be."""
    known = _memory.configuration
    if known is None or (known.reload_at is not None and known.reload_at <= timezone.now()):
        return None
    age_seconds = time.monotonic() - _memory.loaded_at_seconds
    if epoch is None or epoch != _memory.epoch:
        return known if epoch is None and age_seconds < share * BLIND_TRUST_SECONDS else None
    return known if age_seconds < share * TRUST_SECONDS else None


def _champion_or_none(family: str, known: Champion | None) -> Champion | None:
    """A model that cannot be trusted is no model: payments go on with rules only, and say so."""
    try:
        return champion_load(known, family)
    except ArtefactError as error:
        _logger.error("the champion of %s cannot be used: %s", family, error)
        return None
