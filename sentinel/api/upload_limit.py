"""Refuses bodies that are too large while they come in: Django would first write all of it to the disk."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from sentinel.api.problems import CONTENT_TYPE, problem
from sentinel.core.errors import BodyTooLarge

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


def body_bounded(application: Application, bytes_max: int) -> Application:
    """The application, which never sees more of a body than that. Whoever sends more is answered 413."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        received = 0

        async def receive_counted() -> Message:
            """Whoever sends too much counts as one who hung up: Django puts away what it has, and answers nothing."""
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message if received <= bytes_max else {"type": "http.disconnect"}

        if _declared(scope) <= bytes_max:
            await application(scope, receive_counted, send)
            if received <= bytes_max:
                return
        await _refuse(send, bytes_max)

    return answer


def _declared(scope: Message) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() and len(lengths[0]) < 20 else 0


async def _refuse(send: Send, bytes_max: int) -> None:
    body = orjson.dumps(problem(BodyTooLarge(f"The largest body is {bytes_max} bytes.")))
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"content-length", b"%d" % len(body))]
    headers += [(b"cache-control", b"no-store"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
