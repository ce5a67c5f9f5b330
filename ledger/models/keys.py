"""Idempotency: one row per (client, key), so that a key is used once however often it is sent.

The rows are hash-partitioned by (client, key): PostgreSQL refuses a unique key across partitions by time.
"""

from django.db import models


class IdempotencyKey(models.Model):
    """A claimed key. `fingerprint` is SHA-256 over the operation and the normalised request.

    A void that arrives before its payment leaves a row without subject and with `voided_at`: the payment that
    claims it later is declined. That claim is the one change a row may see.
    """

    pk = models.CompositePrimaryKey("client_id", "key")
    client = models.ForeignKey("api.GatewayClient", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=255)
    operation = models.CharField(max_length=20)
    fingerprint = models.BinaryField(null=True)
    subject_id = models.UUIDField(null=True)
    voided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class OperationReceipt(models.Model):
    """What was answered to a reversal, void or label. A payment's receipt lies with its decision."""

    insert_only = True

    id = models.UUIDField(primary_key=True)
    status_code = models.SmallIntegerField()
    body = models.BinaryField()
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)
