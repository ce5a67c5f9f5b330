"""Reading transactions, giving money back, and labels."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.schemas import (
    LabelIn,
    LabelOut,
    LabelPage,
    ReversalIn,
    ReversalOut,
    TransactionOut,
    TransactionPage,
    VoidIn,
    VoidOut,
)
from ledger.domain.receipts import rfc3339
from ledger.errors import TransactionUnknown
from ledger.models import IdempotencyKey, Label, Transaction
from ledger.selectors.accounts import account_for
from ledger.selectors.transactions import receipts_with_state
from ledger.services.labels import label_attach
from ledger.services.operations import Reply, operation_once
from ledger.services.reversals import payment_void, reversal_make
from sentinel.api.documentation import IDEMPOTENCY_KEY, PAGE_PARAMETERS, problems
from sentinel.api.idempotency import idempotency_key, read_key
from sentinel.api.pagination import page_of, query_parameters
from sentinel.api.views import ApiView, client_of, json_object
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.ids import parse_public_id, public_id
from sentinel.core.money import AmountError, parse_amount

OUTCOMES = ("approve", "review", "decline")

HISTORY_PARAMETERS = (
    OpenApiParameter("account_id", str),
    OpenApiParameter("idempotency_key", str, description="The payment sent with this key."),
    OpenApiParameter("reference", str, description="The gateway's own id."),
    OpenApiParameter("outcome", str, enum=OUTCOMES),
    *PAGE_PARAMETERS,
)


class TransactionView(ApiView):
    scopes = {"GET": "transactions:read"}

    @extend_schema(
        operation_id="transaction_read",
        summary="Read a transaction",
        responses={200: TransactionOut, **problems(404)},
        tags=["transactions"],
    )
    def get(self, request: Request, transaction_id: str) -> Response:
        """The receipt as it was answered, and under `current` what became of the payment since."""
        client = client_of(request)
        payment = payment_of(client, transaction_id)
        return Response(receipts_with_state([payment], explain=client.may("decisions:explain"))[0])


class AccountTransactionsView(ApiView):
    scopes = {"GET": "transactions:read"}

    @extend_schema(
        operation_id="account_transactions",
        summary="List the transactions of an account",
        parameters=list(PAGE_PARAMETERS),
        responses={200: TransactionPage, **problems(400, 404)},
        tags=["accounts"],
    )
    def get(self, request: Request, account_id: str) -> Response:
        """The client's own payments of one account, newest first."""
        query_parameters(request)
        client = client_of(request)
        account = account_for(client, account_id)
        return Response(history_page(payments_of(client).filter(account=account), request))


class ReversalsView(ApiView):
    scopes = {"POST": "reversals:write"}

    @extend_schema(
        operation_id="reversal_create",
        summary="Give money back",
        request=ReversalIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: ReversalOut, **problems(400, 403, 404, 409, 422)},
        tags=["transactions"],
    )
    def post(self, request: Request, transaction_id: str) -> Response:
        """Gives back an approved payment, whole or in part, never more than is left of it."""
        client, key, now = client_of(request), idempotency_key(request), timezone.now()
        body = ReversalIn.model_validate(json_object(request))
        payment = payment_of(client, transaction_id)
        amount_minor = _reversal_amount(body, payment.currency)

        def work(reversal_id: UUID) -> tuple[int, dict[str, Any]]:
            return 201, reversal_make(
                payment=payment,
                amount_minor=amount_minor,
                reason=body.reason or "",
                actor=client.name,
                reversal_id=reversal_id,
                now=now,
            )

        content = {"transaction_id": transaction_id, "amount_minor": amount_minor, "reason": body.reason}
        return answer(
            operation_once(client=client, key=key, operation="reversal", content=content, now=now, work=work)
        )


class VoidView(ApiView):
    scopes = {"POST": "transactions:write"}

    @extend_schema(
        operation_id="transaction_void",
        summary="Void a payment by its key",
        request=VoidIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: VoidOut, **problems(400, 403, 409, 422)},
        tags=["transactions"],
    )
    def post(self, request: Request) -> Response:
        """After a time-out: makes sure the payment sent with that key takes no money, whether it arrived or not."""
        client, key, now = client_of(request), idempotency_key(request), timezone.now()
        body = VoidIn.model_validate(json_object(request))
        payment_key = read_key(body.idempotency_key, "idempotency_key")
        if payment_key == key:
            words = "The void needs a key of its own in the header."
            raise InvalidRequest(words, errors=[FieldError("idempotency_key", "same_key", words)])

        def work(reversal_id: UUID) -> tuple[int, dict[str, Any]]:
            return 200, payment_void(
                client=client, payment_key=payment_key, reversal_id=reversal_id, reason=body.reason or "", now=now
            )

        content = {"idempotency_key": payment_key, "reason": body.reason}
        return answer(operation_once(client=client, key=key, operation="void", content=content, now=now, work=work))


class LabelsView(ApiView):
    scopes = {"GET": "labels:read", "POST": "labels:write"}

    @extend_schema(
        operation_id="label_list",
        summary="List labels",
        parameters=[OpenApiParameter("transaction_id", str), *PAGE_PARAMETERS],
        responses={200: LabelPage, **problems(400, 403)},
        tags=["labels"],
    )
    def get(self, request: Request) -> Response:
        """Confirmed outcomes of the client's own payments, newest first."""
        filters = query_parameters(request, "transaction_id")
        labels = Label.objects.filter(transaction__client_id=client_of(request).client_id)
        if (text := filters.get("transaction_id")) is not None:
            labels = labels.filter(transaction_id=_transaction_id(text, "transaction_id"))
        rows, links = page_of(labels, request)
        return Response({**links, "results": [label_json(label) for label in rows]})

    @extend_schema(
        operation_id="label_create",
        summary="Say what a payment turned out to be",
        request=LabelIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: LabelOut, **problems(400, 403, 404, 409, 422)},
        tags=["labels"],
    )
    def post(self, request: Request) -> Response:
        """Confirmed fraud or legitimate: a chargeback, a customer report. A correction is another label.

        What the same source has said already, and not taken back, is refused with 409. A label counts from the later
        of `observed_at` and its entry; from a client with the scope `transactions:backdate`, from `observed_at`.
        """
        client, key, now = client_of(request), idempotency_key(request), timezone.now()
        body = LabelIn.model_validate(json_object(request))
        try:
            payment = payment_of(client, body.transaction_id)
        except TransactionUnknown as error:
            unknown = FieldError("transaction_id", "unknown", "No transaction of yours has this id.")
            raise TransactionUnknown(errors=[unknown]) from error

        def work(label_id: UUID) -> tuple[int, dict[str, Any]]:
            label = label_attach(
                payment=payment,
                is_fraud=body.label == "fraud",
                source=body.source,
                observed_at=body.observed_at or now,
                actor=client.name,
                label_id=label_id,
                note=body.note or "",
                own_clock=client.may("transactions:backdate"),
                now=now,
            )
            return 201, label_json(label)

        content = body.model_dump(mode="json")
        return answer(operation_once(client=client, key=key, operation="label", content=content, now=now, work=work))


def payments_of(client: ClientIdentity) -> QuerySet[Transaction]:
    """The client's own payments, with their decisions."""
    return Transaction.objects.select_related("decision").filter(client_id=client.client_id)


def payment_of(client: ClientIdentity, public: str) -> Transaction:
    """Errors: TransactionUnknown, also for somebody else's."""
    transaction_id = parse_public_id("txn", public)
    payment = payments_of(client).filter(pk=transaction_id).first() if transaction_id else None
    if payment is None:
        raise TransactionUnknown
    return payment


def history_filtered(client: ClientIdentity, filters: dict[str, str]) -> QuerySet[Transaction]:
    payments = payments_of(client)
    if (outcome := filters.pop("outcome", None)) is not None:
        if outcome not in OUTCOMES:
            raise InvalidRequest(errors=[FieldError("outcome", "not_a_choice", f"One of {', '.join(OUTCOMES)}.")])
        payments = payments.filter(decision__outcome=outcome)
    if (key := filters.pop("idempotency_key", None)) is not None:
        key = read_key(key, "idempotency_key")
        used = IdempotencyKey.objects.filter(client_id=client.client_id, key=key, operation="payment").first()
        payments = payments.filter(pk=used.subject_id) if used and used.subject_id else payments.none()
    return payments.filter(**filters)


def history_page(payments: QuerySet[Transaction], request: Request) -> dict[str, Any]:
    rows, links = page_of(payments, request)
    return {**links, "results": receipts_with_state(rows, explain=client_of(request).may("decisions:explain"))}


def answer(reply: Reply) -> Response:
    headers = {"Idempotent-Replayed": "true"} if reply.replayed else None
    return Response(reply.body, reply.status_code, headers=headers)


def label_json(label: Label) -> dict[str, Any]:
    return {
        "id": public_id("lbl", label.id),
        "transaction_id": public_id("txn", label.transaction_id),
        "label": "fraud" if label.is_fraud else "legitimate",
        "source": label.source,
        "observed_at": rfc3339(label.observed_at),
        "recorded_at": rfc3339(label.recorded_at),
    }


def _transaction_id(text: str, name: str) -> UUID:
    found = parse_public_id("txn", text)
    if found is None:
        raise InvalidRequest(errors=[FieldError(name, "wrong_format", "Send an id such as txn_….")])
    return found


def _reversal_amount(body: ReversalIn, currency: str) -> int | None:
    if body.amount is None:
        return None
    try:
        amount_minor = parse_amount(body.amount, currency)
    except AmountError as error:
        raise InvalidRequest(str(error), errors=[FieldError("amount", error.code, str(error))]) from None
    if amount_minor == 0:
        words = "The amount must be more than zero."
        raise InvalidRequest(words, errors=[FieldError("amount", "out_of_range", words)])
    return amount_minor
