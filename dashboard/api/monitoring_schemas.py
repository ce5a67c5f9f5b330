"""What monitoring answers, for the OpenAPI document. Each figure is defined in docs/monitoring.md."""

from typing import Literal

from pydantic import BaseModel, Field


class FigureOut(BaseModel):
    """`subject`: of which machine, queue or service; empty of the whole. Without `limit` it alarms nobody."""

    name: str
    words: str
    subject: str
    value: float
    unit: str
    limit: float | None
    is_past_limit: bool
    at: str


class SystemOverviewOut(BaseModel):
    """`measured_at` is null, and `figures` empty, when nobody has measured in the last minutes."""

    state: Literal["healthy", "degraded", "unhealthy"]
    words: str
    services_down: list[str]
    alarms_open: int
    measured_at: str | None
    figures: list[FigureOut]


class ServiceOut(BaseModel):
    """Without a critical one no payment is decided."""

    name: str
    state: Literal["up", "down"]
    is_critical: bool
    latency_ms: float
    version: str | None = Field(description="What it is, or how it is; null when it does not answer.")


class ServicesOut(BaseModel):
    services: list[ServiceOut]


class PointOut(BaseModel):
    """The highest of the step; null where nobody has measured."""

    at: str
    value: float | None


class SeriesOut(BaseModel):
    subject: str
    points: list[PointOut]


class SystemMetricsOut(BaseModel):
    figure: str
    words: str
    unit: str
    limit: float | None
    from_: str = Field(alias="from")
    to: str
    step_seconds: int
    results: list[SeriesOut]


class SystemAlarmOut(BaseModel):
    id: str
    figure: str
    subject: str
    state: Literal["open", "closed"]
    words: str
    limit: float
    worst: float
    last: float
    unit: str
    opened_at: str
    closed_at: str | None


class SystemAlarmPage(BaseModel):
    next: str | None
    previous: str | None
    results: list[SystemAlarmOut]
