"""The id of the request that is being answered: it is sent back as X-Request-ID, and stands in each line of the log.

An id of ours is also the id of the call that is kept (`req_` and a UUIDv7). A caller may bring its own, to find its
request again under the name it knows.
"""

import os
import re
import time
from contextvars import ContextVar
from itertools import count
from uuid import UUID

from sentinel.core.ids import parse_public_id

HEADER = "X-Request-ID"
PREFIX = "req"
# Long enough to be told apart, and nothing in it that means something to a log, a page or a shell.
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)

_LOW_62_BITS = (1 << 62) - 1
_numbers = count(int.from_bytes(os.urandom(8)))

request_id_now: ContextVar[str] = ContextVar("request_id", default="")


def request_id_begin(sent: str) -> str:
    """The id of a request that begins: the one that was sent when it is well-formed, else a new one.

    What looks like one of ours is not taken: those name rows, and tell their moment.
    """
    is_taken = sent and _WELL_FORMED.fullmatch(sent) and not sent.startswith(f"{PREFIX}_")
    request_id = sent if is_taken else _new_id()
    request_id_now.set(request_id)
    return request_id


def _new_id() -> str:
    """A UUIDv7 as sentinel.core.ids makes them, but for its random end: it begins at random and is counted on, which
    costs a payment half as much.
    """
    milliseconds, rest_ns = divmod(time.time_ns(), 1_000_000)
    number = milliseconds << 80 | 0x7 << 76 | (rest_ns * 4096 // 1_000_000) << 64 | 0b10 << 62
    return f"{PREFIX}_{number | next(_numbers) & _LOW_62_BITS:032x}"


def call_id(request_id: str) -> UUID | None:
    """The UUID in an id of ours; None in a caller's."""
    return parse_public_id(PREFIX, request_id)
