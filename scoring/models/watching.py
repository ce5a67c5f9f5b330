"""How models fare: what is counted of their days, and what was made of it. Work tables, counted by a task.

Decisions, challengers' scores and labels stay the truth. Only live payments that were scored are counted.
"""

from dataclasses import fields
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from scoring.domain.watch import Day, DayCounts
from scoring.models.registry import ModelVersion


class ScoredDay(models.Model):
    """Where the payments that occurred on a day, UTC, lie in the record: a replay enters old ones now."""

    day = models.DateField(primary_key=True)
    first_id = models.UUIDField()
    last_id = models.UUIDField()
    is_counted = models.BooleanField(default=False, help_text="With every payment that was found so far.")

    class Meta:
        ordering = ("day",)

    def __str__(self) -> str:
        return str(self.day)


class ModelDay(models.Model):
    """What a model scored of the payments that occurred on one day, UTC: as the champion or beside it.

    An *alert* is a payment that the policy which decided it reviews or declines by this model's scores, whatever the
    rules said. Labels are those known by now; of a payment that nobody labelled the truth is known once it has
    matured, if it went through.
    """

    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="days")
    day = models.DateField()
    payments = models.BigIntegerField(default=0, help_text="Live payments it scored.")
    alerts = models.BigIntegerField(default=0)
    forest_alerts = models.BigIntegerField(default=0, help_text="Alerts that the probability alone did not give.")
    reviewed = models.BigIntegerField(default=0, help_text="Alerts that a reviewer said something of.")
    reviewed_frauds = models.BigIntegerField(default=0, help_text="Of these, what proved to be fraud.")
    due = models.BigIntegerField(default=0, help_text="Payments old enough for their truth to be known.")
    matured = models.BigIntegerField(default=0, help_text="Of these, those whose truth is known.")
    frauds = models.BigIntegerField(default=0, help_text="Confirmed fraud among all it scored.")
    alert_frauds = models.BigIntegerField(default=0, help_text="Confirmed fraud among its alerts.")
    forest_frauds = models.BigIntegerField(default=0, help_text="Confirmed fraud among the forest's alerts.")
    calibration: Any = models.JSONField(
        default=list,
        help_text="Of matured alerts by tenth of the probability: how many, the sums of p and of p (1 - p), frauds.",
    )
    spreads: Any = models.JSONField(
        default=dict,
        help_text="By input and score: payments in each bin of the training rows, and last those without a value. "
        "Empty on a day that more than one model decided, and where the model decided nothing.",
    )

    class Meta:
        ordering = ("-day",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("model", "day"), name="model_day_once"),
            models.CheckConstraint(
                name="model_day_parts",
                condition=Q(alerts__lte=F("payments"))
                & Q(forest_alerts__lte=F("alerts"))
                & Q(reviewed__lte=F("alerts"))
                & Q(reviewed_frauds__lte=F("reviewed"))
                & Q(due__lte=F("payments"))
                & Q(matured__lte=F("due"))
                & Q(forest_frauds__lte=F("alert_frauds"))
                & Q(alert_frauds__lte=F("frauds")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} on {self.day}"

    @property
    def figures(self) -> Day:
        counts = DayCounts(**{each.name: getattr(self, each.name) for each in fields(DayCounts)})
        return Day(self.day, counts, self.spreads)


class ModelReading(models.Model):
    """A figure of a champion beside its band, as it was read last."""

    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="readings")
    code = models.CharField(max_length=100)
    value = models.FloatField(null=True, help_text="Nothing where there is too little to measure.")
    low = models.FloatField()
    high = models.FloatField()
    words = models.CharField(max_length=300)
    day = models.DateField(help_text="The last day that it tells of.")
    out_since = models.DateField(null=True, help_text="Out of its band since this day.")
    read_at = models.DateTimeField()

    class Meta:
        ordering = ("code",)
        constraints: ClassVar = [models.UniqueConstraint(fields=("model", "code"), name="model_reading_once")]

    def __str__(self) -> str:
        return f"{self.code} of {self.model}"
