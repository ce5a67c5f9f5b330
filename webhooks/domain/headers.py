"""Headers of its own that an endpoint wants sent with each delivery."""

import re

COUNT_MAX, VALUE_MAX = 10, 500
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?", re.ASCII)
# What the sender or the connection says itself.
_OURS = frozenset(
    "host transfer-encoding connection keep-alive te trailer upgrade"
    " expect user-agent accept accept-encoding cookie via forwarded".split()
)
_OUR_PREFIXES = ("webhook-", "content-", "proxy-", "x-forwarded-", "sec-")


def headers_refusal(headers: dict[str, str]) -> str | None:
    """What is wrong with them, in words; None when they can be sent."""
    if len(headers) > COUNT_MAX:
        return f"At most {COUNT_MAX} headers."
    if len({name.lower() for name in headers}) < len(headers):
        return "A header is there twice."
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            return f"{name!r} is not a name of a header."
        if name.lower() in _OURS or name.lower().startswith(_OUR_PREFIXES):
            return f"{name} is set by the sender. Choose another name."
        if not isinstance(value, str) or len(value) > VALUE_MAX or not _VALUE.fullmatch(value):
            return f"{name} has to be printable ASCII of at most {VALUE_MAX} characters, without spaces around it."
    return None
