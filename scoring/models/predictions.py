"""What was scored without being recorded, and by what. Insert-only; the decision path appends with plain SQL.

Beside our own lie scores that were made elsewhere (`source`), which clients send to be compared and which decide
nothing: they have no versions of ours, and may have no outcome.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from sentinel.api.models import GatewayClient
from sentinel.core.ids import public_id


class Prediction(models.Model):
    insert_only = True

    class Source(models.TextChoices):
        OWN = "own"
        EXTERNAL = "external"

    id = models.UUIDField(primary_key=True)  # UUIDv7: in the order of time
    # No constraint: checking it for each row would cost more than storing the row.
    client = models.ForeignKey(
        GatewayClient, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    livemode = models.BooleanField()
    account_id = models.CharField(max_length=64)  # as sent; there need not be such an account
    reference = models.CharField(max_length=200, null=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    outcome = models.CharField(max_length=10, null=True)
    fraud_probability = models.FloatField(null=True)
    score_percentile = models.FloatField(null=True)
    ruleset_version = models.IntegerField(null=True)
    policy_version = models.IntegerField(null=True)
    model_version = models.CharField(max_length=60, null=True)
    recorded_at = models.DateTimeField()
    # The decision path leaves these three out.
    source = models.CharField(max_length=10, choices=Source, db_default=Source.OWN)
    transaction_id = models.UUIDField(null=True)  # of the client's own payment, which lies in a partition
    occurred_at = models.DateTimeField(null=True)

    class Meta:
        # Read by: what a model said in a span of time; what a client was told, newest first.
        indexes: ClassVar = [
            BrinIndex(fields=("recorded_at",), name="prediction_recorded"),
            models.Index(F("client"), F("id").desc(), name="prediction_of_client"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="prediction_says_who_made_it",
                condition=Q(
                    source="own",
                    outcome__isnull=False,
                    ruleset_version__isnull=False,
                    policy_version__isnull=False,
                    transaction_id__isnull=True,
                )
                | Q(
                    source="external",
                    model_version__isnull=False,
                    ruleset_version__isnull=True,
                    policy_version__isnull=True,
                    occurred_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="prediction_external_has_score",
                condition=Q(source="own") | Q(fraud_probability__isnull=False) | Q(score_percentile__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id("prd", self.id)
