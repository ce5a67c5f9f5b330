"""Gathers concurrent payments of one process into groups.

While one group is being written the next one gathers, so groups grow with the load and a lonely payment waits for
nobody. A group starts as soon as one of GROUPS_AT_ONCE places is free.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from django.utils import timezone

from ledger.services.failures import kind_and_place
from scoring.services.deciding import decide
from scoring.services.payments import Answer, Payment, Result
from sentinel.core.errors import Conflict, SentinelError, Unavailable

GROUP_MAX = 64
GROUPS_AT_ONCE = 2
# Beyond this many waiting payments an honest "not now" is better than a slow answer.
WAITING_MAX = 2000

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Waiting:
    payment: Payment
    answered: asyncio.Future[Result]


@dataclass(slots=True)
class Intake:
    """One per event loop."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    running: set[asyncio.Task[None]] = field(default_factory=set)

    async def submit(self, payment: Payment) -> Answer:
        """The answer to one payment. Errors: whatever refuses it; Unavailable when too many wait.

        A client that hangs up stops waiting, but a payment that has begun is finished.
        """
        if len(self.waiting) >= WAITING_MAX:
            raise Unavailable("Too many payments are waiting.", retry_after_seconds=1)
        entry = _Waiting(payment, asyncio.get_running_loop().create_future())
        self.waiting.append(entry)
        self._start_groups()
        result = await entry.answered
        if isinstance(result, Answer):
            return result
        raise result

    def _start_groups(self) -> None:
        while self.waiting and len(self.running) < GROUPS_AT_ONCE:
            size = min(GROUP_MAX, len(self.waiting))
            group = [self.waiting.popleft() for _ in range(size)]
            task = asyncio.create_task(_run(group))
            self.running.add(task)
            task.add_done_callback(self._group_ended)

    def _group_ended(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        self._start_groups()


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


_intakes: WeakKeyDictionary[asyncio.AbstractEventLoop, Intake] = WeakKeyDictionary()


async def submit(payment: Payment) -> Answer:
    """Decide and record one payment, together with whichever others are under way. Errors: as Intake.submit."""
    return await _intakes.setdefault(asyncio.get_running_loop(), Intake()).submit(payment)
