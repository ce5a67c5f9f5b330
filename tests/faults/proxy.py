"""A TCP proxy on loopback that misbehaves when it is told to: slow, silent, half open, or resetting connections."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any

_CHUNK_BYTES = 64 * 1024
# Closing with this option sends a reset in the place of an orderly end.
_RESET = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Mood:
    """How bytes are treated from now on, those of open connections too.

    `delay_seconds` holds each chunk back; `is_silent`: nothing passes in either direction, and nobody is told;
    `is_half_open`: what the client sends passes, no answer comes back; `reset_share` of new connections are reset.
    """

    delay_seconds: float = 0.0
    is_silent: bool = False
    is_half_open: bool = False
    reset_share: float = 0.0


class Proxy:
    """Listens on `port` until it is closed. Set `mood` at any time."""

    def __init__(self, target_port: int, *, seed: int) -> None:
        self.mood = Mood()
        self.target_port, self._chance = target_port, Random(seed)
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def reset_all(self) -> None:
        """Ends every open connection with a reset."""
        self._run(self._drop())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _close(self) -> None:
        self._server.close()
        await self._drop()

    async def _drop(self) -> None:
        for writer in list(self._open):
            _reset(writer)
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._chance.random() < self.mood.reset_share:
            _reset(writer)
            return
        try:
            target_reader, target = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            _reset(writer)
            return
        self._open |= {writer, target}
        try:
            ways = (self._pass(reader, target, is_answer=False), self._pass(target_reader, writer, is_answer=True))
            tasks = [asyncio.ensure_future(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._open -= {writer, target}
            writer.close()
            target.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        while chunk := await reader.read(_CHUNK_BYTES):
            if self.mood.delay_seconds:
                await asyncio.sleep(self.mood.delay_seconds)
            while self.mood.is_silent or (is_answer and self.mood.is_half_open):  # noqa: ASYNC110 - set by a thread
                await asyncio.sleep(0.05)
            writer.write(chunk)
            await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    if (opened := writer.get_extra_info("socket")) is not None and opened.fileno() >= 0:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
