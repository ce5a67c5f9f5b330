"""Verdicts that wait to be applied."""

from datetime import datetime
from typing import Any

from django.db.models import Subquery

from ledger.models import PendingVerdict


def verdicts_undoable(*, user: Any, now: datetime) -> list[PendingVerdict]:
    """What the person said last and can still take back: one verdict, or those given together."""
    own = PendingVerdict.objects.filter(actor=user.pk, error="", apply_at__gt=now)
    latest = own.order_by("-given_at").values("given_at")[:1]
    return list(own.filter(given_at=Subquery(latest)).select_related("case").order_by("pk"))
