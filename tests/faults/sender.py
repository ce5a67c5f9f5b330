"""The gateway's way to send: it costs a fraction of a general client, which on a busy machine is slower than what it
asks, and would be measured in its place.
"""

import asyncio
from urllib.parse import urlsplit

from bench.http_client import BadResponse, Response, ResponseReader

TIMEOUT_SECONDS = 10
_IDLE_MAX = 50

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Sender:
    """Keeps connections open between requests, as gateways do."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "", parts.port
        self._idle: list[_Streams] = []

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Response | None:
        """None when the connection was lost or nothing came in time: what became of the request is unknown."""
        lines = [f"POST {path} HTTP/1.1", f"Host: {self._host}:{self._port}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._ask("\r\n".join([*lines, "", ""]).encode() + body)
        except (OSError, TimeoutError, BadResponse):
            return None

    async def _ask(self, request: bytes) -> Response:
        streams = self._idle_one() or await asyncio.open_connection(self._host, self._port)
        reader, writer = streams
        try:
            writer.write(request)
            response = await _read(reader)
        except BaseException:
            writer.transport.abort()
            raise
        if len(self._idle) < _IDLE_MAX and response.header(b"connection") != b"close":
            self._idle.append(streams)
        else:
            writer.close()
        return response

    def _idle_one(self) -> _Streams | None:
        """One that the other side has not closed meanwhile."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not (reader.at_eof() or reader.exception() or writer.is_closing()):
                return reader, writer
            writer.close()
        return None

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


async def _read(stream: asyncio.StreamReader) -> Response:
    reader = ResponseReader()
    while data := await stream.read(64 * 1024):
        if (response := reader.feed(data)) is not None:
            return response
    raise ConnectionError("the server closed the connection")
