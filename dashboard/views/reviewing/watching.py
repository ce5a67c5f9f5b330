"""One look at the queue each second for everybody who has it open in this process, and none while nobody has."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.db import Error, close_old_connections, connection, transaction

from ledger.selectors.case_mark import cases_mark
from sentinel.ops.stopping import is_stopping

LOOK_SECONDS = 1.0
LOOK_TIMEOUT_MS = 2_000

logger = logging.getLogger(__name__)


class Watch:
    """The mark of the queue as this event loop saw it last. It is over when the process stops, or when the record
    cannot be read: whoever listens is let go then, so that their page says so and tries again.
    """

    def __init__(self) -> None:
        self.mark = ""
        self.is_over = False
        self.listeners = 0
        self._next = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def change(self, seen: str, *, seconds: float) -> None:
        """Comes back when the mark is another than was seen, or after so long."""
        if self.mark == seen and not self.is_over:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._next.wait(), seconds)

    def begin(self) -> None:
        """The first listener of all begins it; it goes on for those that come while it runs."""
        if self._task is None:
            self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        try:
            while self.listeners and not is_stopping():
                mark = await _mark_read()
                if mark != self.mark:
                    self.mark = mark
                    self._tell()
                await asyncio.sleep(LOOK_SECONDS)
        except Error as error:
            logger.warning("The queue cannot be watched: %s", error)
        finally:
            self.is_over = True
            self._tell()

    def _tell(self) -> None:
        told, self._next = self._next, asyncio.Event()
        told.set()


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = WeakKeyDictionary()


@asynccontextmanager
async def watching() -> AsyncIterator[Watch]:
    """Listens on this event loop's watch."""
    loop = asyncio.get_running_loop()
    watch = _watches.get(loop)
    if watch is None or watch.is_over:
        watch = _watches[loop] = Watch()
    watch.listeners += 1
    watch.begin()
    try:
        yield watch
    finally:
        watch.listeners -= 1


def listeners() -> int:
    return sum(watch.listeners for watch in _watches.values())


@sync_to_async(thread_sensitive=False)
def _mark_read() -> str:
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(LOOK_TIMEOUT_MS)])
            return cases_mark()
    finally:
        close_old_connections()  # back into the pool
