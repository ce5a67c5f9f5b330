"""Facts rolled up by the hour and by the day, so that a page reads thousands of rows and not millions."""

from typing import ClassVar

from django.db import models


class Rollup(models.Model):
    """Payments that take money out, of one hour or day (UTC, by `occurred_at`), by one topic.

    A rule's key is the id of its version, and only hits with a say count; of scores it is the lower end of a
    twentieth. In each other topic every payment is in exactly one row.
    """

    class Grain(models.TextChoices):
        HOUR = "h"
        DAY = "d"

    class Topic(models.TextChoices):
        ALL = "all"
        CHANNEL = "channel"
        COUNTRY = "country"
        CATEGORY = "category"
        SCORE = "score"
        MODEL = "model"
        RULE = "rule"

    grain = models.CharField(max_length=1, choices=Grain)
    topic = models.CharField(max_length=10, choices=Topic)
    starts_at = models.DateTimeField()
    key = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    outcome_code = models.CharField(max_length=20)
    verdict = models.CharField(max_length=10, help_text="fraud, legitimate, or empty without a label.")
    payments = models.BigIntegerField()
    amount_minor = models.DecimalField(max_digits=30, decimal_places=0)
    reversed_minor = models.DecimalField(max_digits=30, decimal_places=0)
    livemode = models.BooleanField(db_default=True)

    class Meta:
        constraints: ClassVar = [
            # In the order in which a page reads it.
            models.UniqueConstraint(
                fields=("grain", "topic", "starts_at", "key", "currency", "outcome_code", "verdict", "livemode"),
                name="rollup_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payments} of {self.topic} {self.key} at {self.starts_at}"


class RollupDue(models.Model):
    """An hour whose facts have changed since it was rolled up."""

    hour = models.DateTimeField(primary_key=True)

    def __str__(self) -> str:
        return f"{self.hour}"


class FactMark(models.Model):
    """How far something has been read. The row of the decisions is the lock of whoever changes facts."""

    name = models.CharField(max_length=20, primary_key=True)
    next_id = models.UUIDField(help_text="What is read next begins here.")
    moved_at = models.DateTimeField(help_text="When the last run ended.")

    def __str__(self) -> str:
        return f"{self.name} from {self.next_id}"
