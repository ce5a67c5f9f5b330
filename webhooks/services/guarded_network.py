"""The network as deliveries see it: public addresses only, and a deadline over everything.

A name is resolved once for a connection, every answer is checked, and the connection goes to a checked address: what
the name means a moment later changes nothing.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswer
from typing import Any

import httpcore

from webhooks.domain.address_policy import address_parse, address_refusal

Resolver = Callable[[str, int], Sequence[str]]
RESOLVE_SECONDS = 5.0
ADDRESSES_MAX = 4
# Resolving cannot be given up, so whoever waits for a slow name server waits in one of these.
_resolvers = ThreadPoolExecutor(32, thread_name_prefix="resolve")


class AddressRefused(httpcore.ConnectError):
    """The name leads to an address that nothing is sent to."""


class NotResolved(httpcore.ConnectError):
    """The name leads nowhere."""


class Deadline:
    """How long the present try may still take."""

    def __init__(self) -> None:
        self._ends_at = 0.0

    def begin(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def left(self, asked_seconds: float | None = None) -> float:
        """Seconds left, at most those asked for. Errors: httpcore.ReadTimeout when there are none."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for this try is over")
        return left if asked_seconds is None else min(left, asked_seconds)


def system_addresses(host: str, port: int) -> list[str]:
    """What the system's resolver says. Errors: NotResolved."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotResolved(str(error)) from error
    return [str(address[0]) for *_, address in found]


class GuardedBackend(httpcore.NetworkBackend):
    def __init__(
        self, deadline: Deadline, *, allow_loopback: bool = False, resolver: Resolver = system_addresses
    ) -> None:
        self._deadline, self._allow_loopback, self._resolver = deadline, allow_loopback, resolver
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Errors: AddressRefused when any address of the name is internal; NotResolved; httpcore's own."""
        addresses = self._checked(host, port)[:ADDRESSES_MAX]
        for number, address in enumerate(addresses, start=1):
            # One that does not answer leaves time for the others.
            share = self._deadline.left(timeout) / (len(addresses) - number + 1)
            try:
                stream = self._network.connect_tcp(address, port, share, local_address)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(addresses):
                    raise
                continue
            return GuardedStream(stream, self._deadline)
        raise NotResolved(f"{host} has no address")

    def _checked(self, host: str, port: int) -> list[str]:
        # A literal address needs no resolver, and "[::1]" would confuse some.
        texts = [host] if address_parse(host) else self._resolved(host, port)
        for text in texts:
            address = address_parse(text)
            words = "not an address" if address is None else self._refusal(address)
            if words is not None:
                raise AddressRefused(f"{host} leads to {text} ({words})")
        return list(dict.fromkeys(texts))

    def _refusal(self, address: Any) -> str | None:
        return address_refusal(address, allow_loopback=self._allow_loopback)

    def _resolved(self, host: str, port: int) -> Sequence[str]:
        try:
            return _resolvers.submit(self._resolver, host, port).result(self._deadline.left(RESOLVE_SECONDS))
        except NoAnswer:
            raise NotResolved(f"no name server answered for {host}") from None


class GuardedStream(httpcore.NetworkStream):
    """A stream that no receiver can keep open by dripping: each read gets what is left of the time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return GuardedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
