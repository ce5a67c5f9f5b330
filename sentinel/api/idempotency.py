"""The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header-07): quoted and unquoted are the same key."""

import re

from django.http import HttpRequest

from sentinel.core.card_numbers import contains_card_number
from sentinel.core.errors import FieldError, KeyInvalid, KeyMissing

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
_NAME = HEADER.lower().encode()
_PRINTABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", re.ASCII)


def idempotency_key(request: HttpRequest) -> str:
    """The key of a request. Errors: KeyMissing, KeyInvalid."""
    values = _values(request)
    if not values:
        raise KeyMissing(
            "Send a new random key with each new request, and the same key when you retry it.",
            errors=[FieldError(HEADER, "required", "The header is missing.")],
        )
    if len(values) > 1:
        raise _invalid(HEADER, "sent_twice", "Send the header once.")
    return read_key(values[0])


def read_key(text: str, field: str = HEADER) -> str:
    """The key without its quotation marks. Errors: KeyInvalid, which names the field it was sent in."""
    key = text.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not key:
        raise _invalid(field, "empty", "The key is empty.")
    if len(key) > MAX_LENGTH:
        raise _invalid(field, "too_long", f"A key has at most {MAX_LENGTH} characters.")
    if not _PRINTABLE.fullmatch(key):
        raise _invalid(field, "wrong_format", "Use printable ASCII characters only.")
    if contains_card_number(key):
        raise _invalid(field, "card_number", "This looks like a card number. Use a random key.")
    return key


def _values(request: HttpRequest) -> list[str]:
    """All values of the header; ASGI keeps repeated headers apart, Django joins them with a comma."""
    scope = getattr(request, "scope", None)
    if scope is None:
        value = request.headers.get(HEADER)
        return [] if value is None else [value]
    return [value.decode("latin-1") for name, value in scope["headers"] if name == _NAME]


def _invalid(field: str, code: str, message: str) -> KeyInvalid:
    return KeyInvalid(message, errors=[FieldError(field, code, message)])
