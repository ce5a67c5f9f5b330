"""What operators say of reviews: terms, and rates of currencies. A change is a new row."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from ledger.models import ReportingRate, ReviewTerms
from ledger.services.audit import audit_record
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.money import EXPONENTS

_RATE_MICRO_MAX = 10**15
_LOCK_MINUTES_MAX, _CAP_MAX, _UNDO_SECONDS_MAX = 240, 1000, 600


@dataclass(frozen=True, slots=True)
class Terms:
    due_minutes: int
    urgent_percentile: float
    urgent_due_minutes: int
    lock_minutes: int = 10
    open_cap_per_reviewer: int = 20
    undo_seconds: int = 10


@transaction.atomic
def review_terms_set(*, terms: Terms, actor: str, now: datetime) -> ReviewTerms:
    """They hold for cases opened from now on, and for locks and verdicts at once. Errors: InvalidRequest."""
    _refuse(_outside(terms))
    row = ReviewTerms.objects.create(**asdict(terms), author=actor, recorded_at=now)
    audit_record(actor=actor, action="review_terms.set", subject="reviews", details=asdict(terms), now=now)
    return row


@transaction.atomic
def reporting_rate_set(*, currency: str, from_day: date, rate_micro: int, actor: str, now: datetime) -> ReportingRate:
    """One unit of the currency is worth so many millionths of the reporting currency from that day on, until the day
    of the next rate. Errors: InvalidRequest.
    """
    _refuse(_wrong_rate(currency, rate_micro))
    told = {"reporting_currency": settings.REPORTING_CURRENCY, "currency": currency, "rate_micro": rate_micro}
    row = ReportingRate.objects.create(**told, from_day=from_day, author=actor, recorded_at=now)
    details = {**told, "from_day": from_day.isoformat()}
    audit_record(actor=actor, action="reporting_rate.set", subject=f"currency:{currency}", details=details, now=now)
    return row


def _outside(terms: Terms) -> list[FieldError]:
    expire_minutes = settings.HOLD_DAYS * 24 * 60
    bounds = {
        "urgent_percentile": (0, 1),
        "urgent_due_minutes": (1, terms.due_minutes),
        "due_minutes": (1, expire_minutes),  # later the hold has expired
        "lock_minutes": (1, _LOCK_MINUTES_MAX),
        "open_cap_per_reviewer": (1, _CAP_MAX),
        "undo_seconds": (0, _UNDO_SECONDS_MAX),
    }
    return [
        FieldError(name, "out_of_range", f"{name} lies between {least} and {most}.")
        for name, (least, most) in bounds.items()
        if not least <= getattr(terms, name) <= most
    ]


def _wrong_rate(currency: str, rate_micro: int) -> list[FieldError]:
    if currency not in EXPONENTS:
        return [FieldError("currency", "unknown_currency", f"{currency!r} is not an ISO 4217 currency code in use.")]
    if currency == settings.REPORTING_CURRENCY:
        return [FieldError("currency", "reporting_currency", f"{currency} is what is reported in: its rate is one.")]
    if not 0 < rate_micro <= _RATE_MICRO_MAX:
        words = f"A rate is a whole number of millionths between 1 and {_RATE_MICRO_MAX}."
        return [FieldError("rate_micro", "out_of_range", words)]
    return []


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise InvalidRequest(errors[0].message, errors=errors)
