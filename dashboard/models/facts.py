"""The facts: one row for each decision, and one for each rule that hit it. Work tables, made from the ledger.

Both are partitioned by month of the transaction's UUIDv7, as the ledger is, and can be made anew from it at any time.
There are no foreign keys: rows are joined to their dimensions as they are written.
"""

from typing import ClassVar

from django.db import models

from dashboard.models.dimensions import AccountDimension, MerchantDimension


class DecisionFact(models.Model):
    """A payment as it was decided, and what became of it since: review, label, reversals.

    Day and hour are those of `occurred_at`, UTC. The table has the key (transaction_id, account_id).
    """

    transaction_id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(
        AccountDimension, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    merchant = models.ForeignKey(
        MerchantDimension, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    day = models.DateField()
    hour = models.SmallIntegerField()
    outcome_code = models.CharField(max_length=20)
    model_version = models.CharField(max_length=60)
    transaction_type = models.CharField(max_length=20)
    channel = models.CharField(max_length=20)
    location_country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    reversed_minor = models.BigIntegerField()
    score_percentile = models.FloatField(null=True)
    fraud_probability = models.FloatField(null=True)
    is_degraded = models.BooleanField()
    is_fraud = models.BooleanField(null=True, help_text="The label that counts; empty without one.")
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=150)
    livemode = models.BooleanField(db_default=True)

    class Meta:
        ordering = ("-occurred_at",)
        verbose_name = "decision"
        permissions: ClassVar = [
            ("view_dashboard", "Can see the dashboard"),
            ("export_facts", "Can export decisions as a file"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome_code} {self.transaction_id}"


class RuleFact(models.Model):
    """A version of a rule hit a payment, with or without a say. The table has the key (transaction_id, version)."""

    transaction_id = models.UUIDField(primary_key=True)
    version = models.IntegerField()
    had_a_say = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.version} hit {self.transaction_id}"


class SharedValue(models.Model):
    """A payment named this card, device, IP address or merchant. Read by dashboard.selectors.shared, which compares
    the value itself too. The table has the key (value_hash, transaction_id).
    """

    transaction_id = models.UUIDField(primary_key=True)
    value_hash = models.BigIntegerField()
    account_id = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"something of {self.transaction_id}"
