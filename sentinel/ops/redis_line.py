"""A thin line to Redis for the hot path: many callers ask over one connection, several commands at a time.

redis-py connects (address, TLS, credentials, database); its C parts write and read what follows. Its client, which
can do much more, took ten times as long for each command: as much as rules, model and features together.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import hiredis
from redis import ConnectionError as RedisConnectionError
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

PATIENCE_SECONDS = 0.5
# A Redis that is away is tried again so often; for so long after a failure nobody waits for what comes of it.
_TRY_AGAIN_SECONDS, _AWAY_SECONDS = 0.25, 1.0

Command = tuple[str | bytes | int, ...]
_pack: Any = hiredis.pack_command  # its own types know commands of one word only

_NOT_YET = object()


@dataclass(slots=True)
class _Asked:
    """Questions that were sent together, and the answers that have come."""

    questions: int
    answered: asyncio.Future[list[Any]]
    answers: list[Any] = field(default_factory=list)


class RedisLine(asyncio.Protocol):
    """Redis answers in the order of the questions, so callers need not wait for each other."""

    runs = ""  # of a cluster's nodes; see redis_cluster.py

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # asyncio cuts the connection when nobody holds them any more.
        self._streams = reader, writer
        self._transport = transport = writer.transport
        self._reader = hiredis.Reader(replyError=ResponseError, notEnoughData=_NOT_YET)
        self._asked: deque[_Asked] = deque()
        self.took_too_long = False
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """One answer per command. Errors: RedisError, also when the answers take too long."""
        answers = await self.answers(commands)
        if (error := first_error(answers)) is not None:
            raise error
        return answers

    async def answers(self, commands: Sequence[Command]) -> list[Any]:
        """As `ask`, but a command that was refused has its error for an answer."""
        if not commands:
            return []
        if not self.is_open:
            raise RedisConnectionError("Redis has hung up.")
        loop = asyncio.get_running_loop()
        asked = _Asked(len(commands), loop.create_future())
        self._asked.append(asked)
        self._transport.write(b"".join([_pack(command) for command in commands]))
        # Whoever waits behind this question would get no answer either.
        timer = loop.call_later(PATIENCE_SECONDS, self._give_up)
        try:
            return await asked.answered
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self.took_too_long = True
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (answer := self._reader.gets()) is not _NOT_YET:
            asked = self._asked[0]
            asked.answers.append(answer)
            if len(asked.answers) == asked.questions:
                self._asked.popleft()
                _finish(asked)

    def connection_lost(self, error: Exception | None) -> None:
        while self._asked:
            answered = self._asked.popleft().answered
            if not answered.done():
                answered.set_exception(RedisConnectionError("Redis has hung up, or took too long."))

    def close(self) -> None:
        self._transport.close()


def _finish(asked: _Asked) -> None:
    if not asked.answered.done():  # else whoever asked has gone
        asked.answered.set_result(asked.answers)


def first_error(answers: Sequence[Any]) -> BaseException | None:
    return next((answer for answer in answers if isinstance(answer, BaseException)), None)


async def redis_connect(url: str) -> RedisLine:
    """Errors: RedisError. A dead Redis costs one time-out, not a series of tries."""
    pool: Any = ConnectionPool.from_url(
        url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    connection = pool.make_connection()
    await connection.connect()
    # From here on the line alone reads what comes in, and closes it.
    reader, writer = connection._reader, connection._writer
    connection._reader = connection._writer = None
    return RedisLine(reader, writer)


class AnyLine(Protocol):
    """A line to one Redis, or to a cluster."""

    @property
    def took_too_long(self) -> bool: ...
    @property
    def is_open(self) -> bool: ...
    def close(self) -> None: ...


Line = TypeVar("Line", bound=AnyLine)


class RedisLink(Generic[Line]):
    """The line of an event loop, made anew when it was cut.

    While Redis is away, one try after the other goes on beside the requests, and they are told at once.
    """

    def __init__(self, connect: Callable[[], Awaitable[Line]]) -> None:
        self._connect = connect
        self._connecting: asyncio.Future[Line] | None = None
        self._tried_at = self._failed_at = float("-inf")

    async def line(self) -> Line:
        """Errors: RedisError."""
        now = asyncio.get_running_loop().time()
        if (line := self.known()) is not None:
            if line.is_open:
                return line
            if line.took_too_long:
                self._failed_at = now
            self._connecting = None
        is_away = now < self._failed_at + _AWAY_SECONDS
        if self._connecting is None and not (is_away and now < self._tried_at + _TRY_AGAIN_SECONDS):
            self._tried_at = now
            self._connecting = asyncio.ensure_future(self._connect())
            self._connecting.add_done_callback(self._note)
        if self._connecting is None or is_away:
            raise RedisConnectionError("Redis was away a moment ago.")
        # Whoever hangs up while connecting does not take the connection from the others.
        return await asyncio.shield(self._connecting)

    def close(self) -> None:
        if self._connecting is None:
            return
        if (line := self.known()) is not None:
            line.close()
        else:
            self._connecting.cancel()

    def known(self) -> Line | None:
        """The last one that was made, open or cut; None while none is."""
        made = self._connecting
        if made is None or not made.done() or made.cancelled() or made.exception() is not None:
            return None
        return made.result()

    def _note(self, connecting: asyncio.Future[Line]) -> None:
        """A try that failed is over; one that did not has found Redis again."""
        if connecting.cancelled() or connecting.exception() is not None:
            self._connecting, self._failed_at = None, connecting.get_loop().time()
        else:
            self._failed_at = float("-inf")
