"""POST transactions: decide and record one payment. GET transactions: what was decided before."""

import time
from datetime import UTC, datetime

from asgiref.sync import sync_to_async
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.schemas import ReceiptOut, TransactionPage
from ledger.api.transactions import HISTORY_PARAMETERS, history_filtered, history_page
from scoring.api.examples import PAYMENT_EXAMPLES
from scoring.api.reading import payment_of, refusal_count
from scoring.api.schemas import PaymentIn
from scoring.services.decision_times import decision_time_count
from scoring.services.intake import submit
from scoring.services.payments import Payment
from scoring.services.quality_counts import received_count
from sentinel.api.documentation import IDEMPOTENCY_KEY, problems
from sentinel.api.hot import HotView, JsonAnswer
from sentinel.api.idempotency import idempotency_key
from sentinel.api.pagination import query_parameters
from sentinel.api.views import client_of, json_object


class TransactionsView(HotView):
    scopes = {"GET": "transactions:read", "POST": "transactions:write"}

    @extend_schema(
        operation_id="transaction_create",
        summary="Decide and record a payment",
        request=PaymentIn,
        parameters=[IDEMPOTENCY_KEY],
        examples=PAYMENT_EXAMPLES,
        responses={201: ReceiptOut, **problems(400, 403, 409, 413, 422)},
        tags=["transactions"],
    )
    async def post(self, request: Request) -> JsonAnswer:
        """Approves, reviews or declines, and records the payment in one step.

        A key is decided once: whoever retries it gets the stored receipt, byte for byte.
        """
        started = time.perf_counter()
        try:
            payment = read_payment(request)
            answer = await submit(payment)
        except Exception as error:
            refusal_count(request, "transactions", error)
            raise
        received_count(payment.client, payment.request, replayed=answer.replayed)
        milliseconds = (time.perf_counter() - started) * 1000
        timing = ("Server-Timing", f"decide;dur={milliseconds:.1f}")
        if answer.replayed:
            return JsonAnswer(answer.receipt, 201, (timing, ("Idempotent-Replayed", "true")))
        decision_time_count(milliseconds, livemode=payment.client.livemode)
        return JsonAnswer(answer.receipt, 201, (timing,))

    @extend_schema(
        operation_id="transaction_list",
        summary="List transactions",
        parameters=list(HISTORY_PARAMETERS),
        responses={200: TransactionPage, **problems(400, 403)},
        tags=["transactions"],
    )
    async def get(self, request: Request) -> Response:
        """The client's own payments, newest first, each with what became of it."""
        filters = query_parameters(request, "account_id", "idempotency_key", "reference", "outcome")
        payments = await sync_to_async(history_filtered)(client_of(request), filters)
        return Response(await sync_to_async(history_page)(payments, request))


class BriefTransactionView(TransactionsView):
    """POST /transaction, the path of the original brief."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="transaction_create_brief",
        summary="Decide and record a payment (short path)",
        request=PaymentIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: ReceiptOut, **problems(400, 403, 409, 413, 422)},
        tags=["transactions"],
    )
    async def post(self, request: Request) -> JsonAnswer:
        """Answers like POST /api/v1/transactions."""
        return await super().post(request)


def read_payment(request: Request) -> Payment:
    """The payment in a request. Errors: all that can be wrong with key and body."""
    client, key = client_of(request), idempotency_key(request)
    return payment_of(client, key, PaymentIn.model_validate(json_object(request)), now=datetime.now(UTC))
