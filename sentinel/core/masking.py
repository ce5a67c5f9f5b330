"""Texts made fit for a log: without card numbers, secrets, and characters that would begin a line of their own. Pure.

What a log says is read by more people, and kept in more places, than what it speaks of.
"""

import re

from sentinel.core.card_numbers import without_card_numbers

LENGTH_MAX = 20_000
HIDDEN = "[hidden]"

# Each part is bounded, so that no text takes long.
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(sk_(?:live|test)_|cs_|whsec_)[A-Za-z0-9+/=_-]{4,200}"), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{8,2000}\.[\w-]{2,4000}(?:\.[\w-]{0,1000})?", re.ASCII), HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s{1,8}[^\s\"',;]{1,4000}", re.I), rf"\1 {HIDDEN}"),
    (re.compile(r"(://[^\s:/@]{0,200}:)[^\s/@]{1,500}@"), rf"\1{HIDDEN}@"),
    (
        re.compile(
            r"\b([\w-]{0,40}(?:password|passwd|secret|token|api[_-]?key|authorization|cookie|pepper|cvv|cvc)"
            r"[\"']?\s{0,4}[:=]\s{0,4})(?:\"[^\"]{1,2000}\"|'[^']{1,2000}'|[^\s\"',;&)}\]]{1,2000})",
            re.I | re.A,
        ),
        rf"\1{HIDDEN}",
    ),
)
# The C0 and C1 control characters, what Unicode takes for the end of a line, and what turns the direction of text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_LINE_ENDS = re.compile(r"[\n\t]")


def masked(text: str) -> str:
    """The text without card numbers and secrets. Ends of lines stay."""
    if len(text) > LENGTH_MAX:
        text = f"{text[:LENGTH_MAX]}… [{len(text) - LENGTH_MAX} more characters]"
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return without_card_numbers(text)


def on_one_line(text: str) -> str:
    """The text with its control characters written out, so that nobody's text looks like a line of the log."""
    return _LINE_ENDS.sub(_escaped, printable(text))


def printable(text: str) -> str:
    """As `on_one_line`, but with its ends of lines: for tracebacks."""
    return _CONTROL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
