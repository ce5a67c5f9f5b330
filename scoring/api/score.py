"""POST score: what would be decided of up to a thousand payments. Nothing is recorded but the predictions."""

from collections.abc import Iterator
from typing import Any

import orjson
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from ledger.domain.decisions import Verdict
from ledger.domain.payments import PaymentRequest
from ledger.domain.receipts import verdict_json
from scoring.api.examples import SCORE_EXAMPLES
from scoring.api.mobile_money import MARK, MobilePaymentIn, mobile_payment
from scoring.api.reading import ItemsView, items_of
from scoring.api.schemas import PaymentIn, ScoreIn, ScoreOut, payment_request
from scoring.domain.mobile_money.payments import MobilePayment
from scoring.domain.scores import confidence
from scoring.services.mobile_score import mobile_score
from scoring.services.predictions import Prediction, predictions_append
from scoring.services.score_only import score_only
from sentinel.api.documentation import problems
from sentinel.api.hot import JsonAnswer
from sentinel.api.problems import problem
from sentinel.api.views import client_of
from sentinel.core.errors import SentinelError
from sentinel.core.ids import public_id


class ScoreView(ItemsView):
    scopes = {"POST": "score:write"}

    @extend_schema(
        operation_id="score_create",
        summary="Score up to 1,000 payments without recording them",
        request=ScoreIn,
        examples=SCORE_EXAMPLES,
        responses={200: ScoreOut, **problems(400, 403, 413)},
        tags=["scoring"],
    )
    async def post(self, request: Request) -> JsonAnswer:
        """What rules, model and policy say. No ledger, no idempotency key, and later payments do not count these.

        An account that is granted to the client is described by its past; any other as one without a past. An item
        with `nameOrig` is mobile money in PaySim's shape, scored by a model of its own; both may come together.
        """
        client, now = client_of(request), timezone.now()

        def read(item: dict[str, Any]) -> PaymentRequest | MobilePayment:
            if MARK in item:
                return mobile_payment(MobilePaymentIn.model_validate(item))
            return payment_request(PaymentIn.model_validate(item), now=now)

        items = await self.read_each(items_of(request, "items"), read)
        payments = [item for item in items if isinstance(item, PaymentRequest)]
        mobile = [item for item in items if isinstance(item, MobilePayment)]
        verdicts: dict[type, Iterator[Verdict]] = {
            PaymentRequest: iter([verdict for _, verdict in await score_only(payments, client)]),
            MobilePayment: iter(await mobile_score(mobile)),
        }
        predictions = [
            Prediction.of(item, next(verdicts[type(item)]), client, now)
            for item in items
            if not isinstance(item, SentinelError)
        ]
        predictions_append(predictions)
        left = iter(predictions)
        explain = client.may("decisions:explain")
        shown = [_problem(item) if isinstance(item, SentinelError) else _shown(next(left), explain) for item in items]
        return JsonAnswer(orjson.dumps({"results": shown}))


def _problem(error: SentinelError) -> dict[str, Any]:
    return {"status": error.http_status, "problem": problem(error)}


def _shown(prediction: Prediction, explain: bool) -> dict[str, Any]:
    verdict = prediction.verdict
    shown = {
        "status": 200,
        "id": public_id("prd", prediction.id),
        "reference": prediction.request.reference,
        "outcome": verdict.outcome.value,
    }
    if not explain:
        return shown
    sure = {"confidence": confidence(verdict.fraud_probability)}
    return shown | verdict_json(verdict, verdict.reasons) | sure
