"""What the analytics answer, for the OpenAPI document. Each figure is defined in docs/figures.md."""

from pydantic import BaseModel, Field


class PeriodOut(BaseModel):
    """Whole hours or days, UTC; `to` is the first moment after it."""

    from_: str = Field(alias="from")
    to: str
    step: str = Field(description="`hour` up to 48 hours, else `day`.")


class AnalyticsOut(BaseModel):
    """`updated_at`: when figures were last read from the record; null before the first time."""

    period: PeriodOut
    currency: str | None
    updated_at: str | None


class AmountOut(BaseModel):
    payments: int
    amount: str


class MoneyOut(BaseModel):
    currency: str
    approved: AmountOut
    blocked: AmountOut
    held: AmountOut
    fraud_lost: AmountOut
    good_customers_stopped: AmountOut


class MomentOut(BaseModel):
    at: str
    payments: int
    approved: int
    reviewed: int
    declined_for_risk: int
    declined_for_account: int
    fraud: int
    fraud_caught: int
    fraud_approved: int


class TrendsOut(AnalyticsOut):
    results: list[MomentOut]
    money: list[MoneyOut]


class TallyOut(BaseModel):
    """Shares lie between 0 and 1; `caught_share` is of the confirmed fraud, null without any."""

    payments: int
    stopped: int
    declined: int
    fraud: int
    fraud_caught: int
    good_customers_stopped: int
    stopped_share: float
    fraud_share: float
    caught_share: float | None


class BandOut(TallyOut):
    """Payments of a twentieth of the score percentile, from `score_from` to before `score_to`."""

    score_from: str
    score_to: str


class RiskOut(AnalyticsOut):
    results: list[BandOut]
    without_score: TallyOut


class NamedOut(TallyOut):
    """`name` is empty where payments say nothing of it."""

    name: str


class HourOut(BaseModel):
    weekday: int = Field(description="1 is Monday.")
    hour: int
    payments: int
    fraud: int


class PatternsOut(AnalyticsOut):
    by_hour: list[HourOut]
    by_channel: list[NamedOut]
    by_country: list[NamedOut]
    by_category: list[NamedOut]


class ModelOut(TallyOut):
    """`model_version` is empty for payments that no model scored."""

    model_version: str
    kind: str


class ModelsOut(AnalyticsOut):
    results: list[ModelOut]
