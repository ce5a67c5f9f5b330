"""Double entry: entries of balanced postings, holds and how they ended, reversals. All insert-only.

The database enforces: an entry comes with all its postings, which sum to zero per currency (statement triggers on
both); one resolution per hold; reversals never exceed the amount of an approved transaction.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models


class Entry(models.Model):
    """One accounting event of a customer account. An opening entry has no transaction."""

    insert_only = True

    class Kind(models.TextChoices):
        OPENING = "opening"
        PAYMENT = "payment"
        REVERSAL = "reversal"

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(
        "ledger.Account", on_delete=models.PROTECT, related_name="entries", db_constraint=False
    )
    transaction_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=10, choices=Kind)
    legs = models.SmallIntegerField()
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Posting(models.Model):
    """One leg of an entry: exactly one of debit and credit is positive. Credits raise a customer's balance.

    `account` is the customer account the entry belongs to (how rows are distributed), `ledger_account` the account
    whose balance this leg changes.
    """

    insert_only = True

    pk = models.CompositePrimaryKey("entry_id", "account_id", "leg")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings", db_constraint=False)
    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    leg = models.SmallIntegerField()
    ledger_account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="postings")
    debit_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints: ClassVar = []

    def __str__(self) -> str:
        side = f"debit {self.debit_minor}" if self.debit_minor else f"credit {self.credit_minor}"
        return f"{side} {self.currency} {self.ledger_account_id}"


class Hold(models.Model):
    """A review that is open: the money is kept back until somebody decides or the hold expires.

    A held top-up reserves nothing: the money comes in only when it is approved.
    """

    insert_only = True

    transaction = models.OneToOneField(
        "ledger.Transaction", primary_key=True, on_delete=models.PROTECT, related_name="hold", db_constraint=False
    )
    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="holds", db_constraint=False)
    amount_minor = models.BigIntegerField()
    reserved_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    recorded_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = "review"  # what people call it; the row is the money that is kept back
        permissions: ClassVar = [("resolve_hold", "Can approve, decline and expire reviews")]

    def __str__(self) -> str:
        return f"hold {self.transaction_id}"


class HoldResolution(models.Model):
    """How a hold ended; a hold ends once."""

    insert_only = True

    class Resolution(models.TextChoices):
        APPROVED = "approved"
        DECLINED = "declined"
        EXPIRED = "expired"
        VOIDED = "voided"

    hold = models.OneToOneField(Hold, primary_key=True, on_delete=models.PROTECT, related_name="resolution")
    resolution = models.CharField(max_length=10, choices=Resolution)
    actor = models.CharField(max_length=150)
    note = models.CharField(max_length=500, blank=True)
    entry_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        # Read by: the seal, which looks for the newest.
        indexes: ClassVar = [BrinIndex(fields=("recorded_at",), name="ledger_resolution_recorded")]

    def __str__(self) -> str:
        return f"{self.resolution} by {self.actor}"


class Reversal(models.Model):
    """Money given back, in part or whole."""

    insert_only = True

    id = models.UUIDField(primary_key=True)
    transaction = models.ForeignKey(
        "ledger.Transaction", on_delete=models.PROTECT, related_name="reversals", db_constraint=False
    )
    account = models.ForeignKey(
        "ledger.Account", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=150)
    entry_id = models.UUIDField()
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"reversal of {self.transaction_id}"
