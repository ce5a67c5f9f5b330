"""What is sent to whom, and each try. Work tables: a delivery is forgotten some weeks after its event."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from sentinel.core.ids import public_id, uuid7
from webhooks.models.endpoints import Endpoint


class DeliveryState(models.TextChoices):
    """Dead: no further try is made, until somebody replays it."""

    WAITING = "waiting", "waiting"
    DELIVERED = "delivered", "delivered"
    DEAD = "dead", "dead"


class Delivery(models.Model):
    """One event for one endpoint. `body` is what is sent, each time the same bytes under the same event id.

    Three moments steer it. `next_attempt_at`: when it is due. `woken_until`: a message to the workers is on its way,
    and is sent again when it has not been followed by then. `lease_until`: a worker is at it; when the worker is
    lost, another one takes over after that. `claims` counts workers that took it since the last try that had a
    result: a delivery that kills its worker does not do so for ever.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=50)
    transaction_id = models.UUIDField(null=True)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts_made = models.PositiveSmallIntegerField(default=0, help_text="Since it was last put in the queue.")
    next_attempt_at = models.DateTimeField()
    woken_until = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    claims = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("endpoint", "event_id"), name="webhooks_delivery_once"),
            models.CheckConstraint(
                name="webhooks_delivery_ends",
                condition=Q(state="waiting", ended_at__isnull=True)
                | (~Q(state="waiting") & Q(ended_at__isnull=False)),
            ),
        ]
        indexes: ClassVar = [
            # Read by: the relay, which wakes the workers for what is due.
            models.Index("endpoint", "next_attempt_at", condition=Q(state="waiting"), name="webhooks_delivery_due"),
            # Read by: the same, which counts what is under way.
            models.Index(
                "endpoint",
                condition=Q(state="waiting") & (Q(woken_until__isnull=False) | Q(lease_until__isnull=False)),
                name="webhooks_delivery_under_way",
            ),
            # Read by: the log, newest first, and its dead letters.
            models.Index("endpoint", F("id").desc(), name="webhooks_delivery_log"),
            models.Index(F("id").desc(), condition=Q(state="dead"), name="webhooks_delivery_dead"),
            # Read by: the page of a transaction.
            models.Index("transaction_id", name="webhooks_delivery_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} to {self.endpoint_id}"

    @property
    def public_id(self) -> str:
        return public_id("dlv", self.id)


class Attempt(models.Model):
    """One try: what was answered, or why nothing was. `result` is stable, for machines."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    result = models.CharField(max_length=30)
    status_code = models.PositiveSmallIntegerField(null=True)
    words = models.CharField(max_length=300, blank=True)
    response_head = models.TextField(blank=True, help_text="Headers and the first characters of the answer.")

    class Meta:
        ordering = ("id",)
        # Read by: the health line of an endpoint.
        indexes: ClassVar = [models.Index(fields=("endpoint", "started_at"), name="webhooks_attempt_recent")]

    def __str__(self) -> str:
        return f"{self.result} at {self.started_at}"
