"""Patterns of text, by RE2: the time a search takes grows with the text and never with the cleverness of the pattern.

RE2 has no look-around and no references back, which is what lets other engines run for hours over `(a+)+$`.
"""

from functools import lru_cache
from typing import Protocol

import re2

PROGRAM_BYTES_MAX = 1 << 20  # what one compiled pattern may take; repeats of repeats grow fast


class Pattern(Protocol):
    def search(self, text: str) -> object | None:
        """Something when the pattern is found anywhere in the text, else None."""


class PatternError(ValueError):
    """RE2 refuses a pattern. The message says what it stumbled over."""


@lru_cache(maxsize=1024)
def compile_pattern(text: str) -> Pattern:
    """Errors: PatternError."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PROGRAM_BYTES_MAX
    try:
        pattern: Pattern = re2.compile(text, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise PatternError(_words(error)) from None
    return pattern


def _words(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return first.decode(errors="replace") if isinstance(first, bytes) else "it holds a character that is no text"
