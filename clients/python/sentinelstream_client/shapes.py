"""What is sent and answered. Answers may have more fields than are named here."""

from decimal import Decimal
from typing import Any, Literal, NotRequired, TypedDict

Outcome = Literal["approve", "review", "decline"]
TransactionType = Literal["purchase", "withdrawal", "transfer", "top_up"]
Amount = Decimal | str


class Merchant(TypedDict):
    id: str
    name: NotRequired[str]
    category_code: NotRequired[str]
    country: NotRequired[str]


class Card(TypedDict):
    token: str
    bin: NotRequired[str]
    last4: NotRequired[str]


class Device(TypedDict, total=False):
    id: str
    ip: str
    user_agent: str


class Location(TypedDict, total=False):
    country: str
    city: str
    latitude: float
    longitude: float


class Payment(TypedDict):
    account_id: str
    amount: Amount
    currency: str
    transaction_type: TransactionType
    reference: NotRequired[str]
    occurred_at: NotRequired[str]
    channel: NotRequired[str]
    merchant: NotRequired[Merchant]
    counterparty_account_id: NotRequired[str]
    card: NotRequired[Card]
    device: NotRequired[Device]
    location: NotRequired[Location]
    metadata: NotRequired[dict[str, str]]


class MobilePayment(TypedDict):
    """PaySim's shape of mobile money: `step` counts hours, balances are those before and after."""

    transaction_id: NotRequired[str]
    step: int
    type: Literal["PAYMENT", "TRANSFER", "CASH_OUT", "CASH_IN", "DEBIT"]
    amount: Amount
    nameOrig: str
    oldbalanceOrg: Amount
    newbalanceOrig: Amount
    nameDest: str
    oldbalanceDest: Amount
    newbalanceDest: Amount


class ExternalPrediction(TypedDict):
    """A score made elsewhere. Names its payment by `transaction_id` or `reference`, and has one score at least."""

    account_id: str
    amount: Amount
    currency: str
    occurred_at: str
    model: str
    transaction_id: NotRequired[str]
    reference: NotRequired[str]
    fraud_probability: NotRequired[float]
    score_percentile: NotRequired[float]
    outcome: NotRequired[Outcome]


class Balance(TypedDict):
    posted: str
    held: str
    available: str


class Receipt(TypedDict):
    """Scores, reasons and versions only with the scope `decisions:explain`; `current` only when it is read."""

    id: str
    outcome: Outcome
    status: str
    response_code: str
    retryable: bool
    message: str
    amount: str
    currency: str
    account_id: str
    balance: Balance
    occurred_at: str
    recorded_at: str
    fraud_probability: NotRequired[float | None]
    score_percentile: NotRequired[float | None]
    reasons: NotRequired[list[dict[str, Any]]]
    current: NotRequired[dict[str, str]]


class ScoredPayment(TypedDict):
    """`problem` in the place of an outcome when the payment could not be read."""

    status: int
    outcome: NotRequired[Outcome]
    fraud_probability: NotRequired[float | None]
    score_percentile: NotRequired[float | None]
    confidence: NotRequired[float | None]
    problem: NotRequired[dict[str, Any]]


class Event(TypedDict):
    """Twice is possible: keep the ids of the last days."""

    id: str
    type: str
    version: int
    timestamp: str
    livemode: bool
    sequence: NotRequired[int]
    data: dict[str, Any]
