"""Payments that nobody suspects and somebody looks at all the same. Work tables: what was found out is a label."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class SampledReview(models.Model):
    """A review without a hold, of an approved payment chosen by chance. No verdict moves money.

    `inclusion_probability` is that with which any approved payment of its time was chosen: figures about all of them
    weigh this one by its inverse.
    """

    transaction = models.OneToOneField(
        "ledger.Transaction", primary_key=True, on_delete=models.PROTECT, related_name="sample", db_constraint=False
    )
    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+")
    per_mille = models.PositiveSmallIntegerField(help_text="The share in force when it was chosen.")
    inclusion_probability = models.FloatField()
    chosen_at = models.DateTimeField()
    is_fraud = models.BooleanField(null=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("chosen_at",)
        verbose_name = "sampled review"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="ledger_sample_share",
                condition=Q(inclusion_probability__gt=0, inclusion_probability__lte=1),
            ),
            models.CheckConstraint(
                name="ledger_sample_decided_whole",
                condition=Q(is_fraud__isnull=True, decided_at__isnull=True, decided_by="")
                | (Q(is_fraud__isnull=False, decided_at__isnull=False) & ~Q(decided_by="")),
            ),
        ]
        # Read by: the list of those nobody has decided yet.
        indexes: ClassVar = [
            models.Index(fields=("chosen_at",), condition=Q(decided_at__isnull=True), name="ledger_sample_open"),
        ]

    def __str__(self) -> str:
        return f"sample {self.transaction_id}"


class RecordMark(models.Model):
    """How far a task has read the record. Its row is the lock of whoever reads on."""

    name = models.CharField(max_length=20, primary_key=True)
    read_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} until {self.read_until}"
