"""Events: what the outside is told. Written with the change they tell of; delivered later by the webhooks app."""

from django.db import models


class Event(models.Model):
    """A fact for subscribers. `sequence` numbers the events of one transaction from 1."""

    insert_only = True

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey("ledger.Account", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    transaction_id = models.UUIDField()
    client = models.ForeignKey("api.GatewayClient", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    type = models.CharField(max_length=50)
    sequence = models.SmallIntegerField()
    payload = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.type} {self.transaction_id}"


class BankEvent(models.Model):
    """A fact about the bank's own system (an alarm, a case), not about what a payment of a client became.

    Told to those clients only that may read alerts. `subject` names what it is about, the same each time.
    """

    insert_only = True

    id = models.UUIDField(primary_key=True)
    type = models.CharField(max_length=50)
    subject = models.CharField(max_length=200)
    payload = models.JSONField()
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"


class OutboxPending(models.Model):
    """An event, of either kind, that was not handed out yet. Made with the event, deleted at fan-out."""

    event_id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.event_id)
