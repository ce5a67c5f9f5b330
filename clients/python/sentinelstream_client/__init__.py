"""The client of SentinelStream."""

from sentinelstream_client.client import SentinelStream
from sentinelstream_client.errors import BadSignature, OutcomeUnknown, Problem
from sentinelstream_client.shapes import (
    Balance,
    Event,
    ExternalPrediction,
    MobilePayment,
    Payment,
    Receipt,
    ScoredPayment,
)
from sentinelstream_client.webhooks import webhook_event

__all__ = [
    "BadSignature",
    "Balance",
    "Event",
    "ExternalPrediction",
    "MobilePayment",
    "OutcomeUnknown",
    "Payment",
    "Problem",
    "Receipt",
    "ScoredPayment",
    "SentinelStream",
    "webhook_event",
]
