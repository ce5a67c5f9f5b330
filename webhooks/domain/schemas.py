"""The shapes of events, for those who receive them. Version 1: a field may be added, none changes its meaning."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Status = Literal["approved", "held", "declined", "expired", "partly_reversed", "reversed"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="allow")  # what a later release adds


class TransactionData(_Data):
    """What became of a payment. Ask `GET transactions/{id}` for the whole receipt."""

    transaction_id: str = Field(pattern="^txn_[0-9a-f]{32}$")
    account_id: str
    amount: str = Field(description="The payment's, as a decimal string.")
    currency: str
    status: Status = Field(description="After this event.")
    reference: str | None = Field(description="The gateway's own name of the payment.")


class DecidedData(TransactionData):
    outcome: Literal["approve", "review", "decline"]


class ReversedData(TransactionData):
    reversed: str = Field(description="Given back by this reversal, as a decimal string.")


class AlarmData(_Data):
    subject: str = Field(description='What it is about, such as "model:2026-01-30.2"; the same each time.')
    kind: str = Field(description="Stable, for machines.")
    words: str = Field(description="What happened and what to do.")
    severity: Literal["info", "warning", "critical"] | None = Field(None, description="Of what a client raised.")
    client: str | None = Field(None, description="Who raised it, when a client did.")
    cases: int | None = Field(None, description="How many, when it is about cases.")


class CaseData(_Data):
    subject: str = Field(description="The transaction, as for an alarm.")
    transaction_id: str = Field(pattern="^txn_[0-9a-f]{32}$")
    kind: Literal["hold", "sample", "opened"] = Field(description="Why there is a case.")
    account_id: str | None = None
    due_at: str | None = Field(None, description="When it should have been decided.")
    assignee: str | None = Field(None, description="Who works on it now.")
    by: str | None = Field(None, description="Who did this.")
    verdict: Literal["approve", "decline", "fraud", "legitimate"] | None = None
    reason: str | None = Field(None, description="A stable code, of a verdict that has one.")


class ReportData(_Data):
    subject: str = Field(description="The transaction, as for an alarm.")
    transaction_id: str = Field(pattern="^txn_[0-9a-f]{32}$")
    severity: Literal["info", "warning", "critical"]
    words: str
    client: str = Field(description="Whose report it is.")


class TestData(_Data):
    words: str


class _Event(BaseModel):
    id: str = Field(pattern="^evt_[0-9a-f]{32}$", description="The same for each delivery of the event.")
    version: Literal[1]
    timestamp: str = Field(description="When it was recorded, RFC 3339 in UTC.")
    livemode: bool
    sequence: int | None = Field(description="Counts the events of one transaction from 1; null for all others.")


class TransactionDecided(_Event):
    type: Literal["transaction.approved", "transaction.declined", "transaction.review_opened"]
    data: DecidedData


class TransactionChanged(_Event):
    type: Literal["transaction.review_resolved", "transaction.expired", "transaction.voided"]
    data: TransactionData


class TransactionReversed(_Event):
    type: Literal["transaction.reversed"]
    data: ReversedData


class Alarm(_Event):
    type: Literal["model.alarm", "system.alert"]
    data: AlarmData


class CaseEvent(_Event):
    type: Literal["case.opened", "case.assigned", "case.escalated", "case.overdue", "case.decided"]
    data: CaseData


class FraudReported(_Event):
    type: Literal["fraud.alert"]
    data: ReportData


class EndpointTest(_Event):
    type: Literal["endpoint.test"]
    data: TestData


AnyEvent = Annotated[
    TransactionDecided | TransactionChanged | TransactionReversed | Alarm | CaseEvent | FraudReported | EndpointTest,
    Field(discriminator="type"),
]


def event_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of every event."""
    schema = TypeAdapter(AnyEvent).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "SentinelStream events", **schema}
