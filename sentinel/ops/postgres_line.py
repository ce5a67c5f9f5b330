"""A short way over psycopg's connections for the hot path: what is asked together is one round trip.

psycopg connects, pools, reads the rows and tells the errors; libpq does the talking. psycopg's cursors and pipelines,
which can do much more, took four times as long, as much as deciding a payment.
"""

import asyncio
from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import Any

from psycopg import AsyncConnection, OperationalError
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

# A statement, and its values as PostgreSQL reads them: text, or bytes in its binary format.
Question = tuple[str, Sequence[str | bytes]]
Row = tuple[Any, ...]

_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)


class LineConnection(AsyncConnection[Any]):
    """A connection of psycopg's that can also be asked several questions at once."""

    def __init__(self, pgconn: PGconn, *arguments: Any, **named: Any) -> None:
        super().__init__(pgconn, *arguments, **named)
        self._names: dict[str, bytes] = {}  # of the statements that PostgreSQL has planned
        self._numbers = count()

    async def ask(self, *questions: Question) -> list[list[Row]]:
        """The rows of each question. After one that fails the others are passed over, a COMMIT among them.

        Errors: psycopg.Error. Whoever is interrupted while waiting leaves a closed connection.
        """
        planned = {text: b"line_%d" % next(self._numbers) for text, _ in questions if text not in self._names}
        try:
            results = await self._talk(questions, planned)
        except BaseException:
            self.pgconn.finish()
            raise
        failed = next((result for result in results if result.status in _FAILED), None)
        if failed is None:
            self._names |= planned
            return [self._rows(result) for result in results[len(planned) :]]
        raise error_from_result(failed)

    async def rollback(self) -> None:
        """In the place of psycopg's, which makes PostgreSQL forget all that it has planned."""
        if self.pgconn.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            await self.ask(("ROLLBACK", ()))

    async def _talk(self, questions: Sequence[Question], planned: dict[str, bytes]) -> list[PGresult]:
        pgconn, names = self.pgconn, self._names | planned
        pgconn.enter_pipeline_mode()
        for text, name in planned.items():
            pgconn.send_prepare(name, _numbered(text))
        for text, values in questions:
            sent = [value.encode() if isinstance(value, str) else value for value in values]
            formats = [Format.TEXT if isinstance(value, str) else Format.BINARY for value in values]
            pgconn.send_query_prepared(names[text], sent, formats)
        pgconn.pipeline_sync()
        while pgconn.flush():
            await self._ready(to_send=True)
            pgconn.consume_input()
        results = await self._results()
        pgconn.exit_pipeline_mode()
        return results

    async def _results(self) -> list[PGresult]:
        """Those of all that was sent."""
        results: list[PGresult] = []
        pgconn, has_ended = self.pgconn, False
        while True:
            while pgconn.is_busy():
                await self._ready()
                pgconn.consume_input()
            result = pgconn.get_result()
            if result is None:  # the end of one answer; two of them are the end of the connection
                if has_ended:
                    raise OperationalError(pgconn.get_error_message() or "the connection was lost")
            elif result.status == ExecStatus.PIPELINE_SYNC:
                return results
            else:
                results.append(result)
            has_ended = result is None

    async def _ready(self, *, to_send: bool = False) -> None:
        """Until there is something to read, or room to send."""
        loop, socket = asyncio.get_running_loop(), self.pgconn.socket
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(socket, _set, ready)
        if to_send:
            loop.add_writer(socket, _set, ready)
        try:
            await ready
        finally:
            loop.remove_reader(socket)
            if to_send:
                loop.remove_writer(socket)

    def _rows(self, result: PGresult) -> list[Row]:
        if not result.ntuples:
            return []
        reader = Transformer(self)
        reader.set_pgresult(result)
        return reader.load_rows(0, result.ntuples, tuple)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


@cache
def _numbered(text: str) -> bytes:
    """A statement with psycopg's placeholders, %s for text and %b for bytes, as PostgreSQL numbers them."""
    first, *parts = text.replace("%b", "%s").split("%s")
    return (first + "".join(f"${number}{part}" for number, part in enumerate(parts, start=1))).encode()
