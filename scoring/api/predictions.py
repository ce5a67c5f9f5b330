"""What was scored without being recorded, to read again; and scores made elsewhere, kept to be compared."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.transactions import answer
from ledger.domain.receipts import rfc3339
from ledger.models import Decision
from ledger.services.operations import operation_once
from scoring.api.examples import PREDICTIONS_EXAMPLES
from scoring.api.external_predictions import PredictionsIn, external_predictions
from scoring.domain.mobile_money.payments import NO_CURRENCY, amount_text
from scoring.models import Prediction
from scoring.services.external_predictions import external_predictions_store
from sentinel.api.documentation import IDEMPOTENCY_KEY, PAGE_PARAMETERS, problems
from sentinel.api.idempotency import idempotency_key
from sentinel.api.pagination import page_of, query_parameters
from sentinel.api.views import ApiView, client_of, json_object
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.ids import public_id
from sentinel.core.money import format_amount
from sentinel.core.outcomes import Outcome

OUTCOMES = [each.value for each in Outcome]
SOURCES = Prediction.Source.values
CHOICES = {"outcome": OUTCOMES, "source": SOURCES}


class PredictionStoredOut(BaseModel):
    id: str = Field(examples=["prd_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])


class PredictionsStoredOut(BaseModel):
    """In the order of the items."""

    results: list[PredictionStoredOut]


class PredictionVersionsOut(BaseModel):
    ruleset: int | None
    policy: int | None
    model: str | None


class DecisionBesideOut(BaseModel):
    """What was decided here of the same payment. Scores and model only with the scope decisions:explain."""

    outcome: Literal["approve", "review", "decline"]
    fraud_probability: float | None = None
    score_percentile: float | None = None
    model: str | None = None


class PredictionOut(BaseModel):
    """Our own scores and versions only with the scope decisions:explain. `account_id` as it was sent.

    `source` is own, or external for a score made elsewhere: such a one tells its `occurred_at`, and with a
    `transaction_id` the `decision` on that payment.
    """

    id: str
    source: Literal["own", "external"]
    account_id: str
    reference: str | None
    amount: str
    currency: str
    outcome: Literal["approve", "review", "decline"] | None
    livemode: bool
    recorded_at: str
    fraud_probability: float | None = None
    score_percentile: float | None = None
    versions: PredictionVersionsOut | None = None
    occurred_at: str | None = None
    transaction_id: str | None = None
    decision: DecisionBesideOut | None = None


class PredictionPage(BaseModel):
    next: str | None
    previous: str | None
    results: list[PredictionOut]


class PredictionsView(ApiView):
    scopes = {"GET": "predictions:read", "POST": "predictions:write"}
    body_bytes_max = settings.API_BULK_BYTES_MAX

    @extend_schema(
        operation_id="prediction_list",
        summary="List what was scored",
        parameters=[
            OpenApiParameter("account_id", str),
            OpenApiParameter("reference", str),
            OpenApiParameter("model", str, description="The version of the model that scored."),
            OpenApiParameter("outcome", str, enum=OUTCOMES),
            OpenApiParameter("source", str, enum=SOURCES),
            *PAGE_PARAMETERS,
        ],
        responses={200: PredictionPage, **problems(400, 403)},
        tags=["scoring"],
    )
    def get(self, request: Request) -> Response:
        """The client's own, newest first. One that was answered a moment ago may follow within a second."""
        client = client_of(request)
        asked = query_parameters(request, "account_id", "reference", "model", "outcome", "source")
        _refuse_unknown_choices(asked)
        if "model" in asked:
            asked["model_version"] = asked.pop("model")
        rows, links = page_of(Prediction.objects.filter(client_id=client.client_id, **asked), request)
        explain = client.may("decisions:explain")
        beside = _decisions([row.transaction_id for row in rows if row.transaction_id])
        shown = [prediction_json(row, beside, explain=explain) for row in rows]
        return Response({**links, "results": shown})

    @extend_schema(
        operation_id="prediction_create",
        summary="Store up to 1,000 scores made elsewhere",
        request=PredictionsIn,
        examples=PREDICTIONS_EXAMPLES,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: PredictionsStoredOut, **problems(400, 403, 409, 413, 422)},
        tags=["scoring"],
    )
    def post(self, request: Request) -> Response:
        """They are kept to be compared with what is decided here, and decide nothing. All of them, or none."""
        client, key, now = client_of(request), idempotency_key(request), timezone.now()
        body = PredictionsIn.model_validate(json_object(request))
        items = external_predictions(body.items, now=now)

        def work(_: UUID) -> tuple[int, dict[str, Any]]:
            ids = external_predictions_store(client=client, items=items, now=now)
            return 201, {"results": [{"id": public_id("prd", each)} for each in ids]}

        content = body.model_dump(mode="json")
        operation = "predictions"
        return answer(
            operation_once(client=client, key=key, operation=operation, content=content, now=now, work=work)
        )


def prediction_json(row: Prediction, beside: Mapping[UUID, Decision], *, explain: bool) -> dict[str, Any]:
    shown = {
        "id": row.public_id,
        "source": row.source,
        "account_id": row.account_id,
        "reference": row.reference,
        "amount": _amount_text(row),
        "currency": row.currency,
        "outcome": row.outcome,
        "livemode": row.livemode,
        "recorded_at": rfc3339(row.recorded_at),
    }
    versions = {"ruleset": row.ruleset_version, "policy": row.policy_version, "model": row.model_version}
    scores = {"fraud_probability": row.fraud_probability, "score_percentile": row.score_percentile}
    if row.source == Prediction.Source.OWN:
        return {**shown, **scores, "versions": versions} if explain else shown
    decision = beside.get(row.transaction_id) if row.transaction_id else None
    return {
        **shown,
        **scores,  # the client told them itself
        "versions": versions,
        "occurred_at": rfc3339(row.occurred_at) if row.occurred_at else None,
        "transaction_id": public_id("txn", row.transaction_id) if row.transaction_id else None,
        "decision": _decision_json(decision, explain=explain) if decision else None,
    }


def _amount_text(row: Prediction) -> str:
    if row.currency == NO_CURRENCY:
        return amount_text(row.amount_minor)
    return format_amount(row.amount_minor, row.currency)


def _decisions(ids: list[UUID]) -> dict[UUID, Decision]:
    if not ids:
        return {}
    found = Decision.objects.only("outcome", "fraud_probability", "score_percentile", "model_version")
    return {decision.pk: decision for decision in found.filter(pk__in=ids)}


def _decision_json(decision: Decision, *, explain: bool) -> dict[str, Any]:
    if not explain:
        return {"outcome": decision.outcome}
    return {
        "outcome": decision.outcome,
        "fraud_probability": decision.fraud_probability,
        "score_percentile": decision.score_percentile,
        "model": decision.model_version,
    }


def _refuse_unknown_choices(asked: Mapping[str, str]) -> None:
    errors = [
        FieldError(name, "not_a_choice", f"One of {', '.join(choices)}.")
        for name, choices in CHOICES.items()
        if name in asked and asked[name] not in choices
    ]
    if errors:
        raise InvalidRequest(errors[0].message, errors=errors)
