"""Transactions, their decisions, and the personal details kept apart from both. All insert-only but the details.

The tables are partitioned by month of the UUIDv7 id and have the primary key (id, account_id), which is also how
Citus would distribute them; Django is told of the id alone, since its Admin cannot handle composite keys.
"""

from datetime import date
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ledger.domain.booking import Leg, payment_legs
from ledger.domain.payments import TransactionType
from sentinel.core.emails import email_domain
from sentinel.core.ids import public_id


class Transaction(models.Model):
    """One payment request as recorded. `seq` numbers the payments of its account from 1, without gaps."""

    insert_only = True

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="transactions")
    seq = models.BigIntegerField()
    client = models.ForeignKey("api.GatewayClient", on_delete=models.PROTECT, related_name="+")
    livemode = models.BooleanField()
    transaction_type = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=200, null=True)
    channel = models.CharField(max_length=20, null=True)
    merchant_id = models.CharField(max_length=100, null=True)
    merchant_name = models.CharField(max_length=200, null=True)
    merchant_category = models.CharField(max_length=4, null=True)
    merchant_country = models.CharField(max_length=2, null=True)
    counterparty_account = models.ForeignKey("ledger.Account", null=True, on_delete=models.PROTECT, related_name="+")
    location_country = models.CharField(max_length=2, null=True)
    occurred_at = models.DateTimeField(help_text="The gateway's word.")
    recorded_at = models.DateTimeField(help_text="Ours.")
    detail_commitment = models.BinaryField(help_text="SHA-256 over the salted personal details.")

    class Meta:
        ordering = ("-id",)
        permissions: ClassVar = [("reverse_transaction", "Can give money back")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id("txn", self.id)

    @property
    def local_day(self) -> date:
        """The day of the payment in the account's home zone, which daily limits go by."""
        return self.occurred_at.astimezone(ZoneInfo(self.account.home_zone)).date()

    @property
    def account_ids(self) -> list[str]:
        """The customer accounts the payment touches: whose balances are locked to change anything about it."""
        return [self.account_id, *filter(None, [self.counterparty_account_id])]

    @property
    def legs(self) -> tuple[Leg, Leg]:
        """How the payment moves, or would move, its whole amount."""
        return payment_legs(
            TransactionType(self.transaction_type),
            account_id=self.account_id,
            counterparty_account_id=self.counterparty_account_id,
            currency=self.currency,
            amount_minor=self.amount_minor,
            livemode=self.livemode,
        )


class Decision(models.Model):
    """Outcome, reasons, versions, score and feature snapshot of one transaction; the receipt as it was answered."""

    insert_only = True

    transaction = models.OneToOneField(
        Transaction, primary_key=True, on_delete=models.PROTECT, related_name="decision", db_constraint=False
    )
    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    outcome = models.CharField(max_length=10)
    status = models.CharField(max_length=10, help_text="What the payment became at once: approved, held or declined.")
    fraud_probability = models.FloatField(null=True)
    score_percentile = models.FloatField(null=True)
    reasons = models.JSONField()
    ruleset_version = models.IntegerField()
    policy_version = models.IntegerField()
    model_version = models.CharField(max_length=60, null=True)
    catalogue_version = models.SmallIntegerField()
    snapshot = models.BinaryField()
    degraded = ArrayField(models.CharField(max_length=40))
    receipt = models.BinaryField()
    recorded_at = models.DateTimeField()
    # Ids of rule versions. Silent hits had no say: of rules in shadow, outside a canary's share, or snoozed.
    rule_hits = ArrayField(models.IntegerField(), default=list, db_default=[])
    silent_hits = ArrayField(models.IntegerField(), default=list, db_default=[])
    failed_rules = ArrayField(models.IntegerField(), default=list, db_default=[])

    def __str__(self) -> str:
        return f"{self.outcome} {self.transaction_id}"


class PersonalDetail(models.Model):
    """Who, where and on what device. Erasing a person deletes this row and its salt; the commitment stays behind."""

    transaction = models.OneToOneField(
        Transaction, primary_key=True, on_delete=models.PROTECT, related_name="personal_detail", db_constraint=False
    )
    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    salt = models.BinaryField()
    card_token = models.CharField(max_length=100, null=True)
    card_bin = models.CharField(max_length=8, null=True)
    card_last4 = models.CharField(max_length=4, null=True)
    device_id = models.CharField(max_length=100, null=True)
    ip_address = models.CharField(max_length=45, null=True)
    user_agent = models.CharField(max_length=500, null=True)
    location_city = models.CharField(max_length=100, null=True)
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    metadata = models.JSONField(null=True)

    class Meta:
        # Whoever may view the details sees them masked.
        permissions: ClassVar = [("reveal_personaldetail", "Can see personal details in full, for a reason")]

    @property
    def email_domain(self) -> str | None:
        """Of the address that the gateway may have sent in the metadata."""
        return email_domain(self.metadata)

    def __str__(self) -> str:
        return f"details of {self.transaction_id}"
