from typing import ClassVar

from django.db import models
from django.db.models import Q

from ledger.domain.decision_times import BAND_MAX


class DecisionTime(models.Model):
    """How many payments of an hour, UTC, took so long to decide. A work table that web processes add to."""

    livemode = models.BooleanField()
    hour = models.DateTimeField()
    band = models.SmallIntegerField(help_text="Of time, as ledger/domain/decision_times.py has them.")
    payments = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            # In the order in which a page reads it.
            models.UniqueConstraint(fields=("livemode", "hour", "band"), name="ledger_decisiontime_once"),
            models.CheckConstraint(
                condition=Q(band__gte=0, band__lte=BAND_MAX, payments__gt=0), name="ledger_decisiontime_fits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payments} decisions of {self.hour}"
