"""What was scored without being recorded, to read again."""

from typing import Any, Literal

from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.domain.receipts import rfc3339
from scoring.models import Prediction
from sentinel.api.documentation import PAGE_PARAMETERS, problems
from sentinel.api.pagination import page_of, query_parameters
from sentinel.api.views import ApiView, client_of
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.money import format_amount
from sentinel.core.outcomes import Outcome

OUTCOMES = [each.value for each in Outcome]


class PredictionVersionsOut(BaseModel):
    ruleset: int
    policy: int
    model: str | None


class PredictionOut(BaseModel):
    """Scores and versions only with the scope decisions:explain. `account_id` as it was sent."""

    id: str
    account_id: str
    reference: str | None
    amount: str
    currency: str
    outcome: Literal["approve", "review", "decline"]
    livemode: bool
    recorded_at: str
    fraud_probability: float | None = None
    score_percentile: float | None = None
    versions: PredictionVersionsOut | None = None


class PredictionPage(BaseModel):
    next: str | None
    previous: str | None
    results: list[PredictionOut]


class PredictionsView(ApiView):
    scopes = {"GET": "predictions:read"}

    @extend_schema(
        operation_id="prediction_list",
        summary="List what was scored",
        parameters=[
            OpenApiParameter("account_id", str),
            OpenApiParameter("reference", str),
            OpenApiParameter("model", str, description="The version of the model that scored."),
            OpenApiParameter("outcome", str, enum=OUTCOMES),
            *PAGE_PARAMETERS,
        ],
        responses={200: PredictionPage, **problems(400, 403)},
        tags=["scoring"],
    )
    def get(self, request: Request) -> Response:
        """The client's own, newest first. One that was answered a moment ago may follow within a second."""
        client = client_of(request)
        asked = query_parameters(request, "account_id", "reference", "model", "outcome")
        if asked.get("outcome", OUTCOMES[0]) not in OUTCOMES:
            words = f"One of {', '.join(OUTCOMES)}."
            raise InvalidRequest(words, errors=[FieldError("outcome", "not_a_choice", words)])
        if "model" in asked:
            asked["model_version"] = asked.pop("model")
        rows, links = page_of(Prediction.objects.filter(client_id=client.client_id, **asked), request)
        explain = client.may("decisions:explain")
        return Response({**links, "results": [prediction_json(row, explain=explain) for row in rows]})


def prediction_json(row: Prediction, *, explain: bool) -> dict[str, Any]:
    shown = {
        "id": row.public_id,
        "account_id": row.account_id,
        "reference": row.reference,
        "amount": format_amount(row.amount_minor, row.currency),
        "currency": row.currency,
        "outcome": row.outcome,
        "livemode": row.livemode,
        "recorded_at": rfc3339(row.recorded_at),
    }
    if not explain:
        return shown
    versions = {"ruleset": row.ruleset_version, "policy": row.policy_version, "model": row.model_version}
    scores = {"fraud_probability": row.fraud_probability, "score_percentile": row.score_percentile}
    return {**shown, **scores, "versions": versions}
