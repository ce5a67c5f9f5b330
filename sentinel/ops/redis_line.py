"""A thin line to Redis for the hot path: many callers ask over one connection, several commands at a time.

redis-py connects (address, TLS, credentials, database); its C parts write and read what follows. Its client, which
can do much more, took ten times as long for each command: as much as rules, model and features together.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import hiredis
from redis import ConnectionError as RedisConnectionError
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

PATIENCE_SECONDS = 0.5

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

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # asyncio cuts the connection when nobody holds them any more.
        self._streams = reader, writer
        self._transport = transport = writer.transport
        self._reader = hiredis.Reader(replyError=ResponseError, notEnoughData=_NOT_YET)
        self._asked: deque[_Asked] = deque()
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """One answer per command. Errors: RedisError, also when the answers take too long."""
        if not commands:
            return []
        if not self.is_open:
            raise RedisConnectionError("Redis has hung up.")
        loop = asyncio.get_running_loop()
        asked = _Asked(len(commands), loop.create_future())
        self._asked.append(asked)
        self._transport.write(b"".join([_pack(command) for command in commands]))
        # Whoever waits behind this question would get no answer either.
        timer = loop.call_later(PATIENCE_SECONDS, self._transport.abort)
        try:
            return await asked.answered
        finally:
            timer.cancel()

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
    if asked.answered.done():  # whoever asked has gone
        return
    error = next((answer for answer in asked.answers if isinstance(answer, Exception)), None)
    if error is None:
        asked.answered.set_result(asked.answers)
    else:
        asked.answered.set_exception(error)


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
