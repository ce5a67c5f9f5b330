"""A keep-alive HTTP/1.1 connection that costs little: bytes in, bytes out, one request at a time.

The load shares the machine's two cores with what it measures. A general client costs milliseconds per request; this
one costs about twenty microseconds.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol, cast

BODY_BYTES_MAX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """`head` is in small letters: status line and headers."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes:
        """The value of a header, its name in small letters; empty when it is not there."""
        _, found, rest = self.head.partition(b"\r\n" + name + b":")
        return rest.partition(b"\r\n")[0].strip() if found else b""


class BadResponse(Exception):
    """What came is not an HTTP/1.1 response that this client reads."""


class ResponseReader:
    """Fed with what arrives; gives the response once it is whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head = b""
        self._body_length = 0  # -1 for a chunked body
        self._chunks: list[bytes] = []
        self._read_to = 0

    def feed(self, data: bytes) -> Response | None:
        """Errors: BadResponse."""
        self._buffer += data
        if len(self._buffer) > BODY_BYTES_MAX:
            raise BadResponse("the response is too long")
        if not self._head and not self._read_head():
            return None
        return self._read_chunks() if self._body_length < 0 else self._read_whole()

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        if not self._buffer.startswith(b"HTTP/1.1 "):
            raise BadResponse(f"the response begins with {bytes(self._buffer[:20])!r}")
        # With the line's end, so that the last header ends like the others.
        self._head = bytes(self._buffer[: end + 2]).lower()
        self._read_to = end + 4
        probe = Response(0, self._head, b"")
        length = probe.header(b"content-length")
        if not length and b"chunked" not in probe.header(b"transfer-encoding"):
            raise BadResponse("the response has no length")
        self._body_length = int(length) if length else -1
        return True

    def _read_whole(self) -> Response | None:
        end = self._read_to + self._body_length
        if len(self._buffer) < end:
            return None
        return self._finish(bytes(self._buffer[self._read_to : end]), end)

    def _read_chunks(self) -> Response | None:
        while (line_end := self._buffer.find(b"\r\n", self._read_to)) >= 0:
            length = int(self._buffer[self._read_to : line_end], 16)
            start = line_end + 2
            if len(self._buffer) < start + length + 2:
                return None
            self._chunks.append(bytes(self._buffer[start : start + length]))
            self._read_to = start + length + 2
            if length == 0:
                return self._finish(b"".join(self._chunks), self._read_to)
        return None

    def _finish(self, body: bytes, end: int) -> Response:
        if len(self._buffer) != end:
            raise BadResponse("more came than was asked for")
        response = Response(int(self._head[9:12]), self._head, body)
        self._buffer.clear()
        self._head, self._chunks = b"", []
        return response


class Owner(Protocol):
    """Who uses a connection."""

    def answered(self, connection: "Connection", response: Response) -> None: ...
    def lost(self, connection: "Connection", words: str) -> None: ...


class Connection(asyncio.Protocol):
    """One lane of the load. `number` tells it from the others."""

    def __init__(self, number: int, owner: Owner) -> None:
        self.number = number
        self._owner = owner
        self._reader = ResponseReader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one, and no subclass of it

    def send(self, request: bytes) -> None:
        if self._transport is not None:  # else it is lost, which the owner is told
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        try:
            response = self._reader.feed(data)
        except (BadResponse, ValueError) as error:
            self.close()
            self._owner.lost(self, str(error))
            return
        if response is not None:
            self._owner.answered(self, response)

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is not None:
            self._transport = None
            self._owner.lost(self, str(error or "the server closed the connection"))

    def close(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()
