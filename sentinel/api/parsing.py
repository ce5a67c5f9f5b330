"""Reads a body as one strict JSON document (RFC 8259): what two parsers could read differently is refused."""

from collections.abc import Mapping
from typing import IO, Any

import jiter
from django.conf import settings
from rest_framework.parsers import BaseParser

from sentinel.core.card_numbers import find_card_number
from sentinel.core.errors import BodyTooLarge, FieldError, InvalidRequest, MalformedJson


class CardNumberSent(InvalidRequest):
    """A field holds a full card number. It is neither stored nor logged; send a token instead."""

    code = "card_number_not_allowed"
    title = "Full card numbers are not accepted"


class StrictJsonParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = body_limit((parser_context or {}).get("view"))
        return read_json(stream.read(limit + 1), limit)


def body_limit(view: Any) -> int:
    """The largest body of a view, in bytes."""
    return getattr(view, "body_bytes_max", settings.API_BODY_BYTES_MAX)


def read_json(body: bytes, limit: int) -> Any:
    """The JSON value of a body. Errors: BodyTooLarge, MalformedJson, CardNumberSent."""
    if len(body) > limit:
        raise BodyTooLarge(f"The largest body is {limit} bytes.")
    try:
        content = jiter.from_json(body, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys")
    except ValueError as error:
        raise MalformedJson(str(error)[:1].upper() + str(error)[1:] + ".") from None
    if b"\\u0000" in body:
        _refuse_nul(content)
    if (path := find_card_number(content)) is not None:
        words = "This looks like a full card number. Send a token, the BIN and the last four digits instead."
        raise CardNumberSent(errors=[FieldError(path, "card_number", words)])
    return content


def _refuse_nul(content: Any, path: str = "") -> None:
    match content:
        case str() if "\0" in content:
            raise MalformedJson(
                "NUL characters are not accepted.",
                errors=[FieldError(path, "nul_character", "Remove the NUL character.")],
            )
        case dict():
            for key, value in content.items():
                _refuse_nul(key, f"{path}.{key}".strip(".\0"))
                _refuse_nul(value, f"{path}.{key}".strip("."))
        case list():
            for index, value in enumerate(content):
                _refuse_nul(value, f"{path}[{index}]")
