"""Data quality at intake: which fields may be missing, what of a refused request may be kept, and when a share
stands far off what is usual for a client. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from operator import attrgetter
from typing import Any

from ledger.domain.payments import PaymentRequest
from sentinel.core.card_numbers import contains_card_number
from sentinel.core.errors import FieldError

# Optional fields on the wire, and where a request has them. Those of a merchant are asked of purchases only.
OPTIONAL = {
    "reference": "reference",
    "channel": "channel",
    "merchant.name": "merchant_name",
    "merchant.category_code": "merchant_category",
    "merchant.country": "merchant_country",
    "card": "card_token",
    "device.id": "device_id",
    "device.ip": "ip_address",
    "device.user_agent": "user_agent",
    "location.country": "location_country",
    "location.city": "location_city",
    "location.latitude": "latitude",
    "metadata": "metadata",
}
OF_MERCHANTS = frozenset(name for name in OPTIONAL if name.startswith("merchant."))
REQUIRED = (
    "account_id",
    "amount",
    "currency",
    "transaction_type",
    "occurred_at",
    "merchant",
    "merchant.id",
    "counterparty_account_id",
    "card.token",
    "card.bin",
    "card.last4",
    "device",
    "location",
    "location.longitude",
    "idempotency_key",
    "body",
)
KNOWN_FIELDS = frozenset({*OPTIONAL, *REQUIRED})
# What a client may call a field is without end; all that we do not know are counted under this name.
OTHER_FIELD = "other"

_values_of = attrgetter(*OPTIONAL.values())
# Their values say nothing of a person.
_HARMLESS = frozenset(
    {
        "amount",
        "currency",
        "transaction_type",
        "channel",
        "occurred_at",
        "merchant.category_code",
        "merchant.country",
        "location.country",
    }
)
_PLAIN_NAME = re.compile(r"[a-z_]{1,40}(?:\.[a-z_]{1,40})?")
_SHOWN_MAX = 40


def presence(request: PaymentRequest) -> tuple[Any, ...]:
    """The type, and of each of OPTIONAL whether it is missing: what is counted, as a key."""
    return (request.transaction_type, *[value is None for value in _values_of(request)])


def missing_of(key: Sequence[Any]) -> list[str]:
    """The fields that a key of `presence` says are missing."""
    kind, *absent = key
    return [
        name
        for name, is_missing in zip(OPTIONAL, absent, strict=True)
        if is_missing and (kind == "purchase" or name not in OF_MERCHANTS)
    ]


def field_counted(name: str) -> str:
    return name if name in KNOWN_FIELDS else OTHER_FIELD


def faults_kept(errors: Sequence[FieldError], content: Any) -> list[dict[str, str]]:
    """What may be kept of a refused request: fields and codes, and what was sent where that is harmless.

    Of other values only their kind and length are told, of unknown names only those that are plain words.
    """
    return [
        {
            "field": each.field
            if each.field in KNOWN_FIELDS or _PLAIN_NAME.fullmatch(each.field)
            else f"({OTHER_FIELD})",
            "code": each.code,
            "sent": _sent(each.field, content),
        }
        for each in errors
    ]


def _sent(name: str, content: Any) -> str:
    value = content
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return ""
        value = value[part]
    if name in _HARMLESS and isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value)
        if len(text) <= _SHOWN_MAX and text.isprintable() and not contains_card_number(text):
            return text
    return _kind_of(value)


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return f"text of {len(value):,} characters"
    if isinstance(value, int | float):
        return "a number"
    return "an object" if isinstance(value, Mapping) else "a list"


# -- drift
USUAL_DAYS = 14
USUAL_DAYS_MIN = 3  # with enough requests to tell what is usual
DAY_REQUESTS_MIN = 50
TODAY_REQUESTS_MIN = 200
DIFFERENCE_MIN = 0.05
DEVIATIONS = 4
USUAL_SPAN = timedelta(days=USUAL_DAYS)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of all requests of a day."""

    some: int
    all: int

    @property
    def value(self) -> float:
        return min(self.some / self.all, 1.0) if self.all else 0.0


@dataclass(frozen=True, slots=True)
class Drift:
    """How a share of today stands to the usual one. `line`: from this distance on it is called drifting."""

    today: float
    usual: float
    line: float

    @property
    def is_drifting(self) -> bool:
        return abs(self.today - self.usual) > self.line

    @property
    def is_usual_again(self) -> bool:
        """Half the way back: what drifts does not open and close with every request."""
        return abs(self.today - self.usual) <= self.line / 2


def drift(today: Share, days: Sequence[Share]) -> Drift | None:
    """None while there are too few requests, today or in the days before, to say anything.

    The line is four deviations, and at least five points of the share. A deviation has two parts: how much the share
    of whole days wanders, and how much chance moves a share of today's few requests.
    """
    usual_days = [day for day in days if day.all >= DAY_REQUESTS_MIN]
    if today.all < TODAY_REQUESTS_MIN or len(usual_days) < USUAL_DAYS_MIN:
        return None
    requests = sum(day.all for day in usual_days)
    some = sum(min(day.some, day.all) for day in usual_days)
    usual = some / requests
    wandering = sum(day.all * (day.value - usual) ** 2 for day in usual_days) / requests
    cautious = (some + 1) / (requests + 2)  # never quite none, nor quite all
    chance = cautious * (1 - cautious) / today.all
    return Drift(today.value, usual, max(DIFFERENCE_MIN, DEVIATIONS * sqrt(wandering + chance)))
