"""Bodies and answers of webhook endpoints, deliveries and events."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from sentinel.api.fields import Moment, Schema, text
from webhooks.domain.answers import Result

Url = Annotated[str, text(500)]
EventTypes = Annotated[list[Annotated[str, text(50)]], Field(max_length=50)]
HeaderMap = Annotated[
    dict[str, str], Field(max_length=10, description="Sent with each delivery, such as a token of yours.")
]
Description = Annotated[str, Field(max_length=200)]
MerchantId = Annotated[
    str, Field(max_length=100, description="Only events of this merchant's payments. Empty: of all.")
]
Concurrency = Annotated[int, Field(ge=1, le=32, description="Deliveries under way at once.")]
_TYPES_WORDS = "Empty: all that tell of transactions. Events of the bank's own system have to be named."


class EndpointIn(Schema):
    url: Url = Field(description="https, on a public host. http only on loopback, in development.")
    description: Description = ""
    event_types: EventTypes = Field(default_factory=list, description=_TYPES_WORDS)
    merchant_id: MerchantId = ""
    headers: HeaderMap = Field(default_factory=dict)
    concurrency_max: Concurrency = 8


class EndpointChangeIn(Schema):
    """What is left out stays as it is."""

    url: Url | None = None
    description: Description | None = None
    event_types: EventTypes | None = Field(None, description=_TYPES_WORDS)
    merchant_id: MerchantId | None = None
    headers: HeaderMap | None = None
    concurrency_max: Concurrency | None = None


class EmptyIn(Schema):
    """Nothing to say."""


class RecoverIn(Schema):
    since: Moment


class HealthOut(BaseModel):
    """Attempts of the last 24 hours; deliveries that wait or are dead now."""

    attempts: int
    success_share: float | None
    duration_ms_p95: int | None
    waiting: int
    oldest_waiting_seconds: int | None
    dead: int


class EndpointOut(BaseModel):
    id: str = Field(examples=["we_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])
    url: str
    description: str
    event_types: list[str]
    merchant_id: str
    header_names: list[str] = Field(description="Names only: values may be tokens.")
    concurrency_max: int
    state: Literal["active", "paused", "disabled"]
    state_reason: str
    failing_since: str | None
    created_at: str
    health: HealthOut


class EndpointMadeOut(EndpointOut):
    secret: str | None = Field(description="Shown this once. Null when the request was repeated: rotate it if lost.")


class EndpointListOut(BaseModel):
    results: list[EndpointOut]


class SecretOut(BaseModel):
    id: str
    secret: str | None = Field(description="Shown this once. Null when the request was repeated: rotate it if lost.")
    old_secret_until: str


class CountOut(BaseModel):
    count: int = Field(description="Deliveries that will be sent.")


class AttemptOut(BaseModel):
    started_at: str
    duration_ms: int
    result: Result
    status_code: int | None
    words: str
    response_head: str


class DeliveryOut(BaseModel):
    id: str = Field(examples=["dlv_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])
    endpoint_id: str
    event_id: str
    event_type: str
    transaction_id: str | None
    state: Literal["waiting", "delivered", "dead"]
    attempts_made: int
    next_attempt_at: str | None
    created_at: str
    ended_at: str | None


class DeliveryWithAttemptsOut(DeliveryOut):
    body: dict[str, Any]
    attempts: list[AttemptOut]


class DeliveryPage(BaseModel):
    next: str | None
    previous: str | None
    results: list[DeliveryOut]


class ReplayIn(Schema):
    """Which deliveries are sent again. At least one of them."""

    endpoint_id: Annotated[str, text(35, r"^we_[0-9a-f]{32}$")] | None = None
    state: Literal["waiting", "delivered", "dead"] | None = None
    event_type: Annotated[str, text(50)] | None = None
    transaction_id: Annotated[str, text(36, r"^txn_[0-9a-f]{32}$")] | None = None
    event_id: Annotated[str, text(36, r"^evt_[0-9a-f]{32}$")] | None = None


class EventOut(BaseModel):
    """The same as the body of a delivery."""

    id: str = Field(examples=["evt_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])
    type: str
    version: int
    timestamp: str
    livemode: bool
    sequence: int | None = Field(description="Counts the events of one transaction from 1.")
    data: dict[str, Any]


class EventListOut(BaseModel):
    results: list[EventOut]
    last: str | None = Field(
        description="Send it as `after` to go on, also when nothing was new. Null: there has never been any."
    )
    has_more: bool
