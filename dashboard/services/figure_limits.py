"""Limits that people set for figures of the system, in the place of those of the settings."""

from datetime import datetime
from math import isfinite

from django.db import transaction

from dashboard.domain.system_figures import FIGURES
from dashboard.models import FigureLimit
from ledger.services.audit import audit_record
from sentinel.core.errors import FieldError, InvalidRequest

MINUTES_MAX = 60


@transaction.atomic
def figure_limit_set(*, actor: str, figure: str, limit: float | None, minutes: int, now: datetime) -> FigureLimit:
    """`limit` None: the figure alarms nobody. Errors: InvalidRequest."""
    errors = []
    if figure not in FIGURES:
        errors.append(FieldError("figure", "unknown", "Choose one of the figures."))
    if limit is not None and not (isfinite(limit) and limit > 0):
        errors.append(FieldError("limit", "out_of_range", "A number above 0, or nothing for no alarm."))
    if not 1 <= minutes <= MINUTES_MAX:
        errors.append(FieldError("minutes", "out_of_range", f"From 1 to {MINUTES_MAX}."))
    if errors:
        raise InvalidRequest(" ".join(f"{each.field}: {each.message}" for each in errors), errors=errors)
    before = FigureLimit.objects.filter(pk=figure).first()
    row, _ = FigureLimit.objects.update_or_create(
        figure=figure, defaults={"limit": limit, "minutes": minutes, "changed_by": actor, "changed_at": now}
    )
    details = {
        "limit": [before.limit if before else None, limit],
        "minutes": [before.minutes if before else None, minutes],
    }
    audit_record(actor=actor, action="figure_limit.set", subject=f"limit {figure}", details=details, now=now)
    return row


@transaction.atomic
def figure_limit_forget(*, actor: str, limit: FigureLimit, now: datetime) -> None:
    """What the settings say holds again."""
    details = {"limit": [limit.limit, None]}
    audit_record(
        actor=actor, action="figure_limit.forgotten", subject=f"limit {limit.figure}", details=details, now=now
    )
    limit.delete()
