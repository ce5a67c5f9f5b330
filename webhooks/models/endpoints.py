"""Where a gateway client wants to be told, and the secrets that sign what it is told."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from sentinel.core.ids import public_id, uuid7


class EndpointState(models.TextChoices):
    """Paused: events gather and wait. Disabled: none are gathered; "recover since" brings them later."""

    ACTIVE = "active", "active"
    PAUSED = "paused", "paused"
    DISABLED = "disabled", "disabled"
    DELETED = "deleted", "deleted"


class Endpoint(models.Model):
    """`event_types` empty: all that tell of transactions. `merchant_id` set: only what is about that merchant."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey("api.GatewayClient", on_delete=models.PROTECT, related_name="endpoints")
    url = models.CharField("URL", max_length=500)
    description = models.CharField(max_length=200, blank=True)
    event_types = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    merchant_id = models.CharField(max_length=100, blank=True)
    headers = models.JSONField(default=dict, blank=True, help_text="Sent with each delivery.")
    concurrency_max = models.PositiveSmallIntegerField(default=8, help_text="Deliveries under way at once.")
    state = models.CharField(max_length=10, choices=EndpointState, default=EndpointState.ACTIVE)
    state_reason = models.CharField(max_length=200, blank=True)
    failing_since = models.DateTimeField(null=True, editable=False, help_text="No delivery has arrived since.")
    wait_until = models.DateTimeField(null=True, editable=False, help_text="The receiver asked for patience.")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.CheckConstraint(
                name="webhooks_endpoint_concurrency", condition=Q(concurrency_max__gte=1, concurrency_max__lte=32)
            ),
        ]

    def __str__(self) -> str:
        return self.description or self.url

    @property
    def public_id(self) -> str:
        return public_id("we", self.id)


class EndpointSecret(models.Model):
    """A `whsec_…` secret, encrypted. `expires_at` is set when a newer one takes over: until then both sign."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="secrets")
    encrypted = models.BinaryField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("endpoint",), condition=Q(expires_at__isnull=True), name="webhooks_secret_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"secret of {self.endpoint_id} since {self.created_at}"
