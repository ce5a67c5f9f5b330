"""What each rule costs: now and then a web process times every rule alone, and tells Redis the sums.

Measuring and telling happen while the payments of the group are being written, never before their answer.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Mapping

from django.conf import settings
from redis import RedisError

from rules.domain.compiler import CompiledRuleset
from sentinel.core.catalogue import Values
from sentinel.ops.connections import redis_ask, redis_from_services, redis_key
from sentinel.ops.redis_line import Command

_FLUSH_SECONDS = 10.0
_KEPT_SECONDS = 7 * 86_400
_ERROR_LENGTH_MAX = 200

_logger = logging.getLogger(__name__)


class Meter:
    """Of one web process. `is_due` is asked for every group of payments, and is all that most of them cost."""

    def __init__(self) -> None:
        self._waited = 0
        self._costs_ns: dict[int, int] = defaultdict(int)
        self._samples: dict[int, int] = defaultdict(int)
        self._told_at_seconds = self._errors_told_at_seconds = -_FLUSH_SECONDS
        self._telling: set[asyncio.Task[None]] = set()

    def is_due(self, ruleset: CompiledRuleset, payments: int) -> bool:
        """Whether one of these payments is to be timed, or a rule has failed and its error has to be told."""
        self._waited += payments
        return payments > 0 and (self._waited >= settings.RULE_COST_SAMPLE or bool(ruleset.errors))

    def measure_soon(self, ruleset: CompiledRuleset, values: Values, scored: Values) -> None:
        """Times the rules on one payment, as soon as the event loop has nothing else to do for its group."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a command that assesses has nobody to tell
            return
        if self._waited >= settings.RULE_COST_SAMPLE:
            self._waited = 0
            loop.call_soon(self._measure, ruleset, values, scored)
        if ruleset.errors and time.monotonic() - self._errors_told_at_seconds > _FLUSH_SECONDS:
            self._errors_told_at_seconds = time.monotonic()
            errors = dict(ruleset.errors)
            ruleset.errors.clear()
            self._tell([_error_command(version_id, error) for version_id, error in errors.items()])

    def _measure(self, ruleset: CompiledRuleset, values: Values, scored: Values) -> None:
        for rules, seen in ((ruleset.first, values), (ruleset.second, scored)):
            if not rules.is_prepared:
                asyncio.get_running_loop().run_in_executor(None, rules.prepare)
                continue
            for version_id, cost_ns in rules.time_each(seen, time.perf_counter_ns):
                self._costs_ns[version_id] += cost_ns
                self._samples[version_id] += 1
        if self._samples and time.monotonic() - self._told_at_seconds > _FLUSH_SECONDS:
            self._told_at_seconds = time.monotonic()
            self._tell(_cost_commands(self._costs_ns, self._samples))
            self._costs_ns.clear()
            self._samples.clear()

    def _tell(self, commands: list[Command]) -> None:
        task = asyncio.create_task(_tell_redis(commands))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


METER = Meter()


async def _tell_redis(commands: list[Command]) -> None:
    try:
        await redis_ask(commands)
    except RedisError as error:
        _logger.warning("costs of rules are lost: %s", error)


def _cost_commands(costs_ns: Mapping[int, int], samples: Mapping[int, int]) -> list[Command]:
    key = _costs_key()
    commands: list[Command] = []
    for version_id, count in samples.items():
        commands.append(("HINCRBY", key, f"{version_id}:ns", costs_ns[version_id]))
        commands.append(("HINCRBY", key, f"{version_id}:samples", count))
    return [*commands, ("EXPIRE", key, _KEPT_SECONDS)]


def _error_command(version_id: int, error: str) -> Command:
    return ("HSET", _errors_key(), version_id, error[:_ERROR_LENGTH_MAX])


def costs_collect() -> dict[int, tuple[int, int]]:
    """Nanoseconds and samples by version since the last call. Empty when Redis is away.

    What is read is taken off, so that what comes in meanwhile is kept. A crash right after loses a minute of samples.
    """
    try:
        with redis_from_services() as client:
            found = {name.decode(): int(count) for name, count in client.hgetall(_costs_key()).items()}
            told = {name: count for name, count in found.items() if count}
            with client.pipeline(transaction=False) as pipeline:
                for name, count in told.items():
                    pipeline.hincrby(_costs_key(), name, -count)
                pipeline.execute()
    except RedisError as error:
        _logger.warning("costs of rules cannot be read: %s", error)
        return {}
    versions = {int(name.partition(":")[0]) for name in told}
    return {each: (told.get(f"{each}:ns", 0), told.get(f"{each}:samples", 0)) for each in versions}


def errors_told() -> dict[int, str]:
    """The last error of each version that could not be evaluated. Empty when Redis is away."""
    try:
        with redis_from_services() as client:
            return {int(version_id): error.decode() for version_id, error in client.hgetall(_errors_key()).items()}
    except RedisError as error:
        _logger.warning("errors of rules cannot be read: %s", error)
        return {}


def _costs_key() -> str:
    return redis_key("rule_costs")


def _errors_key() -> str:
    return redis_key("rule_errors")
