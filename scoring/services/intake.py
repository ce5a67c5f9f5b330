"""Gathers concurrent payments of one process into groups.

While one group is being written the next one gathers, so groups grow with the load and a lonely payment waits for
nobody. Beside a group that is under way a second one starts when it is worth it. Single payments and those of bulk
requests have lanes of their own, so that neither waits behind the other.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from django.conf import settings
from django.utils import timezone

from ledger.services.failures import kind_and_place
from scoring.services.deciding import decide
from scoring.services.payments import Answer, Payment, Result
from sentinel.core.errors import Conflict, SentinelError, Unavailable

GROUPS_AT_ONCE = 2
# Beside a group that is under way, fewer are not worth a database transaction of their own; unless it takes long.
SECOND_GROUP_MIN = 16
SECOND_GROUP_AFTER_SECONDS = 0.02
BULK_GROUP_MAX = 128
BULK_GROUPS_AT_ONCE = 3
BULK_WAITING_MAX = 10_000
BULK_DEADLINE_SECONDS = 20

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Waiting:
    payment: Payment
    answered: asyncio.Future[Result]
    since: float  # on the event loop's clock


@dataclass(slots=True)
class Lane:
    """One per event loop and kind of request."""

    group_max: int
    groups_at_once: int
    waiting_max: int
    deadline_seconds: float
    waiting: deque[_Waiting] = field(default_factory=deque)
    unanswered: deque[_Waiting] = field(default_factory=deque)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    clock: asyncio.TimerHandle | None = None

    def submit(self, payments: Sequence[Payment]) -> list[asyncio.Future[Result]]:
        """The answers to come, all or none. Errors: Unavailable when too many wait.

        A client that hangs up stops waiting, but a payment that has begun is finished.
        """
        if len(self.waiting) + len(payments) > self.waiting_max:
            raise Unavailable("Too many payments are waiting.", retry_after_seconds=1)
        loop = asyncio.get_running_loop()
        now = loop.time()
        entries = [_Waiting(payment, loop.create_future(), now) for payment in payments]
        self.waiting.extend(entries)
        self.unanswered.extend(entries)
        if self.clock is None:
            self.clock = loop.call_at(now + self.deadline_seconds, self._answer_the_late)
        if not self.running:
            # Not at once: those that have arrived in the same moment come along.
            loop.call_soon(self._start_groups)
        elif len(self.running) < self.groups_at_once:
            self._start_groups()
            loop.call_later(SECOND_GROUP_AFTER_SECONDS, self._start_groups)
        return [entry.answered for entry in entries]

    def _start_groups(self) -> None:
        while self._has_room() and (group := self._next_group()):
            task = asyncio.create_task(_run(group))
            self.running.add(task)
            task.add_done_callback(self._group_ended)

    def _has_room(self) -> bool:
        if not self.running or not self.waiting:
            return True
        waited_seconds = asyncio.get_running_loop().time() - self.waiting[0].since
        is_worth_it = len(self.waiting) >= SECOND_GROUP_MIN or waited_seconds >= SECOND_GROUP_AFTER_SECONDS
        return is_worth_it and len(self.running) < self.groups_at_once

    def _next_group(self) -> list[_Waiting]:
        """Those whose answer is still awaited, the first ones first."""
        group: list[_Waiting] = []
        while self.waiting and len(group) < self.group_max:
            entry = self.waiting.popleft()
            if not entry.answered.done():
                group.append(entry)
        return group

    def _group_ended(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        self._start_groups()
        self._forget_answered()

    def _forget_answered(self) -> None:
        while self.unanswered and self.unanswered[0].answered.done():
            self.unanswered.popleft()

    def _answer_the_late(self) -> None:
        """A late answer is worth less than an honest one. What has begun is finished all the same."""
        loop = asyncio.get_running_loop()
        begun_before = loop.time() - self.deadline_seconds
        while self.unanswered and (self.unanswered[0].answered.done() or self.unanswered[0].since <= begun_before):
            entry = self.unanswered.popleft()
            if not entry.answered.done():
                words = "The payment could not be decided in time."
                entry.answered.set_result(Unavailable(words, retry_after_seconds=1))
        self.clock = None
        if self.unanswered:
            self.clock = loop.call_at(self.unanswered[0].since + self.deadline_seconds, self._answer_the_late)


async def _run(group: Sequence[_Waiting]) -> None:
    results = await _decide_apart([entry.payment for entry in group])
    for entry, result in zip(group, results, strict=True):
        # Cancelled when the client hung up meanwhile.
        if not entry.answered.done():
            entry.answered.set_result(result)


async def _decide_apart(payments: Sequence[Payment]) -> Sequence[Result]:
    """The results of a group. When the group fails, each member is tried alone, so that the bad one fails alone."""
    try:
        return await decide(payments, now=timezone.now())
    except Conflict as error:
        # One key or account is locked for too long; the others need not wait for it.
        return [error] if len(payments) == 1 else await _decide_one_by_one(payments)
    except SentinelError as error:
        return [error] * len(payments)
    except Exception as error:
        _logger.error("a group of %s payments failed: %s", len(payments), kind_and_place(error))
        return [InternalError()] if len(payments) == 1 else await _decide_one_by_one(payments)


async def _decide_one_by_one(payments: Sequence[Payment]) -> list[Result]:
    groups = await asyncio.gather(*(_decide_apart([payment]) for payment in payments))
    return [result for group in groups for result in group]


class InternalError(SentinelError):
    """Something we did not expect. Nothing of the payment was written."""

    code = "internal_error"
    title = "Something went wrong on our side"


@dataclass(slots=True)
class _Lanes:
    single: Lane
    bulk: Lane


def _new_lanes() -> _Lanes:
    deadline_seconds = settings.DECISION_DEADLINE_MS / 1000
    single = Lane(settings.GROUP_MAX, GROUPS_AT_ONCE, settings.WAITING_MAX, deadline_seconds)
    group_max = min(BULK_GROUP_MAX, 2 * settings.GROUP_MAX)
    bulk = Lane(group_max, BULK_GROUPS_AT_ONCE, BULK_WAITING_MAX, BULK_DEADLINE_SECONDS)
    return _Lanes(single, bulk)


_lanes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lanes] = WeakKeyDictionary()


def _lanes_here() -> _Lanes:
    loop = asyncio.get_running_loop()
    if loop not in _lanes:
        _lanes[loop] = _new_lanes()
    return _lanes[loop]


async def submit(payment: Payment) -> Answer:
    """Decide and record one payment, together with whichever others are under way.

    Errors: whatever refuses it; Unavailable when too many wait or it is not answered in time.
    """
    (answered,) = _lanes_here().single.submit([payment])
    result = await answered
    if isinstance(result, Answer):
        return result
    raise result


async def submit_bulk(payments: Sequence[Payment]) -> list[Result]:
    """One answer or refusal per payment, in their order. Errors: Unavailable when too many wait."""
    return [await answered for answered in _lanes_here().bulk.submit(payments)]
