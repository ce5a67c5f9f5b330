"""Bodies and answers of the ledger's endpoints."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from sentinel.api.fields import Amount, Country, Currency, Moment, Schema, ShortText, SignedAmount, Zone, text

TransactionId = Annotated[str, text(36, r"^txn_[0-9a-f]{32}$")]


class AccountIn(Schema):
    currency: Currency
    home_country: Country
    home_zone: Zone | None = None
    name: ShortText | None = None
    risk: Literal["low", "normal", "high"] | None = None
    floor: SignedAmount | None = Field(
        None, description="The least that may be available; negative for a credit line."
    )
    daily_limit: Amount | None = Field(
        None, description="Largest sum paid out in one day at home. Null takes the limit away, absent keeps it."
    )
    opened_at: Moment | None = None
    opening_balance: Amount | None = Field(None, description="Money brought along; only when the account is made.")


class AccountOut(BaseModel):
    id: str
    currency: str
    home_country: str
    home_zone: str
    name: str
    status: Literal["active", "frozen", "closed"]
    risk: str
    floor: str
    daily_limit: str | None
    opened_at: str
    livemode: bool


class BalanceOut(BaseModel):
    account_id: str
    currency: str
    posted: str
    held: str
    available: str


class FreezeIn(Schema):
    frozen: bool = Field(True, description="False thaws the account.")
    reason: Annotated[str, text(200)]


class ReversalIn(Schema):
    amount: Amount | None = Field(None, description="All that is left when absent.")
    reason: Annotated[str, text(200)] | None = None


class ReversalOut(BaseModel):
    id: str
    transaction_id: str
    status: Literal["partly_reversed", "reversed"]
    amount: str
    currency: str
    left: str
    entry_id: str
    recorded_at: str


class VoidIn(Schema):
    idempotency_key: Annotated[str, text(255)] = Field(description="The key the payment was sent with.")
    reason: Annotated[str, text(200)] | None = None


class VoidOut(BaseModel):
    id: str
    idempotency_key: str
    transaction_id: str | None
    status: str
    recorded_at: str


class LabelIn(Schema):
    transaction_id: TransactionId
    label: Literal["fraud", "legitimate"]
    source: Literal["chargeback", "review", "customer", "other"]
    observed_at: Moment | None = Field(None, description="When it became known; now when left out.")
    note: Annotated[str, text(500)] | None = None


class LabelOut(BaseModel):
    id: str
    transaction_id: str
    label: Literal["fraud", "legitimate"]
    source: str
    observed_at: str
    recorded_at: str


class LabelPage(BaseModel):
    next: str | None
    previous: str | None
    results: list[LabelOut]


class ReasonOut(BaseModel):
    code: str
    words: str
    kind: Literal["rule", "model", "account", "funds", "policy", "system"]
    contribution: float | None = None


class VersionsOut(BaseModel):
    ruleset: int
    policy: int
    model: str | None
    features: int


class ReceiptBalanceOut(BaseModel):
    posted: str
    held: str
    available: str


class ReceiptOut(BaseModel):
    """What was answered. Scores, reasons and versions only with the scope decisions:explain."""

    id: str = Field(examples=["txn_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])
    outcome: Literal["approve", "review", "decline"]
    status: Literal["approved", "held", "declined"]
    response_code: str
    retryable: bool
    message: str
    fraud_probability: float | None = None
    score_percentile: float | None = None
    risk_level: Literal["low", "medium", "high"] | None = None
    reasons: list[ReasonOut] | None = None
    versions: VersionsOut | None = None
    degraded: list[str] | None = None
    amount: str
    currency: str
    transaction_type: str
    account_id: str
    reference: str | None
    entry_id: str | None
    balance: ReceiptBalanceOut
    occurred_at: str
    recorded_at: str


class CurrentOut(BaseModel):
    status: Literal["approved", "held", "declined", "expired", "partly_reversed", "reversed"]
    reversed: str


class TransactionOut(ReceiptOut):
    """The receipt, and what became of the payment since."""

    current: CurrentOut


class TransactionPage(BaseModel):
    next: str | None
    previous: str | None
    results: list[TransactionOut]
