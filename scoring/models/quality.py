"""Data quality at intake: counts by client and day, what stands far off, and the last refused requests.

Work tables: web processes add to the counts, a task opens and closes findings, and all of it is forgotten in time.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from sentinel.api.models import GatewayClient


class QualityCount(models.Model):
    """How many requests of a client had something on a day, UTC."""

    class Kind(models.TextChoices):
        RECEIVED = "received"  # read without a fault; the field is the transaction type
        MISSING = "missing"  # of those received, without this optional field
        TURNED_AWAY = "turned_away"  # refused, for whatever reason
        REFUSED = "refused"  # of those turned away, by field and code
        REPLAYED = "replayed"  # of those received, sent again with their key
        SAME_REFERENCE = "same_reference"  # recorded, under another key, with a reference of the week before

    client = models.ForeignKey(GatewayClient, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    kind = models.CharField(max_length=20, choices=Kind)
    field = models.CharField(max_length=60, blank=True)
    code = models.CharField(max_length=60, blank=True)
    requests = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            # In the order in which a page reads it.
            models.UniqueConstraint(fields=("client", "day", "kind", "field", "code"), name="quality_count_once"),
            models.CheckConstraint(condition=Q(requests__gt=0), name="quality_count_positive"),
        ]
        # Read by: a page of all clients, and whoever forgets.
        indexes: ClassVar = [models.Index(fields=("day",), name="quality_count_day")]

    def __str__(self) -> str:
        return f"{self.requests} {self.kind} {self.field} {self.code}".strip()


class QualityFinding(models.Model):
    """A share that stood far off what is usual for the client. Open until it is usual again."""

    client = models.ForeignKey(GatewayClient, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=QualityCount.Kind)
    field = models.CharField(max_length=60, blank=True)
    share = models.FloatField(help_text="When it was found.")
    usual_share = models.FloatField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-opened_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("client", "kind", "field"), condition=Q(closed_at=None), name="quality_finding_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.field}".strip()


class RefusedRequest(models.Model):
    """One of a client's last refused requests, without what is personal: fields, codes, and harmless values."""

    id = models.UUIDField(primary_key=True)
    client = models.ForeignKey(GatewayClient, on_delete=models.PROTECT, related_name="+", db_index=False)
    refused_at = models.DateTimeField()
    route = models.CharField(max_length=20)
    status_code = models.SmallIntegerField()
    code = models.CharField(max_length=60)
    faults = models.JSONField(help_text="Field, code and what was sent, where that is harmless.")

    class Meta:
        ordering = ("-id",)
        # Read by: the page of a client, newest first; whoever forgets.
        indexes: ClassVar = [models.Index(fields=("client", "-id"), name="refused_request_of_client")]

    def __str__(self) -> str:
        return f"{self.code} of {self.client_id}"
