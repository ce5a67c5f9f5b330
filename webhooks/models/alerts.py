"""Who wants to hear of what by e-mail, and what was written to them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from sentinel.core.ids import public_id, uuid7


class AlertAbout(models.TextChoices):
    PAYMENTS = "payments", "payments as they are decided"
    REPORTS = "reports", "fraud that clients report"
    MODELS = "models", "alarms of models"
    SYSTEM = "system", "alarms of rules and of the system"


class AlertSubscription(models.Model):
    """One person's wish. Conditions on payments all hold together; those left empty are not asked."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_subscriptions")
    about = models.CharField(max_length=10, choices=AlertAbout)
    outcomes = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    probability_min = models.FloatField(null=True, blank=True, help_text="Fraud probability, from 0 to 1.")
    percentile_min = models.FloatField(null=True, blank=True, help_text="Score percentile, from 0 to 1.")
    amount_min_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    rule = models.ForeignKey("rules.Rule", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    window_minutes = models.PositiveIntegerField(default=60, help_text="At most one mail per subject in this time.")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        verbose_name = "subscription"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="webhooks_alert_shares",
                condition=(Q(probability_min__isnull=True) | Q(probability_min__gte=0, probability_min__lte=1))
                & (Q(percentile_min__isnull=True) | Q(percentile_min__gte=0, percentile_min__lte=1)),
            ),
            models.CheckConstraint(
                name="webhooks_alert_money",
                condition=Q(amount_min_minor__isnull=True, currency="")
                | (Q(amount_min_minor__gte=0) & ~Q(currency="")),
            ),
            models.CheckConstraint(
                name="webhooks_alert_payments",
                condition=Q(about="payments")
                | Q(
                    outcomes=[],
                    probability_min__isnull=True,
                    percentile_min__isnull=True,
                    amount_min_minor__isnull=True,
                    rule__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="webhooks_alert_window", condition=Q(window_minutes__gte=1, window_minutes__lte=10_080)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} on {self.get_about_display()}"


class NotificationState(models.TextChoices):
    WAITING = "waiting", "waiting"
    SENT = "sent", "sent"
    FAILED = "failed", "failed"


class Notification(models.Model):
    """One mail to one person about one subject. What happens to the subject until `window_ends_at` is counted in it.

    `facts` are what the mail says, frozen: nothing personal. `lease_until`: a worker is writing it. `told` of the
    occurrences were in its mail, and `untold_before` were in none: the mail of the window before was out already.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subscription = models.ForeignKey(AlertSubscription, on_delete=models.CASCADE, related_name="notifications")
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=50)
    subject = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    facts = models.JSONField(default=dict)
    occurrences = models.PositiveIntegerField(default=1)
    told = models.PositiveIntegerField(default=0, editable=False)
    untold_before = models.PositiveIntegerField(default=0, editable=False)
    state = models.CharField(max_length=10, choices=NotificationState, default=NotificationState.WAITING)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    window_ends_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar = [
            models.CheckConstraint(name="webhooks_notification_told", condition=Q(told__lte=F("occurrences"))),
            # What comes before the mail is out is counted in it.
            models.UniqueConstraint(
                fields=("subscription", "subject"),
                condition=Q(state="waiting"),
                name="webhooks_notification_one_waiting",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=("next_attempt_at",), condition=Q(state="waiting"), name="webhooks_notification_due"),
            # Read by: whether a subject was written of within its window.
            models.Index("subscription", "subject", F("window_ends_at").desc(), name="webhooks_notification_window"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def public_id(self) -> str:
        return public_id("ntf", self.id)

    @property
    def untold(self) -> int:
        """How many are counted here that no mail told of."""
        return self.occurrences - self.told + (0 if self.told else self.untold_before)
