from typing import ClassVar

from django.db import models


class ImportedTransaction(models.Model):
    """A transaction of the bank's past: decided elsewhere, recorded under the bank's own id, once."""

    insert_only = True

    transaction = models.OneToOneField(
        "ledger.Transaction", primary_key=True, on_delete=models.PROTECT, related_name="imported", db_constraint=False
    )
    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    client = models.ForeignKey(
        "api.GatewayClient", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    reference = models.CharField(max_length=200, help_text="The bank's own id.")
    fingerprint = models.BinaryField(help_text="Of the row: the same id never stands for another one.")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("client", "reference"), name="imported_transaction_once"),
        ]

    def __str__(self) -> str:
        return self.reference
