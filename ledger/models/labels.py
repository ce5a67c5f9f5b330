from typing import ClassVar

from django.db import models


class Label(models.Model):
    """Confirmed fraud or legitimate, said by somebody at some moment. A correction is a new row."""

    insert_only = True

    class Source(models.TextChoices):
        CHARGEBACK = "chargeback"
        REVIEW = "review"
        CUSTOMER = "customer", "customer report"
        OTHER = "other"

    id = models.UUIDField(primary_key=True)
    transaction = models.ForeignKey(
        "ledger.Transaction", on_delete=models.PROTECT, related_name="labels", db_constraint=False
    )
    account = models.ForeignKey(
        "ledger.Account", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    is_fraud = models.BooleanField()
    source = models.CharField(max_length=20, choices=Source)
    actor = models.CharField(max_length=150)
    note = models.CharField(max_length=500, blank=True)
    observed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    own_clock = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Of replayed history: it was known when it was observed, whenever it was entered.",
    )

    class Meta:
        ordering = ("-id",)
        # Read by: telling Redis what was said since the last time.
        indexes: ClassVar = [models.Index(fields=["recorded_at"], name="ledger_label_recorded")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("transaction", "source", "is_fraud", "observed_at"), name="ledger_label_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{'fraud' if self.is_fraud else 'legitimate'} ({self.source})"
