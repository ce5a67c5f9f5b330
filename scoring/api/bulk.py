"""POST transactions/bulk: up to a thousand payments, each decided, recorded and answered as if it had come alone."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from scoring.api.examples import BULK_EXAMPLES
from scoring.api.reading import ItemsView, items_of, payment_of, refusal_count
from scoring.api.schemas import BulkIn, BulkOut, PaymentIn
from scoring.services.intake import submit_bulk
from scoring.services.payments import Payment, Result
from scoring.services.quality_counts import received_count, refused_count
from sentinel.api.documentation import problems
from sentinel.api.hot import JsonAnswer
from sentinel.api.idempotency import read_key
from sentinel.api.problems import problem
from sentinel.api.views import client_of
from sentinel.core.card_numbers import contains_card_number
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import FieldError, KeyMissing, SentinelError

KEY_FIELD = "idempotency_key"


class BulkView(ItemsView):
    scopes = {"POST": "transactions:write"}

    @extend_schema(
        operation_id="transaction_create_bulk",
        summary="Decide and record up to 1,000 payments",
        request=BulkIn,
        examples=BULK_EXAMPLES,
        responses={200: BulkOut, **problems(400, 403, 413)},
        tags=["transactions"],
    )
    async def post(self, request: Request) -> JsonAnswer:
        """One result per item, in their order. A bad item fails alone, with the problem it would have got by itself.

        Each item carries its own idempotency key. When the answer is lost, send the same items again.
        """
        client, now = client_of(request), timezone.now()
        try:
            items = items_of(request, "transactions")
        except Exception as error:
            refusal_count(request, "bulk", error)
            raise

        def read(item: dict[str, Any]) -> Payment:
            fields = {name: value for name, value in item.items() if name != KEY_FIELD}
            return payment_of(client, key_of(item), PaymentIn.model_validate(fields), now=now)

        read_items = await self.read_each(items, read)
        answers = iter(await submit_bulk([item for item in read_items if isinstance(item, Payment)]))
        results = [next(answers) if isinstance(item, Payment) else item for item in read_items]
        _count(client, items, read_items, results)
        shown = [_shown(item, result) for item, result in zip(items, results, strict=True)]
        return JsonAnswer(orjson.dumps({"results": shown}))


def key_of(item: dict[str, Any]) -> str:
    """Errors: KeyMissing, KeyInvalid."""
    key = item.get(KEY_FIELD)
    if key is None:
        raise KeyMissing(errors=[FieldError(KEY_FIELD, "required", "Each item needs its own key.")])
    if not isinstance(key, str):
        raise KeyMissing(errors=[FieldError(KEY_FIELD, "wrong_type", "Write the key as text.")])
    return read_key(key, KEY_FIELD)


def _count(
    client: ClientIdentity, items: Sequence[Any], read: Sequence[Payment | SentinelError], results: Sequence[Result]
) -> None:
    for item, payment, result in zip(items, read, results, strict=True):
        if isinstance(result, SentinelError):
            refused_count(client, "bulk", result, item)
        elif isinstance(payment, Payment):
            received_count(client, payment.request, replayed=result.replayed)


def _shown(item: Any, result: Result) -> dict[str, Any]:
    key = _answerable(item.get(KEY_FIELD)) if isinstance(item, dict) else None
    if isinstance(result, SentinelError):
        return {KEY_FIELD: key, "status": result.http_status, "problem": problem(result)}
    receipt = orjson.Fragment(result.receipt)
    return {KEY_FIELD: key, "status": 201, "replayed": result.replayed, "receipt": receipt}


def _answerable(key: Any) -> str | None:
    """What is no key may be anything: what JSON cannot say, or a card number, which is not said again."""
    return key if isinstance(key, str) and not contains_card_number(key) else None
