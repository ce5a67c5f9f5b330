"""One POST to a receiver nobody here controls: no redirects, no proxies, bounded in time and size."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpcore
from django.utils import timezone

from webhooks.domain.answers import Answer, Result, result_of_status
from webhooks.domain.schedule import retry_after_of
from webhooks.services.guarded_network import (
    AddressRefused,
    Deadline,
    GuardedBackend,
    NotResolved,
    Resolver,
    system_addresses,
)

BODY_BYTES_MAX = 4096
HEAD_CHARACTERS_MAX = 1024
_SHOWN_HEADERS = 6
_FIXED_HEADERS = {
    "content-type": "application/json",
    "user-agent": "SentinelStream-Webhooks/1",
    "accept": "*/*",
    "accept-encoding": "identity",
}


class Sender:
    """Sends to one endpoint over connections of its own; use as a context manager.

    `allow_loopback` only in development; `resolver` and `tls` only differ in tests.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float,
        allow_loopback: bool = False,
        resolver: Resolver = system_addresses,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._deadline = Deadline()
        backend = GuardedBackend(self._deadline, allow_loopback=allow_loopback, resolver=resolver)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls or _trusted(), max_connections=1, network_backend=backend
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    def send(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        """What became of it; never raises for what the receiver or the network does."""
        started = time.monotonic()
        self._deadline.begin(self._timeout_seconds)
        try:
            answer = self._post(url, body.encode(), {**headers, **_FIXED_HEADERS})
        except Exception as error:
            answer = _failure(error, self._timeout_seconds)
        return replace(answer, duration_ms=round((time.monotonic() - started) * 1000))

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        target = _target(url)
        headers["host"] = _host(target)
        with self._pool.stream("POST", target, headers=list(headers.items()), content=body) as response:
            text = b""
            for part in response.iter_stream():
                text += part
                if len(text) >= BODY_BYTES_MAX:
                    break  # leaving the block closes the connection: the rest is not read
            return _answer(response, text[:BODY_BYTES_MAX], timezone.now())


def _target(url: str) -> httpcore.URL:
    """Taken apart as it was when it was checked; httpcore's own reading drops what follows a semicolon."""
    parts = urlsplit(url)
    path = parts.path or "/"
    return httpcore.URL(
        scheme=parts.scheme,
        host=(parts.hostname or "").rstrip("."),
        port=parts.port,
        target=f"{path}?{parts.query}" if parts.query else path,
    )


def _host(target: httpcore.URL) -> str:
    host = target.host.decode()
    written = f"[{host}]" if ":" in host else host
    return written if target.port is None else f"{written}:{target.port}"


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities this machine trusts: reading them takes as long as many deliveries."""
    return ssl.create_default_context()


def _answer(response: httpcore.Response, text: bytes, now: datetime) -> Answer:
    result, words = result_of_status(response.status)
    asked = next((value for name, value in response.headers if name.lower() == b"retry-after"), None)
    return Answer(
        result=result,
        words=words,
        status_code=response.status,
        head=_head(response, text),
        retry_after=retry_after_of(asked.decode("latin-1"), now) if asked is not None else None,
    )


def _head(response: httpcore.Response, text: bytes) -> str:
    """As a person reads it in the log. Cookies of the receiver are nobody's business."""
    lines = [f"HTTP {response.status}"]
    shown = [(name, value) for name, value in response.headers if name.lower() != b"set-cookie"]
    lines += [f"{name.decode('latin-1')}: {value.decode('latin-1')}"[:120] for name, value in shown[:_SHOWN_HEADERS]]
    head = "\n".join([*lines, "", text.decode("utf-8", "replace")])
    # PostgreSQL keeps no NUL, and a log shows no control characters.
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in head)[
        :HEAD_CHARACTERS_MAX
    ]


def _failure(error: Exception, timeout_seconds: float) -> Answer:
    match error:
        case AddressRefused():
            return Answer(Result.ADDRESS_REFUSED, f"Nothing was sent: {error}. Use a public address.")
        case NotResolved():
            return Answer(Result.NOT_RESOLVED, f"The name of the host was not found: {error}.")
        case httpcore.TimeoutException():
            return Answer(Result.TIMED_OUT, f"No whole answer within {timeout_seconds:g} seconds.")
        case _ if (certificate := _certificate_error(error)) is not None:
            return Answer(Result.CERTIFICATE, f"The receiver's certificate is not valid: {certificate}.")
        case httpcore.ConnectError():
            return Answer(Result.NOT_CONNECTED, f"No connection: {error}.")
        case httpcore.NetworkError() | httpcore.ProtocolError():
            return Answer(Result.CUT_OFF, f"The connection ended before the answer did: {error}.")
        case _:
            raise error


def _certificate_error(error: BaseException) -> str | None:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        cause = cause.__cause__ or cause.__context__
    return None
