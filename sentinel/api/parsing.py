"""Reads a body as one strict JSON document (RFC 8259): what two parsers could read differently is refused."""

from collections.abc import Mapping
from typing import IO, Any

import jiter
from django.conf import settings
from rest_framework.parsers import BaseParser

from sentinel.core.card_numbers import find_card_number, may_hold_card_number
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
        view = (parser_context or {}).get("view")
        return read_body(stream.read(bytes_max(view) + 1), view)


def read_body(body: bytes, view: Any) -> Any:
    """The JSON value of a request's body. Errors: BodyTooLarge, MalformedJson, and those of the view's check_body."""
    if len(body) > bytes_max(view):
        raise BodyTooLarge(f"The largest body is {bytes_max(view)} bytes.")
    try:
        content = jiter.from_json(body, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys")
    except ValueError as error:
        raise MalformedJson(str(error)[:1].upper() + str(error)[1:] + ".") from None
    if b"\\u0000" in body:
        _refuse_nul(content)
    getattr(view, "check_body", check_body)(body, content)
    return content


def check_body(body: bytes, content: Any) -> None:
    """What every body must pass. Errors: CardNumberSent."""
    if may_hold_card_number(body):
        refuse_card_numbers(content)


def bytes_max(view: Any) -> int:
    """The largest body of a view."""
    own: int | None = getattr(view, "body_bytes_max", None)
    return own or settings.API_BODY_BYTES_MAX


def refuse_card_numbers(content: Any) -> None:
    """Errors: CardNumberSent, which names the field."""
    if (path := find_card_number(content)) is not None:
        words = "This looks like a full card number. Send a token, the BIN and the last four digits instead."
        raise CardNumberSent(errors=[FieldError(path, "card_number", words)])


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
