"""From bodies to payments and requests, one by one and by the hundred."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import orjson
from django.conf import settings
from rest_framework.request import Request

from ledger.domain.fingerprints import payment_content, request_fingerprint
from scoring.api.schemas import PaymentIn, payment_request
from scoring.services.payments import OPERATION, Payment
from scoring.services.quality_counts import refused_count
from sentinel.api.hot import HotView
from sentinel.api.parsing import refuse_card_numbers
from sentinel.api.problems import as_sentinel_error
from sentinel.api.views import client_of, json_object
from sentinel.core.card_numbers import may_hold_card_number
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import FieldError, InvalidRequest, SentinelError

ITEMS_MAX = 1000
# Between so many items of a large body, other requests get their turn.
_ITEMS_PER_TURN = 50

T = TypeVar("T")


class ItemsView(HotView):
    """A view whose items fail alone: for a card number too, which would otherwise refuse the whole body."""

    body_bytes_max = settings.API_BULK_BYTES_MAX
    http_method_names = ["post", "options"]
    must_check_items = False

    def check_body(self, body: bytes, content: Any) -> None:
        self.must_check_items = may_hold_card_number(body)

    async def read_each(self, items: list[Any], read: Callable[[dict[str, Any]], T]) -> list[T | SentinelError]:
        """What `read` makes of each item, or why it is refused."""
        found: list[T | SentinelError] = []
        for place, item in enumerate(items, start=1):
            found.append(self._read_one(item, read))
            if place % _ITEMS_PER_TURN == 0:
                await asyncio.sleep(0)
        return found

    def _read_one(self, item: Any, read: Callable[[dict[str, Any]], T]) -> T | SentinelError:
        try:
            if not isinstance(item, dict):
                raise InvalidRequest(errors=[FieldError("body", "wrong_type", "Send a JSON object.")])
            if self.must_check_items and may_hold_card_number(_as_body(item)):
                refuse_card_numbers(item)
            return read(item)
        except Exception as error:
            refusal = as_sentinel_error(error)
            if refusal is None:
                raise
            return refusal


def _as_body(item: dict[str, Any]) -> bytes:
    """The item as it might have been sent alone."""
    try:
        return orjson.dumps(item)
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(item).encode()


def payment_of(client: ClientIdentity, key: str, body: PaymentIn, *, now: datetime) -> Payment:
    """Errors: InvalidRequest."""
    wanted = payment_request(body, now=now)
    content = payment_content(wanted, occurred_at_given=body.occurred_at is not None)
    return Payment(client, key, request_fingerprint(OPERATION, content), wanted)


def refusal_count(request: Request, route: str, error: Exception) -> None:
    """Counts a request that was refused before or while it was decided."""
    try:
        content = request.data
    except Exception:  # it may be the very reason
        content = None
    refused_count(client_of(request), route, as_sentinel_error(error), content)


def items_of(request: Request, field: str) -> list[Any]:
    """The items of a body that has nothing but a list of 1 to ITEMS_MAX of them. Errors: InvalidRequest."""
    body = json_object(request)
    errors = [FieldError(name, "unknown_field", "There is no such field.") for name in body if name != field]
    items = body.get(field)
    if items is None:
        errors.append(FieldError(field, "required", "Send a list."))
    elif not isinstance(items, list):
        errors.append(FieldError(field, "wrong_type", "Send a list."))
    elif not items:
        errors.append(FieldError(field, "too_few", "Send at least one item."))
    elif len(items) > ITEMS_MAX:
        errors.append(FieldError(field, "too_many", f"Send at most {ITEMS_MAX} items at once."))
    if errors:
        raise InvalidRequest(f"Check {', '.join(error.field for error in errors)}.", errors=errors)
    return items or []
