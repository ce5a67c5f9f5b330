"""Refusals of what people do with their own log-in."""

from sentinel.core.errors import InvalidRequest


class CodeRefused(InvalidRequest):
    """A code of the second factor is wrong, used already, or came too soon after a wrong one."""

    code = "code_refused"
    title = "The code is not accepted"
