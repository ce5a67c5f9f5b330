"""What was scored without being recorded, and by what. Insert-only; the decision path appends with plain SQL."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F

from sentinel.api.models import GatewayClient
from sentinel.core.ids import public_id


class Prediction(models.Model):
    insert_only = True

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
    outcome = models.CharField(max_length=10)
    fraud_probability = models.FloatField(null=True)
    score_percentile = models.FloatField(null=True)
    ruleset_version = models.IntegerField()
    policy_version = models.IntegerField()
    model_version = models.CharField(max_length=60, null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        # Read by: what a model said in a span of time; what a client was told, newest first.
        indexes: ClassVar = [
            BrinIndex(fields=("recorded_at",), name="prediction_recorded"),
            models.Index(F("client"), F("id").desc(), name="prediction_of_client"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id("prd", self.id)
